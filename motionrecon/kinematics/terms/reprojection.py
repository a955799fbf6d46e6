"""The landmarks must be seen where the detector saw them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.body.capsules.proportions import Proportions
from motionrecon.kinematics.block import Block, robust
from motionrecon.kinematics.state import Trajectory


@dataclass(frozen=True)
class Reprojection:
    """Distance between landmark and keypoint, across the line of sight, in metres at the person's depth.

    Attributes:
        pixels: (T, 33, 2) undistorted keypoints, NaN where unseen.
        weight: (T, 33) root weights: confidence and the trust in each landmark.
        sigma: standard deviation of a confident keypoint, metres.
        scale: in standard deviations, where the robust cost bends.
    """

    pixels: np.ndarray
    weight: np.ndarray
    sigma: float = 0.02
    scale: float = 2.0

    def __call__(self, x: Trajectory) -> Block:
        camera, nv = x.camera, x.body.model.nv
        in_camera = camera.to_camera(x.marks)
        z = np.maximum(in_camera[..., 2:], 0.1)
        focal = np.array([camera.K[0, 0], camera.K[1, 1]])
        across = in_camera[..., :2] / z  # K's skew is none in any camera that we read
        error = across - (self.pixels - camera.K[:2, 2]) / focal
        # The depth that turns angles into metres is taken as given: otherwise coming closer would pay.
        depth = np.median(z[:, 11:], axis=1, keepdims=True)
        gain = np.where(np.isfinite(error), self.weight[..., None] * depth / self.sigma, 0.0)
        residual = np.where(np.isfinite(error), error, 0.0) * gain
        root, cost = robust(residual, self.scale)
        gain = gain * root
        # d(across) = [dx - across dz] / z
        to_image = np.zeros((*error.shape[:2], 2, 3))
        to_image[..., 0, 0] = to_image[..., 1, 1] = 1.0
        to_image[..., 2] = -across
        to_image *= (gain / z)[..., None]
        by_world = to_image @ camera.R_camera_world
        T, m = len(x), residual[0].size
        jacobian = (by_world @ x.mark_jacobian).reshape(T, m, nv)
        shared = np.zeros((T, 33, 2, x.shared_count))
        k = len(Proportions.names())
        shared[..., :k] = by_world @ x.seen_proportions
        # A tilt turns the world before the camera sees it: R exp([w]) p, hence dp = w x p.
        for axis in range(2):
            unit = np.zeros(3)
            unit[axis] = 1.0
            shared[..., k + 1 + axis] = np.einsum("tpij,tpj->tpi", by_world, np.cross(unit, x.marks))
        return Block((residual * root).reshape(T, m), (jacobian,), np.arange(T), shared.reshape(T, m, -1), cost)
