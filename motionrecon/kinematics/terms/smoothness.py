"""Muscles and masses do not let a pose change its velocity at will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from motionrecon.body import Body
from motionrecon.body.tangent import BEND, MOVE, TURN, difference
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.solver import Term
from motionrecon.kinematics.standing import runs
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
        ease: share of the root weight that is left to each acceleration (`eased`).
    """

    fps: float
    root: float = 4.0
    turn: float = 20.0
    hinge: float = 40.0
    weight: float = 1.0
    ease: float | Float[np.ndarray, "N nv"] = 1.0

    def __call__(self, x: Trajectory) -> Block:
        nv = x.body.model.nv
        sigma = np.empty(nv)
        sigma[MOVE], sigma[TURN] = self.root, self.turn
        sigma[BEND] = self.hinge * np.sqrt(x.body.hinge_shares)
        step = difference(x.qpos[:-1], x.qpos[1:])
        gain = np.broadcast_to(self.weight * self.fps**2 / sigma * self.ease, (len(x) - 2, nv))
        residual = (step[1:] - step[:-1]) * gain
        # For the root's rotation the derivative is that of small steps between frames.
        eye = gain[..., None] * np.eye(nv)
        return Block(residual, (eye, -2 * eye, eye), np.arange(len(residual)), float((residual**2).sum()))


#: How many times as much a runner's knees and ankles accelerate as hips do: a heel that strikes is stopped by them. Of
#: who does not run, that would let a leg go wherever a detector loses it for some frames.
QUICK = {"knee": 2.0, "ankle": 3.0}
#: Mean squares, in standard deviations, at which half the weight is left to the root's vertical acceleration, and to
#: the joints'.
_LIVELY = 0.45, 1.3
#: Seconds over which they are taken, a standard deviation.
_ABOUT = 0.15
#: What of a tangent is vertical.
_UP = 2


def eased(terms: Sequence[Term], x: Trajectory) -> list[Term]:
    """The terms with smoothness that does not flatten what moves fast: who runs, jumps or kicks.

    While somebody walks, accelerations stay below their standard deviations, and noise is all that smoothness takes. A
    runner is thrown up with three times their weight, and would float over the floor if that were smoothed as well. So
    where the trajectory in hand, though smoothed, accelerates more for some tenths of a second, less weight is left,
    and where it runs, less still to knees and ankles.
    """
    return [replace(term, ease=_ease(term, x)) if isinstance(term, Smoothness) else term for term in terms]


def share_left(term: Smoothness, x: Trajectory) -> Float[np.ndarray, "N nv"]:
    """Share of a term's root weight that is left to each acceleration of a trajectory for how fast that moves."""
    square = replace(term, weight=1.0, ease=1.0)(x).residual ** 2
    lively = np.full(square.shape[1], np.inf)
    lively[_UP], lively[BEND] = _LIVELY
    about = gaussian_filter1d(square, _ABOUT * term.fps, axis=0, mode="nearest") / lively
    return np.asarray(1.0 / np.sqrt(1.0 + about**2))


def _ease(term: Smoothness, x: Trajectory) -> Float[np.ndarray, "N nv"]:
    ease = share_left(term, x)
    ease[:, BEND] /= 1.0 + runs(x, term.fps)[1:-1, None] * (_quickness(x.body) - 1.0)
    return ease


def _quickness(body: Body) -> Float[np.ndarray, " hinges"]:
    """How many times the standard deviation of a joint's acceleration each hinge has of who runs."""
    return np.array([next((times for part, times in QUICK.items() if part in name), 1.0) for name in body.hinge_names])
