"""The pinhole camera that joins pixels and the world.

The world is Z-up, in metres, with the floor at z = 0. The camera frame is OpenCV's: +x right, +y down, +z forward.
``R_camera_world`` and ``t_camera_world`` carry world points to the camera: ``p_camera = R p_world + t``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Camera:
    """A calibrated (or assumed) static pinhole camera with lens distortion.

    Attributes:
        K: intrinsics (3, 3), pixels.
        image_size: (width, height), pixels.
        R_camera_world: rotation (3, 3), world to camera.
        t_camera_world: translation (3,), metres, world to camera.
        distortion: OpenCV's coefficients (k1, k2, p1, p2[, k3, ...]); empty for none.
        posed: True if the pose came from a calibration; False if gravity and floor are yet to be estimated, in which
            case the pose is a level camera at the origin.
    """

    K: np.ndarray
    image_size: tuple[int, int]
    R_camera_world: np.ndarray
    t_camera_world: np.ndarray
    distortion: np.ndarray = field(default_factory=lambda: np.zeros(0))
    posed: bool = False

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) in the camera's frame, metres."""
        return points @ self.R_camera_world.T + self.t_camera_world

    def project(self, points: np.ndarray) -> np.ndarray:
        """Undistorted pixels (..., 2) of world points (..., 3); NaN for points behind the camera."""
        p = self.to_camera(points)
        z = np.where(p[..., 2:] > 1e-6, p[..., 2:], np.nan)
        return (p[..., :2] / z) @ self.K[:2, :2].T + self.K[:2, 2]

    def undistort(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (..., 2) as seen by the same camera without lens distortion. NaN stays NaN."""
        if not self.distortion.any():
            return pixels
        import cv2

        flat = np.ascontiguousarray(pixels.reshape(-1, 1, 2), dtype=float)
        return cv2.undistortPoints(flat, self.K, self.distortion, P=self.K).reshape(pixels.shape)

    def with_pose(self, R_camera_world: np.ndarray, t_camera_world: np.ndarray) -> Camera:
        """This camera at another pose."""
        return replace(self, R_camera_world=R_camera_world, t_camera_world=t_camera_world, posed=True)


#: World axes (right, forward, up) seen from a level OpenCV camera that looks along world +y.
LEVEL = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
