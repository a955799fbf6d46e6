"""What poses are like: within the joints' ranges, and near a relaxed one where nothing else is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory

# Standard deviations (radians) about the relaxed pose of hinges that the picture shows poorly; the others are free.
_SIGMA = {
    "lumbar_flexion": 0.5,
    "lumbar_lateral": 0.3,
    "lumbar_twist": 0.35,
    "neck_twist": 0.6,
    "neck_flexion": 0.4,
    "neck_lateral": 0.35,
    "clavicle_elevation": 0.2,
    "hip_abduction": 0.5,
    "hip_rotation": 0.45,
    "ankle_flexion": 0.5,
    "ankle_inversion": 0.3,
}


@dataclass(frozen=True)
class PosePrior:
    """Soft joint limits and a Gaussian about the relaxed pose.

    Attributes:
        weight: root weight of one frame.
        limit_sigma: radians beyond a limit that count as one standard deviation.
    """

    weight: float = 1.0
    limit_sigma: float = 0.05

    def __call__(self, x: Trajectory) -> Block:
        model, nv = x.body.model, x.body.model.nv
        names = [model.joint(j).name.removeprefix("left_").removeprefix("right_") for j in range(1, model.njnt)]
        inverse = np.array([1.0 / _SIGMA[n] if n in _SIGMA else 0.0 for n in names]) * self.weight
        angle = x.qpos[:, 7:]
        low, high = model.jnt_range[1:].T
        beyond = np.minimum(angle - low, 0.0) + np.maximum(angle - high, 0.0)
        limit_gain = self.weight / self.limit_sigma
        residual = np.concatenate([(angle - x.body.rest_qpos[7:]) * inverse, beyond * limit_gain], axis=1)
        T, n = angle.shape
        jacobian = np.zeros((T, 2 * n, nv))
        index = np.arange(n)
        jacobian[:, index, 6 + index] = inverse
        jacobian[:, n + index, 6 + index] = np.where(beyond != 0.0, limit_gain, 0.0)
        return Block(residual, (jacobian,), np.arange(T), None, float((residual**2).sum()))
