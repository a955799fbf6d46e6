"""Bounds on the unknowns, for every optimizer: free unknowns z in the place of bounded ones x(z).

The map is smooth and its values lie within the bounds, as in MINUIT (James and Roos, "Minuit: a system for function
minimization", 1975), so no optimizer needs to know of bounds, budgets are kept exactly, and a function is never asked
beyond them. Between two bounds x swings like a cosine; with one bound it grows like a hyperbola. At a bound dx/dz is 0:
a minimum that lies there is an ordinary minimum of z, found to twice as many digits. The other side of this is that a
start on a bound would be a point from which nothing pulls away, so such a start is moved inside, by `INSIDE`.

z has the units of x, is equal to it at the start, and so is dx/dz = 1 there: lengths of first steps keep their meaning.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.errors import InputError
from motionrecon.optimizers.problem import BatchedLeastSquares, LeastSquares, Problem

#: How far inside a start begins that is on a bound or beyond it: this share of the way to the other bound; where there
#: is none, of the bound itself, and at least of 1. And from where, in units of that, a start counts as on the bound.
INSIDE, ON = 0.01, 1e-4


class Box:
    """The map x(z) of n unknowns between ``lower`` and ``upper``, of which some may be infinite.

    Args:
        lower, upper: the bounds; equal ones hold an unknown fixed.
        start: where x begins.

    Raises:
        InputError: bounds that are not numbers, or leave no room.
    """

    def __init__(
        self, lower: Float[np.ndarray, " n"], upper: Float[np.ndarray, " n"], start: Float[np.ndarray, " n"]
    ) -> None:
        wrong = np.flatnonzero(~(lower <= upper) | (lower == np.inf) | (upper == -np.inf))
        if len(wrong):
            i = int(wrong[0])
            raise InputError(f"bounds[{i}] is ({lower[i]:g}, {upper[i]:g}): give (lowest, highest), None for no bound")
        self.lower, self.upper, self.z = lower, upper, start.astype(float)
        self._fixed = lower == upper
        self._both = np.isfinite(lower) & np.isfinite(upper) & ~self._fixed
        self._low = np.isfinite(lower) & ~np.isfinite(upper)
        self._high = np.isfinite(upper) & ~np.isfinite(lower)
        with np.errstate(all="ignore"):
            width = np.where(self._both, upper - lower, 0.0)
            margin = INSIDE * np.where(
                self._both, width, np.maximum(1.0, np.abs(np.where(self._low, lower, np.where(self._high, upper, 0.0))))
            )
            inside = (start > lower + ON * margin) & (start < upper - ON * margin)
            x = np.where(inside, start, np.clip(start, lower + margin, upper - margin))
            self._width = width
            self._away = np.where(self._low, x - lower, np.where(self._high, upper - x, 1.0))
            angle = 2 * np.arcsin(np.sqrt(np.clip((x - lower) / np.where(self._both, width, 1.0), 0.0, 1.0)))
        self._v0 = np.where(self._both, angle, np.where(self._low | self._high, np.sqrt(3.0), 0.0))
        self._scale = np.ones_like(x)
        self._scale = self._slope(self._v0)
        self._scale[self._scale == 0] = 1.0
        self.z = np.where(self._fixed, lower, x)
        self._z0 = self.z.copy()

    @property
    def fixed(self) -> Bool[np.ndarray, " n"]:
        """Which unknowns have no room."""
        fixed: np.ndarray = self._fixed
        return fixed

    def x(self, z: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """The bounded unknowns at ``z``."""
        v = self._v(z)
        with np.errstate(all="ignore"):
            grown = self._away * v * v / (np.sqrt(1 + v * v) + 1)
            swung = self._width * np.sin(v / 2) ** 2
            x = np.where(self._both, self.lower + swung, z)
            x = np.where(self._low, self.lower + grown, np.where(self._high, self.upper - grown, x))
        return np.asarray(np.clip(x, self.lower, self.upper))

    def slope(self, z: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """dx/dz at ``z``."""
        return np.where(self._fixed, 0.0, self._slope(self._v(z)))

    def _v(self, z: np.ndarray) -> np.ndarray:
        """Angles, and arguments of the hyperbolas, which grow with x where there is a lower bound."""
        sign = np.where(self._high, -1.0, 1.0)
        return np.asarray(self._v0 + sign * (z - self._z0) / self._scale)

    def _slope(self, v: np.ndarray) -> np.ndarray:
        swung = self._width / 2 * np.sin(v)
        grown = self._away * v / np.sqrt(1 + v * v)
        bounded = np.where(self._both, swung, grown) / self._scale
        return np.where(self._both | self._low | self._high, bounded, 1.0)


class BoundedProblem:
    """``inner`` as a problem of free unknowns z, with the derivatives by z."""

    def __init__(self, inner: Problem, box: Box) -> None:
        self._inner, self._box = inner, box

    @property
    def n(self) -> int:
        return self._inner.n

    def value(self, z: Float[np.ndarray, " n"]) -> float:
        return self._inner.value(self._box.x(z))

    def value_and_gradient(self, z: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
        value, gradient = self._inner.value_and_gradient(self._box.x(z))
        return value, np.asarray(gradient) * self._box.slope(z)


class BoundedLeastSquares(BoundedProblem):
    """The same for a sum of squares; several points are evaluated at once where ``inner`` can."""

    def __init__(self, inner: LeastSquares, box: Box) -> None:
        super().__init__(inner, box)
        self._squares = inner

    def residuals(self, z: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
        return self._squares.residuals(self._box.x(z))

    def residuals_batch(self, Z: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k m"]:
        X = np.stack([self._box.x(z) for z in Z])
        if isinstance(self._squares, BatchedLeastSquares):
            return self._squares.residuals_batch(X)
        return np.stack([self._squares.residuals(x) for x in X])

    def residuals_and_jacobian(
        self, z: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, "m n"]]:
        r, J = self._squares.residuals_and_jacobian(self._box.x(z))
        return r, np.asarray(J) * self._box.slope(z)


def bounded(inner: Problem, box: Box) -> Problem:
    """``inner`` as a problem of free unknowns: a sum of squares stays one."""
    return BoundedLeastSquares(inner, box) if isinstance(inner, LeastSquares) else BoundedProblem(inner, box)


def box_of(bounds: Any, start: Float[np.ndarray, " n"]) -> Box:
    """The box that ``bounds`` describe.

    Args:
        bounds: a pair (lowest, highest) for each unknown, in which None stands for none; or an object with ``lb`` and
            ``ub``, such as ``scipy.optimize.Bounds``, each a number or of the start's size.
        start: where x begins.

    Raises:
        InputError: anything else.
    """
    n = len(start)
    wanted = f"give a pair (lowest, highest) for each of the {n} unknowns, or scipy.optimize.Bounds"
    try:
        if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
            lower, upper = (_spread(side, n) for side in (bounds.lb, bounds.ub))
        else:
            pairs = [(low, high) for low, high in bounds]
            lower = np.array([-np.inf if low is None else low for low, _ in pairs], dtype=float)
            upper = np.array([np.inf if high is None else high for _, high in pairs], dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"bounds is {str(bounds)[:80]}: {wanted}") from error
    if len(lower) != n:
        raise InputError(f"bounds has {len(lower)} pairs: {wanted}")
    return Box(lower, upper, start)


def _spread(side: Any, n: int) -> np.ndarray:
    array = np.asarray(side, dtype=float).reshape(-1)
    return np.full(n, array[0]) if array.size == 1 else array
