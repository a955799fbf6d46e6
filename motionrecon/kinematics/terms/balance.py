"""A body that accelerates is pushed by its feet: the point that the ground pushes at lies under them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from motionrecon.core.gravity import GRAVITY
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory

#: Seconds over which acceleration is looked at, a standard deviation.
_ABOUT = 0.15
#: Standard deviation of what is neglected, over how far acceleration shifts the point. The trunk and the limbs of
#: somebody who walks turn; held as tightly as somebody who stands, they are pushed fore and aft three times as wrongly.
_TURNING = 8.0
#: What of a place is level.
_LEVEL = slice(0, 2)


def neglected(x: Trajectory, fps: float) -> Float[np.ndarray, " T"]:
    """How wrong the zero-moment point may be for what it leaves out, metres, as the trajectory x accelerates."""
    acceleration = np.gradient(np.gradient(x.com[:, _LEVEL], axis=0), axis=0) * fps**2
    square = (acceleration**2).sum(1) * (x.ground.gap(x.com)[0] / GRAVITY) ** 2
    # About each frame, not in it: acceleration passes through zero between two steps.
    return np.asarray(_TURNING * np.sqrt(gaussian_filter1d(square, _ABOUT * fps, mode="nearest")))


@dataclass(frozen=True)
class Balance:
    """Distance of the zero-moment point from the soles' standing points.

    With the centre of mass c at the height h over the ground, and its acceleration a, the ground's force acts at
    ``c_xy - h a_xy / g`` (Vukobratovic; vertical acceleration and rotation are neglected). It must lie within
    the support, which is here taken as the standing points' mean, with their spread as the standard deviation.

    Attributes:
        fps: frames per second.
        standing: (T, S) in [0, 1], in the order of `body.soles`.
        sigma: standard deviation beyond the spread of the standing points, metres.
        neglected: standard deviation of what is neglected, metres: of all frames or of each.
        weight: root weight of a frame, of all or of each; 0 where more than feet is on the ground.
    """

    fps: float
    standing: Float[np.ndarray, "T S"]
    sigma: float = 0.05
    neglected: float | Float[np.ndarray, " T"] = 0.0
    weight: float | Float[np.ndarray, " T"] = 1.0

    def __call__(self, x: Trajectory) -> Block:
        com, jac = x.com[:, _LEVEL], x.com_jacobian[:, _LEVEL]
        standing = self.standing[1:-1]
        total = standing.sum(1)
        share = standing / np.maximum(total, 1e-9)[:, None]
        soles = x.feet[1:-1, :, _LEVEL]
        centre = np.einsum("tp,tpi->ti", share, soles)
        spread = np.sqrt(np.einsum("tp,tpi->t", share, (soles - centre[:, None]) ** 2))
        lever = x.ground.gap(x.com[1:-1])[0] / GRAVITY * self.fps**2
        acceleration = com[2:] - 2 * com[1:-1] + com[:-2]
        weight = np.broadcast_to(self.weight, len(com))[1:-1]
        neglected = np.broadcast_to(self.neglected, len(com))[1:-1]
        sigma = np.sqrt(self.sigma**2 + spread**2 + neglected**2)
        gain = (weight * np.minimum(total, 1.0) / sigma)[:, None]
        residual = (com[1:-1] - lever[:, None] * acceleration - centre) * gain
        # The derivative leaves the lever's length as it is: it changes little.
        g, reach = gain[..., None], lever[:, None, None]
        feet = np.einsum("tp,tpij->tij", share, x.foot_jacobian[1:-1, :, _LEVEL])
        jacobians = (-reach * g * jac[:-2], g * ((1 + 2 * reach) * jac[1:-1] - feet), -reach * g * jac[2:])
        return Block(residual, jacobians, np.arange(len(residual)), float((residual**2).sum()))
