"""Muscles are not pulled harder, nor more jerkily, than the motion asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Control:
    """Effort and smoothness of the controls; linear in the knots, so its derivative is a constant matrix.

    Attributes:
        target: (K, nu) the kinematic hinge angles at the knots, radians: effort is how far the targets lead them.
        effort: standard deviation of that lead, radians.
        smooth: standard deviation of the second difference of the lead between knots, radians.
    """

    target: np.ndarray
    effort: float
    smooth: float

    def matrix(self) -> np.ndarray:
        """(m, K nu)"""
        knots, nu = self.target.shape
        second = np.diff(np.eye(knots), 2, axis=0) if knots > 2 else np.zeros((0, knots))
        weight = 1.0 / np.sqrt(knots)
        return np.kron(np.concatenate([np.eye(knots) * (weight / self.effort), second * (weight / self.smooth)]), np.eye(nu))

    def residual(self, matrix: np.ndarray, x: np.ndarray) -> np.ndarray:
        return matrix @ (x - self.target.ravel())
