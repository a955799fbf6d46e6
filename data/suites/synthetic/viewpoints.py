"""Where the camera stands: eight kinds of places from which people are filmed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.data.scene import look_at

#: The person stays this far, of the picture's size, from its edges.
_MARGIN = 0.03
#: Nobody is nearer to the camera than this, metres.
_NEAREST = 0.6


@dataclass(frozen=True)
class Viewpoint:
    """A kind of place.

    Attributes:
        azimuth: from where the person faces at first, to their left, degrees: 0 is in front of them.
        height: of the camera over the floor, metres.
        distance: from the middle of the person's way at least, metres; it stands back until all of it is seen.
        focal: focal length in lengths of the picture's longer side.
        roll: by which it is turned about its line of sight, degrees.
        upright: whether the picture is higher than wide.
    """

    azimuth: float
    height: float
    distance: float
    focal: float
    roll: float = 0.0
    upright: bool = False

    def camera(self, points: Float[np.ndarray, "T P 3"], heading: float) -> Pinhole:
        """The camera that has all points in its picture.

        Args:
            points: of the person, metres.
            heading: where they face at first, radians from x to y.
        """
        size = (720, 1280) if self.upright else (1280, 720)
        low, high = points.min((0, 1)), points.max((0, 1))
        middle, distance = (low + high) / 2, self.distance
        direction = heading + np.radians(self.azimuth)
        while True:
            away = distance * np.array([np.cos(direction), np.sin(direction)])
            eye = np.array([*(middle[:2] + away), self.height])
            camera = look_at(eye, middle, size, self.focal * max(size), np.radians(self.roll))
            inside = np.abs(camera.project(points) / size - 0.5) < 0.5 - _MARGIN
            if camera.to_camera(points)[..., 2].min() > _NEAREST and inside.all():
                return camera
            distance *= 1.05


#: Fields of view along the longer side: 65 degrees are assumed where nothing is known; these have 62 to 80, far 30.
VIEWPOINTS: dict[str, Viewpoint] = {
    "front": Viewpoint(15.0, 1.30, 3.2, 0.80),
    "side": Viewpoint(95.0, 1.10, 3.2, 0.78),
    "back": Viewpoint(160.0, 1.50, 3.4, 0.82),
    "high": Viewpoint(40.0, 2.90, 3.0, 0.75),
    "low": Viewpoint(-60.0, 0.35, 3.2, 0.78),
    "rolled": Viewpoint(-30.0, 1.40, 3.4, 0.80, roll=14.0),
    "near": Viewpoint(30.0, 1.55, 1.8, 0.60, upright=True),
    "far": Viewpoint(-75.0, 1.70, 7.0, 1.85),
}
