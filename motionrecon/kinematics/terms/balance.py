"""A body that accelerates is pushed by its feet: the point that the floor pushes at lies under them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory

GRAVITY = 9.81


@dataclass(frozen=True)
class Balance:
    """Distance of the zero-moment point from the soles' standing points.

    With the centre of mass c over a floor at height f, and its acceleration a, the floor's force acts at
    ``c_xy - (c_z - f) a_xy / g`` (Vukobratovic; vertical acceleration and rotation are neglected). It must lie within
    the support, which is here taken as the standing points' mean, with their spread as the standard deviation.

    Attributes:
        fps: frames per second.
        standing: (T, 8) in [0, 1].
        sigma: standard deviation beyond the spread of the standing points, metres.
        weight: root weight of one frame.
    """

    fps: float
    standing: np.ndarray
    sigma: float = 0.05
    weight: float = 1.0

    def __call__(self, x: Trajectory) -> Block:
        com, jac = x.com, x.com_jacobian
        standing = self.standing[1:-1]
        total = standing.sum(1)
        share = standing / np.maximum(total, 1e-9)[:, None]
        soles = x.soles[1:-1, :, :2]
        centre = np.einsum("tp,tpi->ti", share, soles)
        spread = np.sqrt(np.einsum("tp,tpi->t", share, (soles - centre[:, None]) ** 2))
        lever = (com[1:-1, 2] - x.floor) / GRAVITY * self.fps**2
        acceleration = com[2:, :2] - 2 * com[1:-1, :2] + com[:-2, :2]
        gain = (self.weight * np.minimum(total, 1.0) / np.hypot(self.sigma, spread))[:, None]
        residual = (com[1:-1, :2] - lever[:, None] * acceleration - centre) * gain
        # The derivative leaves the lever's length as it is: it changes little.
        g, reach = gain[..., None], lever[:, None, None]
        feet = np.einsum("tp,tpij->tij", share, x.sole_jacobian[1:-1, :, :2])
        jacobians = (-reach * g * jac[:-2, :2], g * ((1 + 2 * reach) * jac[1:-1, :2] - feet), -reach * g * jac[2:, :2])
        return Block(residual, jacobians, np.arange(len(residual)), None, float((residual**2).sum()))
