"""What an optimizer may know of the problem that it minimizes, and the wrapper that counts what was asked of it.

A problem may answer ``inf`` or ``nan`` where it has no value (a simulation that diverged). Optimizers see problems
through :func:`counted`, which turns every such answer into the value ``inf``: a failed step, never a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from motionrecon.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@runtime_checkable
class Problem(Protocol):
    """A function of ``n`` numbers to be minimized, with its gradient.

    ``isinstance(p, Problem)`` tells at run time whether ``p`` offers these names.
    """

    @property
    def n(self) -> int:
        """Number of unknowns."""

    def value(self, x: np.ndarray) -> float:
        """f at ``x`` (n,)."""

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """f and its gradient (n,) at ``x`` (n,)."""


@runtime_checkable
class LeastSquares(Problem, Protocol):
    """A problem whose value is a sum of squares: f(x) = |r(x)|^2 (no factor of a half)."""

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """r (m,) at ``x`` (n,)."""

    def residuals_and_jacobian(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """r (m,) and dr/dx (m, n) at ``x`` (n,)."""


@runtime_checkable
class BatchedLeastSquares(LeastSquares, Protocol):
    """A least-squares problem that evaluates several points at once, for example one rollout on each core."""

    def residuals_batch(self, X: np.ndarray) -> np.ndarray:
        """Residuals (k, m) at the k rows of ``X`` (k, n)."""


@dataclass(frozen=True)
class Factors:
    """A Jacobian (F w + d, n), where unknowns move F states and the residuals look at these.

    Its rows are those of ``outer[f] @ inner[f]``, f by f, and then those of ``direct``.

    Attributes:
        outer: (F, w, s) derivative of each state's w residuals by the state.
        inner: (F, s, n) derivative of the states by the unknowns.
        direct: (d, n) derivative of the residuals that look at no state; kept sparse.

    Raises:
        InputError: the shapes do not fit, or there is no state.
    """

    outer: np.ndarray
    inner: np.ndarray
    direct: csr_array

    def __post_init__(self) -> None:
        from scipy.sparse import csr_array

        for name in ("outer", "inner"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=float))
        shapes = [np.shape(a) for a in (self.outer, self.inner, self.direct)]
        try:
            (frames, width, states), inner, (_, n) = shapes
        except ValueError:
            frames = width = states = n = 0
            inner = ()
        if not frames * width * states or inner != (frames, states, n):
            raise InputError(
                f"a Jacobian's factors have the shapes {shapes[0]}, {shapes[1]} and {shapes[2]}: give (F, w, s), "
                "(F, s, n) and (d, n), the first of them without a 0"
            )
        object.__setattr__(self, "direct", csr_array(self.direct))

    @property
    def shape(self) -> tuple[int, int]:
        """Of the matrix, (F w + d, n)."""
        frames, width, _ = self.outer.shape
        return frames * width + self.direct.shape[0], self.inner.shape[2]

    @property
    def finite(self) -> bool:
        """Whether all entries are."""
        return all(bool(np.isfinite(a).all()) for a in (self.outer, self.inner, self.direct.data))

    def dense(self) -> np.ndarray:
        """The matrix itself."""
        return np.concatenate([(self.outer @ self.inner).reshape(-1, self.inner.shape[2]), self.direct.toarray()])


@runtime_checkable
class FactoredLeastSquares(LeastSquares, Protocol):
    """A least-squares problem that knows the factors of its Jacobian: states, as of a simulation, stand in between.

    Where residuals are many more than states, they spare Optimus much of its own arithmetic: a third on windows.
    """

    def residuals_and_factors(self, x: np.ndarray) -> tuple[np.ndarray, Factors]:
        """r and dr/dx at ``x`` (n,), as `residuals_and_jacobian` has them."""


@dataclass(frozen=True)
class Evaluations:
    """How often each answer of a problem was asked for.

    Attributes:
        values: calls of ``value`` or ``residuals``, and rows of ``residuals_batch``: bare rollouts.
        gradients: calls of ``value_and_gradient``.
        jacobians: calls of ``residuals_and_jacobian``, and of ``residuals_and_factors``.
    """

    values: int = 0
    gradients: int = 0
    jacobians: int = 0

    @property
    def derivatives(self) -> int:
        """Gradients and Jacobians alike (for a window they cost the same): what budgets are given in."""
        return self.gradients + self.jacobians

    def __add__(self, other: Evaluations) -> Evaluations:
        return Evaluations(
            self.values + other.values, self.gradients + other.gradients, self.jacobians + other.jacobians
        )


class Counted:
    """A problem that counts its evaluations, remembers the best point, and answers ``inf`` where it has no value.

    Attributes:
        evaluations: what was asked for since the wrapper was made.
        best_x: the point (n,) with the lowest finite value seen, or None.
        best_value: that value, or ``inf``.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.evaluations = Evaluations()
        self.best_x: np.ndarray | None = None
        self.best_value = np.inf

    @property
    def n(self) -> int:
        return self._problem.n

    def value(self, x: np.ndarray) -> float:
        self.evaluations += Evaluations(values=1)
        return self._seen(x, self._problem.value(x))

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """As the problem's own; where the value or the gradient is not finite, ``inf`` and a gradient of zeros."""
        self.evaluations += Evaluations(gradients=1)
        value, gradient = self._problem.value_and_gradient(x)
        gradient = np.asarray(gradient, dtype=float)
        self._require(gradient.shape == x.shape, f"value_and_gradient gave a gradient of shape {gradient.shape}")
        value = self._seen(x, value if np.isfinite(gradient).all() else np.inf)
        return value, gradient if np.isfinite(value) else np.zeros(len(x))

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

    def trials(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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

    def residuals_and_jacobian(self, x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Value, residuals (m,) and Jacobian (m, n); the value is ``inf`` too where only the Jacobian is not finite."""
        self.evaluations += Evaluations(jacobians=1)
        r, J = (np.asarray(a, dtype=float) for a in self._squares.residuals_and_jacobian(x))
        fits = r.ndim == 1 and J.shape == (len(r), self.n)
        self._require(fits, f"residuals_and_jacobian gave arrays of the shapes {r.shape} and {J.shape}")
        return self._seen(x, _squared(r) if np.isfinite(J).all() else np.inf), r, J

    def residuals_and_factors(self, x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray | Factors]:
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
        return self._seen(x, _squared(r) if factors.finite else np.inf), r, factors


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
