"""What a residual term hands to the solver: residuals of some frames, linearized, whitened and already robust."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Block:
    """Residuals of N runs of frames.

    The solver minimizes the sum of squares of `residual`, and compares `cost`, which for a robust term is the robust
    cost whose local quadratic model the residuals are (iteratively reweighted least squares).

    Attributes:
        residual: (N, m), dimensionless: divided by the standard deviation of the evidence.
        jacobians: one (N, m, nv) per frame of the run (at most three): derivative with respect to the configuration
            of frame ``frames + offset``; None where a frame has none.
        frames: (N,) the first frame of each run; no frame twice.
        shared: (N, m, shared_count) derivative with respect to the shared unknowns, or None.
        cost: the term's value.
    """

    residual: np.ndarray
    jacobians: tuple[np.ndarray | None, ...]
    frames: np.ndarray
    shared: np.ndarray | None
    cost: float


def robust(residual: np.ndarray, scale: float) -> tuple[np.ndarray, float]:
    """Cauchy's robust cost of vectors (..., k), dimensionless.

    Returns the root weights (..., 1) that make the squares of ``weight * residual`` its local model, and the cost
    ``scale^2 log(1 + |r|^2 / scale^2)`` summed. Residuals below `scale` count as in least squares.
    """
    square = np.einsum("...k,...k->...", residual, residual) / scale**2
    return np.sqrt(1.0 / (1.0 + square))[..., None], float(scale**2 * np.log1p(square).sum())
