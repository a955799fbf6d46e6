"""Joint angles and velocities stay near the kinematic fit's; no joint is held beyond its limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.body.tangent import MOVE, TURN, difference
from motionrecon.core import so3
from motionrecon.physics.windows.terms.base import Linear, SimulatedFrames


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

    qpos: Float[np.ndarray, "F nq"]
    qvel: Float[np.ndarray, "F nv"]
    weight: Float[np.ndarray, " F"]
    angle: float
    speed: Float[np.ndarray, " F"]

    def _gains(self, nv: int) -> tuple[Float[np.ndarray, "F nv"], Float[np.ndarray, "F nv"]]:
        position = np.full(nv, 1.0 / self.angle)
        position[MOVE] = 0.0  # where the root is, the landmarks say
        velocity = np.full(nv, 0.25)
        velocity[MOVE] = 1.0
        return self.weight[:, None] * position, (self.weight / self.speed)[:, None] * velocity

    def residual(self, at: SimulatedFrames) -> Float[np.ndarray, "F m"]:
        position, velocity = self._gains(self.qvel.shape[1])
        away = difference(self.qpos, at.qpos) * position
        return np.concatenate([away, (at.qvel - self.qvel) * velocity], axis=1)

    def linearize(self, at: SimulatedFrames) -> Linear:
        frames, nv = self.qvel.shape
        position, velocity = self._gains(nv)
        by_position, by_velocity = np.zeros((2, frames, 2 * nv, nv))
        index = np.arange(nv)
        by_position[:, index, index] = position
        turn = difference(self.qpos, at.qpos)[:, TURN]
        by_position[:, TURN, TURN] = position[:, TURN, None] * so3.log_jacobian(turn)
        by_velocity[:, nv + index, index] = velocity
        return Linear(self.residual(at), by_position, by_velocity)
