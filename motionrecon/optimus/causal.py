"""A Jacobian whose late unknowns do not move early residuals, and low-rank corrections of it.

Products with it are what Optimus's own arithmetic is made of. Half of a window's Jacobian is zero, as the controls of a
knot do not move the frames before it; which half is read off the matrix.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import blas

#: Columns of corrections that are kept apart; beyond, they are added to the matrix.
APART = 64
#: Rows that are looked at together.
STRIDE = 32
#: Blocks of rows at least this long: shorter ones cost more than their zeros save.
ROWS = 100


def first_rows(J: np.ndarray) -> np.ndarray:
    """(n,) the first row of ``J`` (m, n) in which each column is not zero; 0 for columns of zeros.

    By blocks of rows first: looking for it entry by entry takes a fourth of the time of J'J.
    """
    m, n = J.shape
    nonzero = J != 0
    whole = m // STRIDE * STRIDE
    blocks = nonzero[:whole].reshape(-1, STRIDE, n).any(1)
    blocks = np.concatenate([blocks, nonzero[whole:].any(0)[None]])
    start = blocks.argmax(0) * STRIDE
    rows = np.minimum(start + np.arange(STRIDE)[:, None], m - 1)
    return start + nonzero[rows, np.arange(n)].argmax(0)


@dataclass(frozen=True)
class Corrected:
    """J + M W', with J in single precision where it is large.

    Attributes:
        J: (m, n).
        blocks: rows from, rows to, and the columns from which on J is zero in them.
        M, W: (m, k) and (n, k).
    """

    J: np.ndarray
    blocks: tuple[tuple[int, int, int], ...]
    M: np.ndarray
    W: np.ndarray

    @classmethod
    def of(cls, J: np.ndarray, first: np.ndarray) -> Corrected:
        """Without corrections; ``first`` (n,) is the first row in which each column is not zero."""
        m, n = J.shape
        blocks: list[tuple[int, int, int]] = []
        if (np.diff(first) >= 0).all():
            edges = [0]
            for row in np.unique(first):
                if row - edges[-1] >= ROWS:
                    edges.append(int(row))
            for begin, end in zip(edges, [*edges[1:], m], strict=True):
                blocks.append((begin, end, int(np.searchsorted(first, end))))
        return cls(J, tuple(blocks) or ((0, m, n),), np.zeros((m, 0), J.dtype), np.zeros((n, 0), J.dtype))

    def gram(self) -> np.ndarray:
        """J'J (n, n), of the matrix without corrections."""
        n = self.J.shape[1]
        product = blas.ssyrk if self.J.dtype == np.float32 else blas.dsyrk
        normal = np.zeros((n, n), self.J.dtype, order="F")
        for begin, end, columns in self.blocks:
            if columns:
                # J is in rows; its transpose is what BLAS calls a matrix, so nothing is copied but strided columns.
                part = product(1.0, self.J[begin:end, :columns].T, lower=1)
                normal[:columns, :columns] += part
        return np.tril(normal) + np.tril(normal, -1).T

    def times(self, X: np.ndarray) -> np.ndarray:
        """(m, k) for ``X`` (n, k)."""
        X = np.ascontiguousarray(X, dtype=self.J.dtype)
        out = np.empty((len(self.J), X.shape[1]), self.J.dtype)
        for begin, end, columns in self.blocks:
            np.matmul(self.J[begin:end, :columns], X[:columns], out=out[begin:end])
        return out + self.M @ (self.W.T @ X) if self.W.shape[1] else out

    def transposed_times(self, Y: np.ndarray) -> np.ndarray:
        """(n, k) for ``Y`` (m, k)."""
        Y = np.ascontiguousarray(Y, dtype=self.J.dtype)
        out = np.zeros((self.J.shape[1], Y.shape[1]), self.J.dtype)
        for begin, end, columns in self.blocks:
            out[:columns] += self.J[begin:end, :columns].T @ Y[begin:end]
        return out + self.W @ (self.M.T @ Y) if self.W.shape[1] else out

    def plus(self, M: np.ndarray, W: np.ndarray) -> Corrected:
        """With further corrections M W'."""
        M, W = np.concatenate([self.M, M], axis=1), np.concatenate([self.W, W], axis=1)
        if W.shape[1] <= APART:
            return replace(self, M=M, W=W)
        m, n = self.J.shape
        return Corrected(self.J + M @ W.T, ((0, m, n),), M[:, :0], W[:, :0])

    def dense(self) -> np.ndarray:
        """The matrix itself (m, n)."""
        return self.J + self.M @ self.W.T
