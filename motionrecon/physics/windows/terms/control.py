"""Muscles are not pulled harder, nor more jerkily, than the motion asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array, eye_array, kron


@dataclass(frozen=True)
class Control:
    """Effort and smoothness of the controls; linear in the knots, so its derivative is a constant matrix.

    The unknowns enter as their lead over the kinematic angles: what an actuator's target must be ahead of the joint
    to make it follow.

    Attributes:
        target: (K, nu) the kinematic hinge angles at the knots, radians.
        effort: standard deviation of the lead, radians.
        smooth: standard deviation of the lead's second difference from knot to knot, radians.
        before: (2, nu) lead of the previous window at the knot before the first, and at the first; None where nothing
            came before. The controls go on from there without a jump.
    """

    target: Float[np.ndarray, "K nu"]
    effort: float
    smooth: float
    before: Float[np.ndarray, "2 nu"] | None = None

    def matrix(self) -> csr_array:
        """(m, K nu) derivative of the residuals by the knots, sparse."""
        knots, nu = self.target.shape
        rows = [np.eye(knots) / (self.effort * np.sqrt(knots)), self._second_difference() / self.smooth]
        if self.before is not None:
            rows.append(np.eye(1, knots) / (_JUMP * self.smooth))
        return csr_array(kron(csr_array(np.concatenate(rows)), eye_array(nu), format="csr"))

    def residual(self, matrix: csr_array, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
        """Residuals of the knots x (K nu,), given `matrix`."""
        r = matrix @ (x - self.target.ravel())
        if self.before is not None:
            knots, nu = self.target.shape
            r[knots * nu : (knots + 1) * nu] += self.before[0] / self.smooth
            r[-nu:] -= self.before[1] / (_JUMP * self.smooth)
        return np.asarray(r)

    def _second_difference(self) -> Float[np.ndarray, "rows K"]:
        """With a knot before the first, the first row reaches back to it."""
        knots = len(self.target)
        if self.before is None:
            return np.diff(np.eye(knots), 2, axis=0)
        return np.diff(np.eye(knots + 1), 2, axis=0)[:, 1:]


#: Standard deviation of a jump of the controls between windows, as a share of that of a second difference.
_JUMP = 0.1
