"""The wrapper through which optimizers see a problem: it counts what was asked, and remembers the best answer.

An answer that is not finite (a simulation that diverged) becomes the value ``inf``: a failed step, never a result.
Answers whose shapes do not fit are refused, by name, at the first one.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from motionrecon.errors import InputError
from motionrecon.optimizers.problem import (
    BatchedLeastSquares,
    Evaluations,
    FactoredLeastSquares,
    Factors,
    LeastSquares,
    Problem,
)


class Counted:
    """A problem that counts its evaluations, remembers the best point, and answers ``inf`` where it has no value.

    Attributes:
        evaluations: what was asked for since the wrapper was made.
        best_x: the point (n,) with the lowest finite value seen, or None.
        best_value: that value, or ``inf``.
        gradient: where a gradient or Jacobian was asked for last, and the gradient there; None before that.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.evaluations = Evaluations()
        self.best_x: np.ndarray | None = None
        self.best_value = np.inf
        self.gradient: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def n(self) -> int:
        return self._problem.n

    def value(self, x: Float[np.ndarray, " n"]) -> float:
        self.evaluations += Evaluations(values=1)
        return self._seen(x, self._problem.value(x))

    def value_and_gradient(self, x: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
        """As the problem's own; where the value or the gradient is not finite, ``inf`` and a gradient of zeros."""
        self.evaluations += Evaluations(gradients=1)
        value, gradient = self._problem.value_and_gradient(x)
        gradient = np.asarray(gradient, dtype=float)
        self._require(gradient.shape == x.shape, f"value_and_gradient gave a gradient of shape {gradient.shape}")
        value = self._seen(x, value if np.isfinite(gradient).all() else np.inf)
        if not np.isfinite(value):
            return value, np.zeros(len(x))
        self.gradient = x.copy(), gradient.copy()
        return value, gradient

    def _require(self, fits: bool, what: str) -> None:
        """Raise :class:`InputError` where an answer of the problem has a shape that does not fit."""
        if not fits:
            raise InputError(f"{type(self._problem).__name__}.{what}, which does not fit {self.n} unknowns")

    def _seen(self, x: np.ndarray, value: float) -> float:
        value = float(value)
        if not np.isfinite(value):
            return np.inf
        if value < self.best_value:
            self.best_x, self.best_value = x.copy(), value
        return value


class CountedLeastSquares(Counted):
    """:class:`Counted` for a sum of squares. Residuals come with their sum of squares, ``inf`` for a failure."""

    def __init__(self, problem: LeastSquares) -> None:
        super().__init__(problem)
        self._squares = problem

    def trials(self, X: Float[np.ndarray, "k n"]) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, "k m"]]:
        """Values (k,) and residuals (k, m) at the rows of ``X`` (k, n), all at once where the problem can."""
        self.evaluations += Evaluations(values=len(X))
        if isinstance(self._squares, BatchedLeastSquares):
            rows = np.asarray(self._squares.residuals_batch(X), dtype=float)
            fits = rows.ndim == 2 and len(rows) == len(X)
            self._require(fits, f"residuals_batch gave an array of shape {rows.shape} for {len(X)} points")
        else:
            rows = np.stack([np.asarray(self._squares.residuals(x), dtype=float) for x in X])
            self._require(rows.ndim == 2, f"residuals gave an array of shape {rows.shape[1:]}")
        return np.array([self._seen(x, _squared(r)) for x, r in zip(X, rows, strict=True)]), rows

    def residuals_and_jacobian(
        self, x: Float[np.ndarray, " n"]
    ) -> tuple[float, Float[np.ndarray, " m"], Float[np.ndarray, "m n"]]:
        """Value, residuals (m,) and Jacobian (m, n); the value is ``inf`` too where only the Jacobian is not finite."""
        self.evaluations += Evaluations(jacobians=1)
        r, J = (np.asarray(a, dtype=float) for a in self._squares.residuals_and_jacobian(x))
        fits = r.ndim == 1 and J.shape == (len(r), self.n)
        self._require(fits, f"residuals_and_jacobian gave arrays of the shapes {r.shape} and {J.shape}")
        value = self._seen(x, _squared(r) if np.isfinite(J).all() else np.inf)
        if np.isfinite(value):
            with np.errstate(all="ignore"):
                self.gradient = x.copy(), 2 * (J.T @ r)
        return value, r, J

    def residuals_and_factors(
        self, x: Float[np.ndarray, " n"]
    ) -> tuple[float, Float[np.ndarray, " m"], Float[np.ndarray, "m n"] | Factors]:
        """The same, with the Jacobian's factors in its place where the problem has them."""
        if not isinstance(self._squares, FactoredLeastSquares):
            return self.residuals_and_jacobian(x)
        self.evaluations += Evaluations(jacobians=1)
        r, factors = self._squares.residuals_and_factors(x)
        r = np.asarray(r, dtype=float)
        self._require(
            isinstance(factors, Factors), f"residuals_and_factors gave no Factors but a {type(factors).__name__}"
        )
        fits = r.ndim == 1 and factors.shape == (len(r), self.n)
        self._require(fits, f"residuals_and_factors gave {r.shape} and factors of a {factors.shape} matrix")
        value = self._seen(x, _squared(r) if factors.finite else np.inf)
        if np.isfinite(value):
            with np.errstate(all="ignore"):
                self.gradient = x.copy(), 2 * factors.transposed_times(r)
        return value, r, factors


def _squared(r: np.ndarray) -> float:
    """Sum of squares; ``inf`` or nan, without a warning, where it overflows or ``r`` is not finite."""
    with np.errstate(all="ignore"):
        return float(r @ r)


def require_least_squares(problem: Counted, method: str) -> CountedLeastSquares:
    """``problem`` itself where it is a sum of squares; otherwise an :class:`InputError` that says what to use."""
    if not isinstance(problem, CountedLeastSquares):
        raise InputError(
            f"optimizer '{method}' minimizes sums of squares, got value and gradient only: return residuals and say "
            "residuals=True (an object needs residuals and residuals_and_jacobian besides), or use 'bfgs' or 'lbfgs'"
        )
    return problem


def counted(problem: Problem) -> Counted:
    """``problem`` behind a fresh counter, as a sum of squares where it is one."""
    return CountedLeastSquares(problem) if isinstance(problem, LeastSquares) else Counted(problem)
