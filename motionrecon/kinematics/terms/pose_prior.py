"""What poses are like: within the joints' ranges, and near a relaxed one where nothing else is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.body.tangent import ANGLES, BEND
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory


@dataclass(frozen=True)
class PosePrior:
    """Soft joint limits and the body's own Gaussian about its relaxed pose.

    Attributes:
        weight: root weight of one frame.
        limit_sigma: radians beyond a limit that count as one standard deviation.
    """

    weight: float = 1.0
    limit_sigma: float = 0.05

    def __call__(self, x: Trajectory) -> Block:
        body = x.body
        gain = self.weight / body.hinge_spread
        angle = x.qpos[:, ANGLES]
        low, high = body.model.jnt_range[1:].T
        beyond = np.minimum(angle - low, 0.0) + np.maximum(angle - high, 0.0)
        limit_gain = self.weight / self.limit_sigma
        residual = np.concatenate([(angle - body.rest_qpos[ANGLES]) * gain, beyond * limit_gain], axis=1)
        T, n = angle.shape
        by_angle = np.zeros((T, 2, n, n))
        hinge = np.arange(n)
        by_angle[:, 0, hinge, hinge] = gain
        by_angle[:, 1, hinge, hinge] = np.where(beyond != 0.0, limit_gain, 0.0)
        jacobian = np.zeros((T, 2 * n, body.model.nv))
        jacobian[..., BEND] = by_angle.reshape(T, 2 * n, n)
        return Block(residual, (jacobian,), np.arange(T), float((residual**2).sum()))
