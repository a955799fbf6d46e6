"""What an optimizer may know of the problem that it minimizes.

A problem may answer ``inf`` or ``nan`` where it has no value (a simulation that diverged). Optimizers see problems
through :mod:`motionrecon.optimizers.counted`, which turns every such answer into the value ``inf``: a failed step,
never a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

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

    def value(self, x: Float[np.ndarray, " n"]) -> float:
        """f at ``x`` (n,)."""

    def value_and_gradient(self, x: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
        """f and its gradient (n,) at ``x`` (n,)."""


@runtime_checkable
class LeastSquares(Problem, Protocol):
    """A problem whose value is a sum of squares: f(x) = |r(x)|^2 (no factor of a half)."""

    def residuals(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
        """r (m,) at ``x`` (n,)."""

    def residuals_and_jacobian(
        self, x: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, "m n"]]:
        """r (m,) and dr/dx (m, n) at ``x`` (n,)."""


@runtime_checkable
class BatchedLeastSquares(LeastSquares, Protocol):
    """A least-squares problem that evaluates several points at once, for example one rollout on each core."""

    def residuals_batch(self, X: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k m"]:
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

    outer: Float[np.ndarray, "F w s"]
    inner: Float[np.ndarray, "F s n"]
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

    def dense(self) -> Float[np.ndarray, "m n"]:
        """The matrix itself."""
        return np.concatenate([(self.outer @ self.inner).reshape(-1, self.inner.shape[2]), self.direct.toarray()])

    def transposed_times(self, y: Float[np.ndarray, " m"]) -> Float[np.ndarray, " n"]:
        """The product of its transpose with ``y``."""
        frames, width, _ = self.outer.shape
        pulled = np.einsum("fws,fw->fs", self.outer, y[: frames * width].reshape(frames, width))
        by_states: np.ndarray = np.tensordot(pulled, self.inner, 2)
        return np.asarray(by_states + self.direct.T @ y[frames * width :])


@runtime_checkable
class FactoredLeastSquares(LeastSquares, Protocol):
    """A least-squares problem that knows the factors of its Jacobian: states, as of a simulation, stand in between.

    Where residuals are many more than states, they spare Optimus much of its own arithmetic: a third on windows.
    """

    def residuals_and_factors(self, x: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, " m"], Factors]:
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
