"""Another ground, for the tests: a floor with a step, and the person may stand on both."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace

import numpy as np

from motionrecon.ground.plane import Plane


@dataclass(frozen=True)
class Step:
    """The floor z = `height`, and where y > 0 a step of 15 cm on it (`motionrecon.ground.base.Ground`)."""

    height: float = 0.0
    rise: float = 0.15

    def gap(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        below = self.height + np.where(points[..., 1] > 0, self.rise, 0.0)
        return points[..., 2] - below, np.broadcast_to([0.0, 0.0, 1.0], points.shape)

    def raised(self, by: float) -> "Step":
        return replace(self, height=self.height + by)

    def add_to(self, world: ET.Element, contact: dict[str, str]) -> None:
        Plane(self.height).add_to(world, contact)
        half = 0.5 * self.rise
        place = {"pos": f"0 2 {self.height + half!r}", "size": f"4 2 {half!r}"}
        ET.SubElement(world, "geom", place | contact, name="step", type="box", contype="1", conaffinity="0")
