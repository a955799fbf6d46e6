"""Which torques carry the kinematic motion: inverse dynamics, with what the floor pushes the feet that are near it.

A person whose actuators are only told the kinematic angles sinks under their own weight, and a runner's leg gives way
under three times as much. Torques that bear it are a start from which little is left to be found.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import nnls

from motionrecon.ground.base import tangents
from motionrecon.kinematics.state import Trajectory
from motionrecon.views import Figure

#: Seconds over which velocities are smoothed before they are differentiated, a standard deviation.
_SMOOTH = 0.03
#: Slope of the friction pyramid within which the floor pushes.
_SLOPE = 0.8
#: Metres by which a newton metre on the root counts as a newton.
_ARM = 0.3
#: Price of a push, in root weights of the root's own lack of it, where a point of a sole touches the floor; and how far
#: it is over the floor, metres, where the price is twice that: a runner's feet are fitted some centimetres too high.
_PRICE, _NEAR = 0.03, 0.0075
#: Metres over the floor from which nothing pushes.
_FAR = 0.09


@dataclass(frozen=True)
class Carrying:
    """The torques that carry a person along the kinematic motion.

    Attributes:
        figure: the person.
    """

    figure: Figure

    def torques(self, first: int, last: int) -> Float[np.ndarray, "n nu"]:
        """Of the actuators in the frames `first` to `last`, in which the person is tracked, N m.

        What the floor does not push, because it cannot push so or no foot is near it, the root lacks; no torque makes
        up for that.
        """
        figure, fps = self.figure, self.figure.clock.fps
        reach = int(4 * _SMOOTH * fps + 0.5) + 1  # of the filter and the difference
        lost = np.flatnonzero(~figure.tracked)  # who is lost stands still there, and was not stopped by any torque
        begin = max([0, first - reach, *(lost[lost < first][-1:] + 1)])
        end = min([last + 1 + reach, *lost[lost > last][:1]])
        smooth = gaussian_filter1d(figure.qvel[begin:end], _SMOOTH * fps, axis=0, mode="nearest")
        acceleration = np.gradient(smooth, 1.0 / fps, axis=0)[first - begin :]
        x = Trajectory(figure.body, figure.qpos[first : last + 1], figure.ground)
        needed = self._inverse(x.qpos, figure.qvel[first : last + 1], acceleration)
        return np.asarray((needed - self._pushed(x, needed))[:, figure.body.hinge_qpos - 1])

    def _inverse(
        self, qpos: Float[np.ndarray, "n nq"], qvel: Float[np.ndarray, "n nv"], qacc: Float[np.ndarray, "_ nv"]
    ) -> Float[np.ndarray, "n nv"]:
        """Generalized forces that a person whom nothing touches needs for accelerations, of which there may be more."""
        data, needed = mujoco.MjData(self._untouched), np.empty_like(qvel)
        for row, (position, velocity) in enumerate(zip(qpos, qvel, strict=True)):
            data.qpos[:], data.qvel[:], data.qacc[:] = position, velocity, qacc[row]
            mujoco.mj_inverse(self._untouched, data)
            needed[row] = data.qfrc_inverse
        return needed

    def _pushed(self, x: Trajectory, needed: Float[np.ndarray, "n nv"]) -> Float[np.ndarray, "n nv"]:
        """What of the needed forces pushes of the floor give: as nearly what the root needs as is no great price."""
        weight = self.figure.body.mass * float(np.linalg.norm(self._untouched.opt.gravity))
        root = 1.0 / np.repeat([1.0, _ARM], 3)
        edges = x.away[..., None, :] + _SLOPE * np.concatenate([tangents(x.away), -tangents(x.away)], axis=-2)
        by_edge = weight * edges @ x.foot_jacobian
        price = _PRICE * (1.0 + (np.maximum(x.over, 0.0) / _NEAR) ** 2)
        pushed = np.zeros_like(needed)
        for row in np.flatnonzero((x.over < _FAR).any(axis=1)):
            near = x.over[row] < _FAR
            push = by_edge[row, near].reshape(-1, needed.shape[1])
            dear = np.diag(np.repeat(price[row, near], edges.shape[-2]))
            wanted = np.concatenate([root * needed[row, :6] / weight, np.zeros(len(dear))])
            try:
                share, _ = nnls(np.concatenate([(root / weight * push[:, :6]).T, dear]), wanted)
            except RuntimeError:  # too many steps: nothing is known, then
                continue
            pushed[row] = share @ push
        return pushed

    @cached_property
    def _untouched(self) -> mujoco.MjModel:
        model = copy.copy(self.figure.body.model)
        model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONSTRAINT)
        return model
