"""Robust costs, in the forms that solvers ask for.

Cauchy's cost of an error e (a vector, dimensionless) is ``scale^2 log(1 + |e|^2 / scale^2)``: errors below `scale`
count as in least squares, and a left/right flip hardly pulls.

`of_cauchy` and `geman_mcclure` are costs of squares in units of ``scale^2``: the weights of the squares that make the
cost's local quadratic model, and the cost itself in the same units.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def of_cauchy(square: Float[np.ndarray, "*any"]) -> tuple[Float[np.ndarray, "*any"], Float[np.ndarray, "*any"]]:
    """Cauchy's cost: from a start that is far off, everything still pulls a little."""
    return 1.0 / (1.0 + square), np.log1p(square)


def geman_mcclure(square: Float[np.ndarray, "*any"]) -> tuple[Float[np.ndarray, "*any"], Float[np.ndarray, "*any"]]:
    """Geman and McClure's cost: near the end, what is far off (a limb that is hidden in one view) pulls no more."""
    share = 1.0 / (1.0 + square)
    return share**2, square * share


def reweighted(residual: Float[np.ndarray, "*any k"], scale: float) -> tuple[Float[np.ndarray, "*any 1"], float]:
    """For solvers that reweight: the cost's local quadratic model.

    Returns the root weights that make the squares of ``weight * residual`` that model, and the cost summed.
    """
    weight, cost = of_cauchy(np.einsum("...k,...k->...", residual, residual) / scale**2)
    return np.sqrt(weight)[..., None], float(scale**2 * cost.sum())


def cauchy(error: Float[np.ndarray, "*any k"], scale: float) -> Float[np.ndarray, "*any k"]:
    """For solvers that take squares as they are: vectors whose squares sum to the cost."""
    return np.asarray(error * _shrink((error**2).sum(-1, keepdims=True) / scale**2)[0])


def cauchy_with_jacobian(
    error: Float[np.ndarray, "*any k"], jacobian: Float[np.ndarray, "*any k n"], scale: float
) -> tuple[Float[np.ndarray, "*any k"], Float[np.ndarray, "*any k n"]]:
    """`cauchy`, and its Jacobian from that of the errors."""
    ratio = (error**2).sum(-1, keepdims=True) / scale**2
    factor, slope = _shrink(ratio)
    along = np.einsum("...k,...kn->...n", error, jacobian) * (2.0 / scale**2 * slope)
    return error * factor, jacobian * factor[..., None] + error[..., None] * along[..., None, :]


def _shrink(s: Float[np.ndarray, "*any"]) -> tuple[Float[np.ndarray, "*any"], Float[np.ndarray, "*any"]]:
    """sqrt(log(1 + s) / s) and its derivative; both are smooth through s = 0."""
    small = s < 1e-4
    safe = np.where(small, 1.0, s)
    log = np.log1p(safe)
    factor = np.where(small, 1.0 - 0.25 * s, np.sqrt(log / safe))
    slope = np.where(small, -0.25 + 13 / 48 * s, (safe / (1 + safe) - log) / (2 * safe**2 * np.sqrt(log / safe)))
    return factor, slope
