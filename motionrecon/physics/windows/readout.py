"""What the residual terms read off a simulated motion: its frames, and where the landmarks are in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from motionrecon.body import Body
from motionrecon.body.posed import Posed


@dataclass(frozen=True)
class Readout(Posed):
    """A simulated motion at F frames.

    Attributes:
        body: the simulated person.
        qpos: (F, nq).
        qvel: (F, nv).
    """

    body: Body
    qpos: np.ndarray
    qvel: np.ndarray


@dataclass(frozen=True)
class Linear:
    """Residuals (F, m) and their derivatives (F, m, nv) by position and, where they depend on it, by velocity."""

    residual: np.ndarray
    by_position: np.ndarray
    by_velocity: np.ndarray | None = None


class Term(Protocol):
    """A residual term of the window problem."""

    def residual(self, at: Readout) -> np.ndarray:
        """(F, m) dimensionless residuals."""

    def linearize(self, at: Readout) -> Linear:
        """The same residuals with their derivatives."""


def cauchy(error: np.ndarray, scale: float) -> np.ndarray:
    """Residual vectors (..., k) whose squares sum to Cauchy's robust cost ``scale^2 log(1 + |e|^2 / scale^2)``."""
    return error * _shrink((error**2).sum(-1, keepdims=True) / scale**2)[0]


def cauchy_with_jacobian(error: np.ndarray, jacobian: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """`cauchy`, and its Jacobian (..., k, n) from that of the errors."""
    ratio = (error**2).sum(-1, keepdims=True) / scale**2
    factor, slope = _shrink(ratio)
    along = np.einsum("...k,...kn->...n", error, jacobian) * (2.0 / scale**2 * slope)
    return error * factor, jacobian * factor[..., None] + error[..., None] * along[..., None, :]


def _shrink(s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """sqrt(log(1 + s) / s) and its derivative; both are smooth through s = 0."""
    small = s < 1e-4
    safe = np.where(small, 1.0, s)
    log = np.log1p(safe)
    factor = np.where(small, 1.0 - 0.25 * s, np.sqrt(log / safe))
    slope = np.where(small, -0.25 + 13 / 48 * s, (safe / (1 + safe) - log) / (2 * safe**2 * np.sqrt(log / safe)))
    return factor, slope
