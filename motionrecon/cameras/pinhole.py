"""A pinhole camera that stands still.

``R_camera_world`` and ``t_camera_world`` carry world points to the camera's axes: ``p_camera = R p_world + t``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Int

from motionrecon.cameras.base import NEAREST, Sight

#: World axes (right, forward, up) seen from a level camera that looks along world +y.
LEVEL = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True)
class Uncertainty:
    """How well a camera's pose is known: standard deviations.

    Attributes:
        rotation: degrees, of the direction in which it looks.
        place: metres, of where it stands.
    """

    rotation: float
    place: float


@dataclass(frozen=True)
class Pinhole:
    """A static pinhole camera with lens distortion (`motionrecon.cameras.base.Camera`).

    Attributes:
        K: intrinsics (3, 3), pixels, without skew.
        image_size: (width, height), pixels.
        R_camera_world: rotation (3, 3), world to camera.
        t_camera_world: translation (3,), metres, world to camera.
        distortion: OpenCV's coefficients (k1, k2, p1, p2[, k3, ...]); empty for none.
        calibrated: True if the pose came from a calibration. False if gravity and the ground are or were estimated;
            before they are, the pose is a level camera at the origin.
    """

    K: Float[np.ndarray, "3 3"]
    image_size: tuple[int, int]
    R_camera_world: Float[np.ndarray, "3 3"]
    t_camera_world: Float[np.ndarray, " 3"]
    distortion: Float[np.ndarray, " n"] = field(default_factory=lambda: np.zeros(0))
    calibrated: bool = False

    @property
    def axes(self) -> Float[np.ndarray, "1 3 3"]:
        return self.R_camera_world[None]

    @property
    def eye(self) -> Float[np.ndarray, "1 3"]:
        return np.asarray(-(self.t_camera_world @ self.R_camera_world)[None])

    def at(self, frames: slice | Int[np.ndarray, " N"]) -> Pinhole:
        return self

    def to_camera(self, points: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 3"]:
        return np.asarray(points @ self.R_camera_world.T + self.t_camera_world)

    def to_world(self, points: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 3"]:
        return np.asarray((points - self.t_camera_world) @ self.R_camera_world)

    def across(self, points: Float[np.ndarray, "T P 3"]) -> Sight:
        in_camera = self.to_camera(points)
        depth = np.maximum(in_camera[..., 2], NEAREST)
        return Sight(in_camera[..., :2] / depth[..., None], depth, self.axes)

    def rays(self, pixels: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        return np.asarray((pixels - self.K[:2, 2]) / self.K[[0, 1], [0, 1]])

    def project(self, points: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 2"]:
        p = self.to_camera(points)
        z = np.where(p[..., 2:] > 1e-6, p[..., 2:], np.nan)
        return np.asarray((p[..., :2] / z) @ self.K[:2, :2].T + self.K[:2, 2])

    def project_through_lens(self, points: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 2"]:
        pixels = self.project(points)
        if not self.distortion.any():
            return pixels
        import cv2

        in_camera = self.to_camera(points).reshape(-1, 3)
        bent = cv2.projectPoints(in_camera, np.zeros(3), np.zeros(3), self.K, self.distortion)[0].reshape(pixels.shape)
        return np.where(np.isfinite(pixels), bent, np.nan)

    def undistort(self, pixels: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        if not self.distortion.any():
            return pixels
        import cv2

        flat = np.ascontiguousarray(pixels.reshape(-1, 1, 2), dtype=float)
        until = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-8)  # five steps, its default, leave pixels
        there = cv2.undistortPoints(flat, self.K, self.distortion, P=self.K, criteria=until)
        return np.asarray(there).reshape(pixels.shape)

    def pixels_per_metre(self, depth: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        return np.asarray(0.5 * (self.K[0, 0] + self.K[1, 1]) / depth)

    def in_world(self, turn: Float[np.ndarray, "3 3"], shift: Float[np.ndarray, " 3"]) -> Pinhole:
        R = self.R_camera_world @ turn.T
        return replace(self, R_camera_world=R, t_camera_world=self.t_camera_world - R @ shift)
