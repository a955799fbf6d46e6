"""What moves is lifted: a foot does not slide along the floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory


@dataclass(frozen=True)
class Sliding:
    """Horizontal velocity of the soles' points, fading with their height over the floor.

    The residual falls when a low point stands still, and as well when a moving one is lifted, so no decision has to be
    taken which of the two a frame shows.

    Attributes:
        fps: frames per second.
        speed: m/s on the floor that count as one standard deviation.
        height: metres over the floor at which a quarter of it is left.
        scale: in standard deviations, where the cost bends: most points that are this fast are in flight.
        weight: root weight of one frame.
    """

    fps: float
    speed: float = 0.15
    height: float = 0.05
    scale: float = 3.0
    weight: float = 1.0

    def __call__(self, x: Trajectory) -> Block:
        T, nv = len(x), x.body.model.nv
        points, jacobian = x.soles, x.sole_jacobian
        gain = self.weight / self.speed * self.fps
        velocity = (points[1:, :, :2] - points[:-1, :, :2]) * gain
        over = np.maximum(0.5 * (points[1:, :, 2] + points[:-1, :, 2]) - x.floor, 0.0) / self.height
        fade = 1.0 / (1.0 + over**2) ** 2
        slope = np.where(over > 0, -4.0 * over / (1.0 + over**2) ** 3, 0.0) * 0.5 / self.height
        residual = velocity * fade[..., None]
        square = (residual**2).sum(-1) / self.scale**2
        root = np.sqrt(1.0 / (1.0 + square))[..., None]
        cost = float(self.scale**2 * np.log1p(square).sum())
        along = (velocity * root)[..., None] * slope[..., None, None]
        across = (gain * fade[..., None] * root)[..., None]
        first = along * jacobian[:-1, :, 2:] - across * jacobian[:-1, :, :2]
        second = along * jacobian[1:, :, 2:] + across * jacobian[1:, :, :2]
        m = residual[0].size
        shape = (T - 1, m, nv)
        return Block(
            (residual * root).reshape(T - 1, m),
            (first.reshape(shape), second.reshape(shape)),
            np.arange(T - 1),
            None,
            cost,
        )
