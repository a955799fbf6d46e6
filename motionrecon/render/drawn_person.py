"""The person as capsules: what the MJCF simulates is what is drawn, only rounder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.body import Anatomy
from motionrecon.body.pose import Pose
from motionrecon.render.colours import of_side


@dataclass(frozen=True)
class DrawnCapsules:
    """G capsules; a sphere has equal ends.

    Attributes:
        ends: (G, 2, 3) world, metres.
        radii: (G, 2) metres, at each end.
        colours: (G, 3) RGB, 0 to 255.
    """

    ends: Float[np.ndarray, "G 2 3"]
    radii: Float[np.ndarray, "G 2"]
    colours: Float[np.ndarray, "G 3"]


class DrawnPerson:
    """What is drawn of a person, in any pose."""

    def __init__(self, body: Anatomy) -> None:
        self._skin = body.skin
        self._colours = np.array([of_side(name) for name in self._skin.names], float).reshape(-1, 3)

    def at(self, pose: Pose) -> DrawnCapsules:
        """The capsules where a pose of one frame puts them."""
        return DrawnCapsules(self._skin.at(pose)[0], self._skin.radii, self._colours)
