"""Bones point where the detector's own 3D guess points, as far as that is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.body.capsules.proportions import Proportions
from motionrecon.core import landmarks
from motionrecon.kinematics.block import Block, robust
from motionrecon.kinematics.state import Trajectory

_PAIRS = [
    (landmarks.INDEX[a], landmarks.INDEX[b])
    for a, b in (
        *(p for p in landmarks.BONES if "ankle" not in p[0] or "foot" in p[1]),
        ("left_ear", "right_ear"),
        ("left_ear", "nose"),
        ("right_ear", "nose"),
        ("left_shoulder", "left_ear"),
        ("right_shoulder", "right_ear"),
    )
]
_FROM, _TO = np.array(_PAIRS).T


@dataclass(frozen=True)
class Directions:
    """Difference in depth, along each bone, between the body and the detector's 3D scaled to the body's bone.

    The picture fixes what lies across the line of sight; only the depth is asked of the detector.

    Attributes:
        points_3d: (T, 33, 3) the detector's guess, camera axes, NaN where unknown.
        weight: (T, 33) root weights.
        sigma: standard deviation of the difference in depth along a bone, metres.
        across: share of the weight that the other two axes get (1 until a pose has been found).
        scale: in standard deviations, where the robust cost bends.
    """

    points_3d: np.ndarray
    weight: np.ndarray
    sigma: float = 0.08
    across: float = 0.0
    scale: float = 2.0

    def __call__(self, x: Trajectory) -> Block:
        T, nv = len(x), x.body.model.nv
        R = x.camera.R_camera_world
        bone = (x.marks[:, _TO] - x.marks[:, _FROM]) @ R.T
        seen = self.points_3d[:, _TO] - self.points_3d[:, _FROM]
        length = np.linalg.norm(bone, axis=-1, keepdims=True)
        error = bone - seen * (length / np.maximum(np.linalg.norm(seen, axis=-1, keepdims=True), 1e-6))
        axes = np.array([self.across, self.across, 1.0]) / self.sigma
        gain = np.sqrt(self.weight[:, _TO] * self.weight[:, _FROM])[..., None] * axes
        gain = np.where(np.isfinite(error), gain, 0.0)
        residual = np.where(np.isfinite(error), error, 0.0) * gain
        root, cost = robust(residual, self.scale)
        # The bone's length, to which the guess is scaled, is taken as given: a bone must not shorten to fit.
        to_residual = (gain * root)[..., None] * R
        jacobian = to_residual @ (x.mark_jacobian[:, _TO] - x.mark_jacobian[:, _FROM])
        k = len(Proportions.names())
        shared = np.zeros((T, len(_TO), 3, x.shared_count))
        moved = x.marks[:, _TO] - x.marks[:, _FROM]
        for axis in range(2):
            unit = np.zeros(3)
            unit[axis] = 1.0
            shared[..., k + 1 + axis] = np.einsum("tpij,tpj->tpi", to_residual, np.cross(unit, moved))
        m = residual[0].size
        return Block(
            (residual * root).reshape(T, m), (jacobian.reshape(T, m, nv),), np.arange(T), shared.reshape(T, m, -1), cost
        )
