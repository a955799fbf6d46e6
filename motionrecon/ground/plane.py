"""A level floor."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Plane:
    """The plane z = `height`, metres (`motionrecon.ground.base.Ground`)."""

    height: float = 0.0

    def gap(self, points: Float[np.ndarray, "*any 3"]) -> tuple[Float[np.ndarray, "*any"], Float[np.ndarray, "*any 3"]]:
        return points[..., 2] - self.height, np.broadcast_to([0.0, 0.0, 1.0], points.shape)

    def raised(self, by: float) -> Plane:
        return Plane(self.height + by)

    def add_to(self, world: ET.Element, contact: dict[str, str]) -> None:
        shape = {"name": "floor", "type": "plane", "size": "0 0 1"}
        place = {"pos": f"0 0 {self.height!r}"} if self.height else {}
        touched = {"contype": "1", "conaffinity": "0", "rgba": "0.9 0.9 0.9 1"}
        ET.SubElement(world, "geom", shape | place | touched | contact)
