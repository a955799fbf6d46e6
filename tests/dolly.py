"""Another camera, for the tests: one that is carried along, with a pose for each frame."""

from dataclasses import dataclass, replace

import numpy as np

from motionrecon.cameras.base import NEAREST, Sight
from motionrecon.cameras.pinhole import Pinhole


@dataclass(frozen=True)
class Dolly:
    """A lens without distortion, and where it was in T frames (`motionrecon.cameras.base.Camera`)."""

    lens: Pinhole
    axes: np.ndarray
    eye: np.ndarray

    image_size = property(lambda self: self.lens.image_size)
    calibrated = property(lambda self: self.lens.calibrated)

    def at(self, frames: slice | np.ndarray) -> "Dolly":
        return replace(self, axes=self.axes[frames], eye=self.eye[frames])

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        return (points - self.eye[:, None]) @ self.axes.transpose(0, 2, 1)

    def to_world(self, points: np.ndarray) -> np.ndarray:
        return points @ self.axes + self.eye[:, None]

    def across(self, points: np.ndarray) -> Sight:
        there = self.to_camera(points)
        depth = np.maximum(there[..., 2], NEAREST)
        return Sight(there[..., :2] / depth[..., None], depth, self.axes)

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        return self.lens.rays(pixels)

    def project(self, points: np.ndarray) -> np.ndarray:
        return self.across(points).image @ self.lens.K[:2, :2].T + self.lens.K[:2, 2]

    def in_world(self, turn: np.ndarray, shift: np.ndarray) -> "Dolly":
        return replace(self, axes=self.axes @ turn.T, eye=self.eye @ turn.T + shift)
