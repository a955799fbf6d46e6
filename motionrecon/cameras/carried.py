"""A camera that is carried past the ground: one that stands in a room, before a treadmill.

Who walks on a belt walks as on a floor, past which everything else is carried backward. So the world rides on the belt,
where mechanics are the same (Galileo), and the camera that stands in the room moves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from motionrecon.cameras.base import Camera, Sight


@dataclass(frozen=True)
class Carried:
    """Another camera, moved along a path of T frames (`motionrecon.cameras.base.Camera`).

    The first axis of what it is given is that of its frames.

    Attributes:
        start: the camera as if it were not carried.
        path: (T, 3) by how far it has been carried in each frame, metres, in the world.
    """

    start: Camera
    path: Float[np.ndarray, "T 3"]

    def __len__(self) -> int:
        return len(self.path)

    @property
    def image_size(self) -> tuple[int, int]:
        return self.start.image_size

    @property
    def calibrated(self) -> bool:
        return self.start.calibrated

    @property
    def axes(self) -> Float[np.ndarray, "T 3 3"]:
        return np.asarray(np.broadcast_to(self.start.axes, (len(self), 3, 3)))

    @property
    def eye(self) -> Float[np.ndarray, "T 3"]:
        return np.asarray(self.start.eye + self.path)

    def at(self, frames: slice | Int[np.ndarray, " N"]) -> Carried:
        return replace(self, start=self.start.at(frames), path=self.path[frames])

    def to_camera(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 3"]:
        return self.start.to_camera(self._moved(points, -1.0))

    def to_world(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 3"]:
        return self._moved(self.start.to_world(points), 1.0)

    def across(self, points: Float[np.ndarray, "T P 3"]) -> Sight:
        return self.start.across(self._moved(points, -1.0))

    def rays(self, pixels: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        return self.start.rays(pixels)

    def project(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 2"]:
        return self.start.project(self._moved(points, -1.0))

    def project_through_lens(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 2"]:
        return self.start.project_through_lens(self._moved(points, -1.0))

    def undistort(self, pixels: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        return self.start.undistort(pixels)

    def pixels_per_metre(self, depth: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        return self.start.pixels_per_metre(depth)

    def in_world(self, turn: Float[np.ndarray, "3 3"], shift: Float[np.ndarray, " 3"]) -> Carried:
        return Carried(self.start.in_world(turn, shift), self.path @ turn.T)

    def _moved(self, points: Float[np.ndarray, "T *P 3"], sign: float) -> Float[np.ndarray, "T *P 3"]:
        """Points that ride along with the camera, or, for -1, where they were when it had not been carried."""
        return np.asarray(points + sign * self.path.reshape(-1, *[1] * (points.ndim - 2), 3))


def velocity(path: Float[np.ndarray, "T 3"], fps: float) -> Float[np.ndarray, " 3"]:
    """How fast something is carried along a path on the whole, m/s; at least two frames."""
    return np.asarray((path[-1] - path[0]) * (fps / (len(path) - 1)))
