"""The centre of mass moves as the kinematic one: what carries it is then what carried the person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.core.vectors import cross
from motionrecon.physics.tree import Tree
from motionrecon.physics.windows.terms.base import Linear, SimulatedFrames
from motionrecon.residuals.robust import cauchy, cauchy_with_jacobian


@dataclass(frozen=True)
class Carried:
    """Difference of the centre of mass's velocity from the kinematic one.

    Its change from frame to frame is the sum of all forces on the body over its mass, so that a body that rings, or
    comes down a frame too late and then too hard, is dear, while one that is elsewhere is not.

    Attributes:
        tree: who moves whom.
        velocity: (F, 3) kinematic, m/s.
        weight: (F,) root weight of each frame.
        sigma: standard deviation, m/s.
        scale: in standard deviations, where the robust cost bends: a velocity that no push can give, because a foot is
            fitted above the floor, say, is not followed at the price of all else.
    """

    tree: Tree
    velocity: Float[np.ndarray, "F 3"]
    weight: Float[np.ndarray, " F"]
    sigma: float
    scale: float = 8.0

    def residual(self, at: SimulatedFrames) -> Float[np.ndarray, "F 3"]:
        return cauchy(self._away(at), self.scale)

    def _away(self, at: SimulatedFrames) -> Float[np.ndarray, "F 3"]:
        away = np.einsum("fiv,fv->fi", at.pose.com_jacobian, at.qvel) - self.velocity
        return np.asarray(away * (self.weight / self.sigma)[:, None])

    def linearize(self, at: SimulatedFrames) -> Linear:
        columns = at.pose.com_jacobian.transpose(0, 2, 1)
        angular, moved = at.pose.axes[..., :3], columns * at.qvel[..., None]
        # A dof turns the velocity of all that comes after it, and what comes before it turns its own.
        after = self.tree.upto.T.astype(float) @ moved
        turning = self.tree.before.astype(float) @ (angular * at.qvel[..., None])
        by_position = cross(angular, after) + cross(turning, columns)
        gain = (self.weight / self.sigma)[:, None, None]
        jacobian = gain * np.concatenate([by_position, columns], axis=1).transpose(0, 2, 1)
        residual, jacobian = cauchy_with_jacobian(self._away(at), jacobian, self.scale)
        nv = columns.shape[1]
        return Linear(residual, jacobian[..., :nv], jacobian[..., nv:])
