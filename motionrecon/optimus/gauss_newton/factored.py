"""A Jacobian in factors: residuals by the states of a simulation, and the states by the unknowns.

A window of motion has some 230 residuals for each frame, and 68 numbers that they all depend on. Products go through
these, and J'J is that of 68 rows for each frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array

from motionrecon.optimizers.problem import Factors
from motionrecon.optimus.gauss_newton.causal import Causal

#: Share by which the diagonal of ``outer' outer`` is raised, so that it has a Cholesky factor where residuals see fewer
#: directions than there are states. State by state, as states may have any units.
RIDGE = 1e-10


@dataclass(frozen=True)
class Factored:
    """`Factors` of single or double precision.

    Attributes:
        outer: (F, w, s).
        inner: (F s, n).
        direct: (d, n).
    """

    outer: Float[np.ndarray, "F w s"]
    inner: Causal
    direct: csr_array

    @classmethod
    def of(cls, factors: Factors, kind: type[np.floating[Any]]) -> Factored:
        """Of a problem's factors, in the precision ``kind``."""
        _, states, n = factors.inner.shape
        inner = np.ascontiguousarray(factors.inner, dtype=kind).reshape(-1, n)
        return cls(factors.outer.astype(kind), Causal.of(inner, together=states), factors.direct.astype(kind))

    @property
    def shape(self) -> tuple[int, int]:
        frames, width, _ = self.outer.shape
        return frames * width + self.direct.shape[0], self.direct.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.outer.dtype

    @property
    def first(self) -> Int[np.ndarray, " n"]:
        """(n,) the first row of the first state that each unknown moves; beyond all rows where it moves none."""
        return self.inner.first

    @property
    def rows(self) -> int:
        """What ``first`` counts."""
        return self.inner.rows

    def dense(self) -> Float[np.ndarray, "m n"]:
        """The matrix itself."""
        frames, _, states = self.outer.shape
        return Factors(self.outer, self.inner.matrix.reshape(frames, states, -1), self.direct).dense()

    def gram(self) -> Float[np.ndarray, "n n"]:
        """J'J (n, n); NaN where squares have no place in double precision."""
        frames, _, states = self.outer.shape
        outer, each = self.outer.astype(float), np.arange(states)
        square = outer.transpose(0, 2, 1) @ outer
        if not np.isfinite(square).all():
            return np.full((self.shape[1],) * 2, np.nan, self.dtype)
        square[:, each, each] = (1 + RIDGE) * square[:, each, each] + 1e-300  # the last for states that none sees
        root = np.linalg.cholesky(square).transpose(0, 2, 1).astype(self.dtype)
        inner = self.inner.matrix.reshape(frames, states, -1)
        short = np.zeros_like(inner)  # s rows for each frame, with the same squares as its w
        for f in range(frames):
            columns = self.inner.columns(states * (f + 1))
            np.matmul(root[f], inner[f, :, :columns], out=short[f, :, :columns])
        normal = self.inner.like(short.reshape(self.inner.shape)).gram()
        whole: np.ndarray = normal + (self.direct.T @ self.direct).toarray()
        return whole

    def times(self, X: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "m k"]:
        """(F w + d, k) for ``X`` (n, k)."""
        frames, width, states = self.outer.shape
        moved = self.inner.times(X).reshape(frames, states, -1)
        return np.concatenate([(self.outer @ moved).reshape(frames * width, -1), self.direct @ X])

    def transposed_times(self, Y: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "n k"]:
        """(n, k) for ``Y`` (F w + d, k)."""
        frames, width, states = self.outer.shape
        split = frames * width
        pulled = self.outer.transpose(0, 2, 1) @ Y[:split].reshape(frames, width, -1)
        by_states = self.inner.transposed_times(pulled.reshape(frames * states, -1))
        whole: np.ndarray = by_states + self.direct.T @ Y[split:]
        return whole
