"""What poses are like: within the joints' ranges, and near a relaxed one where nothing else is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory


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
        inverse = self.weight / x.body.hinge_spread
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
