"""Muscles and masses do not let a pose change its velocity at will."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.body.tangent import BEND, MOVE, TURN, difference
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory


@dataclass(frozen=True)
class Smoothness:
    """Accelerations of all degrees of freedom, as white noise.

    Attributes:
        fps: frames per second.
        root: standard deviation of the root's linear acceleration, m/s^2.
        turn: of the root's angular acceleration, rad/s^2.
        hinge: of the joints' accelerations, rad/s^2, in which hinges that act together have their shares.
        weight: root weight of one frame.
    """

    fps: float
    root: float = 4.0
    turn: float = 20.0
    hinge: float = 40.0
    weight: float = 1.0

    def __call__(self, x: Trajectory) -> Block:
        nv = x.body.model.nv
        sigma = np.empty(nv)
        sigma[MOVE], sigma[TURN] = self.root, self.turn
        sigma[BEND] = self.hinge * np.sqrt(x.body.hinge_shares)
        gain = self.weight * self.fps**2 / sigma
        step = difference(x.qpos[:-1], x.qpos[1:])
        residual = (step[1:] - step[:-1]) * gain
        # For the root's rotation the derivative is that of small steps between frames.
        eye = np.broadcast_to(np.diag(gain), (len(residual), nv, nv))
        return Block(residual, (eye, -2 * eye, eye), np.arange(len(residual)), float((residual**2).sum()))
