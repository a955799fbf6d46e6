"""Joint angles and velocities stay near the kinematic fit's; no joint is held beyond its limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.body.tangent import difference
from motionrecon.physics.windows.readout import Linear, Readout


@dataclass(frozen=True)
class Posture:
    """Difference from the kinematic trajectory in joint space, where the landmarks leave joints undetermined.

    Attributes:
        qpos: (F, nq) kinematic configurations.
        qvel: (F, nv) kinematic velocities.
        weight: (F,) root weight of each frame.
        angle: standard deviation of hinges and of the root's rotation, radians.
        speed: (F,) standard deviation of the root's velocity (m/s) and of angular velocities (a fourfold, rad/s);
            small at the window's end, so that it hands over a motion that can go on.
    """

    qpos: np.ndarray
    qvel: np.ndarray
    weight: np.ndarray
    angle: float
    speed: np.ndarray

    def _gains(self, nv: int) -> tuple[np.ndarray, np.ndarray]:
        position = np.full(nv, 1.0 / self.angle)
        position[:3] = 0.0  # where the root is, the landmarks say
        velocity = np.full(nv, 0.25)
        velocity[:3] = 1.0
        return self.weight[:, None] * position, (self.weight / self.speed)[:, None] * velocity

    def residual(self, at: Readout) -> np.ndarray:
        position, velocity = self._gains(self.qvel.shape[1])
        away = difference(self.qpos, at.qpos) * position
        return np.concatenate([away, (at.qvel - self.qvel) * velocity], axis=1)

    def linearize(self, at: Readout) -> Linear:
        frames, nv = self.qvel.shape
        position, velocity = self._gains(nv)
        by_position, by_velocity = np.zeros((2, frames, 2 * nv, nv))
        index = np.arange(nv)
        by_position[:, index, index] = position
        turn = difference(self.qpos, at.qpos)[:, 3:6]
        by_position[:, 3:6, 3:6] = position[:, 3:6, None] * _log_derivative(turn)
        by_velocity[:, nv + index, index] = velocity
        return Linear(self.residual(at), by_position, by_velocity)


def _log_derivative(turn: np.ndarray) -> np.ndarray:
    """(F, 3, 3) derivative of log(exp(turn) exp(d)) by d at 0: the inverse right Jacobian of SO(3)."""
    angle = np.linalg.norm(turn, axis=-1)
    x, y, z = turn.T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(-1, 3, 3)
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    square = np.where(small, 1 / 12, 1 / safe**2 - (1 + np.cos(safe)) / (2 * safe * np.sin(np.where(small, 1, safe))))
    return np.eye(3) + 0.5 * cross + square[:, None, None] * (cross @ cross)
