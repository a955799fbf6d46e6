"""A Jacobian, and low-rank corrections of it that are kept apart while they are few."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float, Int

from motionrecon.optimus.gauss_newton.causal import Causal

#: Columns of corrections that are kept apart; beyond, they are added to the matrix.
APART = 64


class Matrix(Protocol):
    """What is asked of the Jacobian (m, n) itself: `Causal`, `Factored`.

    Attributes:
        first: (n,) the first row in which each column acts, of ``rows``: the matrix's, or of the states behind it.
    """

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def first(self) -> Int[np.ndarray, " n"]: ...
    @property
    def rows(self) -> int: ...
    def dense(self) -> Float[np.ndarray, "m n"]:
        """J (m, n)."""

    def gram(self) -> Float[np.ndarray, "n n"]:
        """J'J (n, n)."""

    def times(self, X: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "m k"]:
        """J X (m, k) for ``X`` (n, k)."""

    def transposed_times(self, Y: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "n k"]:
        """J'Y (n, k) for ``Y`` (m, k)."""


@dataclass(frozen=True)
class Corrected:
    """J + M W'.

    Attributes:
        J: (m, n).
        M, W: (m, k) and (n, k).
    """

    J: Matrix
    M: Float[np.ndarray, "m k"]
    W: Float[np.ndarray, "n k"]

    @classmethod
    def of(cls, J: Matrix) -> Corrected:
        """Without corrections."""
        m, n = J.shape
        return cls(J, np.zeros((m, 0), J.dtype), np.zeros((n, 0), J.dtype))

    def times(self, X: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "m k"]:
        """(m, k) for ``X`` (n, k)."""
        X = np.ascontiguousarray(X, dtype=self.J.dtype)
        out = self.J.times(X)
        return out + self.M @ (self.W.T @ X) if self.W.shape[1] else out

    def transposed_times(self, Y: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "n k"]:
        """(n, k) for ``Y`` (m, k)."""
        Y = np.ascontiguousarray(Y, dtype=self.J.dtype)
        out = self.J.transposed_times(Y)
        return out + self.W @ (self.M.T @ Y) if self.W.shape[1] else out

    def plus(self, M: Float[np.ndarray, "m l"], W: Float[np.ndarray, "n l"]) -> Corrected:
        """With further corrections M W'; where that makes too many of them, they and J's factors become one matrix."""
        M, W = np.concatenate([self.M, M], axis=1), np.concatenate([self.W, W], axis=1)
        if W.shape[1] <= APART:
            return replace(self, M=M, W=W)
        return Corrected.of(Causal.full(self.J.dense() + M @ W.T))

    def dense(self) -> Float[np.ndarray, "m n"]:
        """The matrix itself (m, n)."""
        whole: np.ndarray = self.J.dense() + self.M @ self.W.T
        return whole
