"""The simulated person, seen through the camera, does what the video shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.cameras.pinhole import Camera
from motionrecon.physics.windows.readout import Linear, Readout, cauchy, cauchy_with_jacobian


@dataclass(frozen=True)
class Reprojection:
    """Distance between landmark and keypoint, across the line of sight, in metres at the person's depth.

    Attributes:
        camera: where the video was taken from.
        pixels: (F, 33, 2) undistorted keypoints, NaN where unseen.
        weight: (F, 33) root weights.
        depth: (F,) distance of the person along the line of sight, metres: turns angles into metres.
        sigma: standard deviation of a confident keypoint, metres.
        scale: in standard deviations, where the robust cost bends, so that a left/right flip does not pull.
    """

    camera: Camera
    pixels: np.ndarray
    weight: np.ndarray
    depth: np.ndarray
    sigma: float
    scale: float = 2.0

    def _error(self, at: Readout) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        in_camera = self.camera.to_camera(at.marks)
        z = np.maximum(in_camera[..., 2:], 0.1)
        across = in_camera[..., :2] / z
        K = self.camera.K
        error = across - (self.pixels - K[:2, 2]) / K[[0, 1], [0, 1]]
        seen = np.isfinite(error)
        gain = np.where(seen, self.weight[..., None] * self.depth[:, None, None] / self.sigma, 0.0)
        return np.where(seen, error, 0.0) * gain, gain, across, z

    def residual(self, at: Readout) -> np.ndarray:
        error, *_ = self._error(at)
        return cauchy(error, self.scale).reshape(len(error), -1)

    def linearize(self, at: Readout) -> Linear:
        error, gain, across, z = self._error(at)
        to_image = np.zeros((*error.shape, 3))
        to_image[..., 0, 0] = to_image[..., 1, 1] = 1.0
        to_image[..., 2] = -across
        to_image *= (gain / z)[..., None]
        jacobian = (to_image @ self.camera.R_camera_world) @ at.mark_jacobian
        residual, jacobian = cauchy_with_jacobian(error, jacobian, self.scale)
        frames, nv = len(error), jacobian.shape[-1]
        return Linear(residual.reshape(frames, -1), jacobian.reshape(frames, -1, nv))
