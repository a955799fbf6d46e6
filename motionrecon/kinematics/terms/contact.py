"""Feet that stand, stand still and on the floor; and no foot is below it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.body.capsules.proportions import Proportions
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory


@dataclass(frozen=True)
class Contact:
    """Velocity and height of the soles' points.

    Attributes:
        fps: frames per second.
        standing: (T, 8) in [0, 1], how surely each point of the soles stands, in the order of `body.soles.names`.
        speed: standard deviation of a standing point's velocity, m/s.
        height: standard deviation of a standing point's height over the floor, metres.
        depth: metres below the floor that count as one standard deviation.
        weight: root weight of one frame.
    """

    fps: float
    standing: np.ndarray
    speed: float = 0.10
    height: float = 0.015
    depth: float = 0.01
    weight: float = 1.0

    def __call__(self, x: Trajectory) -> Block:
        T, nv, k = len(x), x.body.model.nv, len(Proportions.names())
        points, jacobian, sizes = x.soles, x.sole_jacobian, x.sole_proportions
        still = np.sqrt(self.standing[:-1] * self.standing[1:]) * self.weight / self.speed
        velocity = (points[1:] - points[:-1]) * self.fps * still[..., None]
        over = points[..., 2] - x.floor
        height_gain = np.sqrt(self.standing) * self.weight / self.height
        depth_gain = np.where(over < 0, self.weight / self.depth, 0.0)
        gain = np.sqrt(height_gain**2 + depth_gain**2)
        height = over * gain
        # One block of runs of two frames: velocity between them, height of the first (in the last run, of both).
        here, there = gain[:-1], np.zeros_like(gain[1:])
        there[-1] = gain[-1]
        residual = np.concatenate([velocity.reshape(T - 1, -1), over[:-1] * here, over[1:] * there], axis=1)
        moving = still[..., None, None] * self.fps
        zero = np.zeros_like(jacobian[:-1, :, 2])
        first = np.concatenate(
            [(-moving * jacobian[:-1]).reshape(T - 1, -1, nv), here[..., None] * jacobian[:-1, :, 2], zero], axis=1
        )
        second = np.concatenate(
            [(moving * jacobian[1:]).reshape(T - 1, -1, nv), zero, there[..., None] * jacobian[1:, :, 2]], axis=1
        )
        shared = np.zeros((T - 1, residual.shape[1], x.shared_count))
        n = velocity[0].size
        shared[:, :n, :k] = (moving * (sizes[1:] - sizes[:-1])).reshape(T - 1, n, k)
        shared[:, n:, :k] = np.concatenate([here[..., None] * sizes[:-1, :, 2], there[..., None] * sizes[1:, :, 2]], 1)
        shared[:, n:, k] = -np.concatenate([here, there], axis=1)
        cost = float((velocity**2).sum() + (height**2).sum())
        return Block(residual, (first, second), np.arange(T - 1), shared, cost)
