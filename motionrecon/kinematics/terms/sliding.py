"""What moves is lifted: a foot does not slide along the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.ground.base import tangents
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory
from motionrecon.residuals.robust import reweighted


@dataclass(frozen=True)
class Sliding:
    """Velocity of the soles' points along the ground, fading with their height over it.

    The residual falls when a low point stands still, and as well when a moving one is lifted, so no decision has to be
    taken which of the two a frame shows.

    Attributes:
        fps: frames per second.
        speed: m/s on the ground that count as one standard deviation.
        height: metres over the ground at which a quarter of it is left: feet of people who walk swing that low.
        scale: in standard deviations, where the cost bends: most points that are this fast are in flight.
        weight: root weight of one frame.
    """

    fps: float
    speed: float = 0.15
    height: float = 0.03
    scale: float = 3.0
    weight: float = 1.0

    def __call__(self, x: Trajectory) -> Block:
        T, nv = len(x), x.body.model.nv
        jacobian, away = x.foot_jacobian, x.away
        gain = self.weight / self.speed * self.fps
        along = gain * tangents(away[:-1])
        velocity = (along @ (x.feet[1:] - x.feet[:-1])[..., None])[..., 0]
        over = np.maximum(0.5 * (x.over[1:] + x.over[:-1]), 0.0) / self.height
        fade = 1.0 / (1.0 + over**2) ** 2
        slope = np.where(over > 0, -4.0 * over / (1.0 + over**2) ** 3, 0.0) * 0.5 / self.height
        residual = velocity * fade[..., None]
        root, cost = reweighted(residual, self.scale)
        by_height = (velocity * root)[..., None] * slope[..., None, None] * np.ones(3)
        across = along * (fade[..., None] * root)[..., None]
        first = (by_height * away[:-1, :, None] - across) @ jacobian[:-1]
        second = (by_height * away[1:, :, None] + across) @ jacobian[1:]
        m = residual[0].size
        shape = (T - 1, m, nv)
        jacobians = (first.reshape(shape), second.reshape(shape))
        return Block((residual * root).reshape(T - 1, m), jacobians, np.arange(T - 1), cost)
