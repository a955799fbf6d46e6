"""A camera of its own for each frame: who learns from a batch of frames learns from many places at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from motionrecon.cameras.base import NEAREST, Sight
from motionrecon.cameras.pinhole import Pinhole


@dataclass(frozen=True)
class Onlookers:
    """Cameras of T frames, each where it likes (`motionrecon.cameras.base.Camera`), with the same lens.

    Attributes:
        lens: a camera with their intrinsics and without distortion; where it stands does not matter.
        axes: (T, 3, 3) right, down and forward as rows in the world.
        eye: (T, 3) where they are, metres.
    """

    lens: Pinhole
    axes: Float[np.ndarray, "T 3 3"]
    eye: Float[np.ndarray, "T 3"]

    @property
    def image_size(self) -> tuple[int, int]:
        return self.lens.image_size

    @property
    def calibrated(self) -> bool:
        return True

    def at(self, frames: slice | Int[np.ndarray, " N"]) -> Onlookers:
        return replace(self, axes=self.axes[frames], eye=self.eye[frames])

    def to_camera(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 3"]:
        flat = points.reshape(len(points), -1, 3) - self.eye[:, None]
        return np.asarray((flat @ self.axes.transpose(0, 2, 1)).reshape(points.shape))

    def to_world(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 3"]:
        flat = points.reshape(len(points), -1, 3) @ self.axes + self.eye[:, None]
        return np.asarray(flat.reshape(points.shape))

    def across(self, points: Float[np.ndarray, "T P 3"]) -> Sight:
        there = self.to_camera(points)
        depth = np.maximum(there[..., 2], NEAREST)
        return Sight(there[..., :2] / depth[..., None], depth, self.axes)

    def rays(self, pixels: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        return self.lens.rays(pixels)

    def project(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 2"]:
        return self.lens.project(self.lens.to_world(self.to_camera(points)))

    def project_through_lens(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 2"]:
        return self.project(points)

    def undistort(self, pixels: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        return pixels

    def pixels_per_metre(self, depth: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        return self.lens.pixels_per_metre(depth)

    def in_world(self, turn: Float[np.ndarray, "3 3"], shift: Float[np.ndarray, " 3"]) -> Onlookers:
        return replace(self, axes=self.axes @ turn.T, eye=self.eye @ turn.T + shift)
