"""The person as capsules: what the MJCF simulates is what is drawn, only rounder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.body import Anatomy
from motionrecon.body.points import Points
from motionrecon.body.pose import pose
from motionrecon.render.colours import of_side


@dataclass(frozen=True)
class Capsules:
    """G capsules; a sphere has equal ends.

    Attributes:
        ends: (G, 2, 3) world, metres.
        radii: (G, 2) metres, at each end.
        colours: (G, 3) RGB, 0 to 255.
    """

    ends: Float[np.ndarray, "G 2 3"]
    radii: Float[np.ndarray, "G 2"]
    colours: Float[np.ndarray, "G 3"]


class Shape:
    """What is drawn of a person, in any pose."""

    def __init__(self, body: Anatomy) -> None:
        self._body = body
        self._colours = np.array([of_side(name) for name in body.skin.names], float)

    def pose(self, qpos: Float[np.ndarray, " nq"]) -> Capsules:
        """The capsules where qpos puts them."""
        self._pose = pose(self._body.model, qpos[None])
        return Capsules(self._body.skin.at(self._pose)[0], self._body.skin.radii, self._colours)

    def positions(self, points: Points) -> Float[np.ndarray, "P 3"]:
        """World positions of points that ride on the body, in the pose given last."""
        return np.asarray(self._pose.at(points)[0])
