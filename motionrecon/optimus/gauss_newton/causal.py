"""A matrix whose late columns are zero in its early rows, and products with it that leave the zeros out.

The controls of a knot do not move the frames before it, so that half of a window's Jacobian is zero. Which half is read
off the matrix. Products with it are what Optimus's own arithmetic is made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import blas

#: Rows that are looked at together.
STRIDE = 32
#: Blocks of rows at least this long: shorter ones cost more than their zeros save.
ROWS = 100


def first_rows(J: Float[np.ndarray, "m n"]) -> Int[np.ndarray, " n"]:
    """(n,) the first row of ``J`` (m, n) in which each column is not zero; m for columns of zeros.

    By blocks of rows first: looking for it entry by entry takes a fourth of the time of J'J.
    """
    m, n = J.shape
    if m == 0:
        return np.zeros(n, dtype=int)
    nonzero = J != 0
    whole = m // STRIDE * STRIDE
    blocks = nonzero[:whole].reshape(-1, STRIDE, n).any(1)
    blocks = np.concatenate([blocks, nonzero[whole:].any(0)[None]])
    start = blocks.argmax(0) * STRIDE
    rows = np.minimum(start + np.arange(STRIDE)[:, None], m - 1)
    return np.asarray(np.where(blocks.any(0), start + nonzero[rows, np.arange(n)].argmax(0), m))


@dataclass(frozen=True)
class Causal:
    """A matrix of single or double precision, and where it is zero.

    Attributes:
        matrix: (m, n).
        first: (n,) the first row in which each column may be other than zero; m for columns of zeros.
        blocks: rows from, rows to, and the columns from which on the matrix is zero in them.
    """

    matrix: Float[np.ndarray, "m n"]
    first: Int[np.ndarray, " n"]
    blocks: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, matrix: Float[np.ndarray, "m n"], together: int = 1) -> Causal:
        """With the zeros that it is seen to have, ``together`` rows being zero together or not at all."""
        m, n = matrix.shape
        first = first_rows(matrix) // together * together
        blocks: list[tuple[int, int, int]] = []
        if (np.diff(first) >= 0).all():
            edges = [0]
            for row in np.unique(first):
                if row < m and row - edges[-1] >= ROWS:
                    edges.append(int(row))
            for begin, end in zip(edges, [*edges[1:], m], strict=True):
                blocks.append((begin, end, int(np.searchsorted(first, end))))
        return cls(matrix, first, tuple(blocks) or ((0, m, n),))

    @classmethod
    def full(cls, matrix: Float[np.ndarray, "m n"]) -> Causal:
        """Of a matrix without zeros to leave out."""
        m, n = matrix.shape
        return cls(matrix, np.zeros(n, dtype=int), ((0, m, n),))

    def like(self, matrix: Float[np.ndarray, "m n"]) -> Causal:
        """Another matrix (m, n) with the same zeros."""
        return Causal(matrix, self.first, self.blocks)

    def columns(self, rows: int) -> int:
        """The columns from which on the matrix is zero in the first so many rows, by its blocks."""
        return next(columns for _, end, columns in self.blocks if rows <= end)

    @property
    def shape(self) -> tuple[int, int]:
        return self.matrix.shape

    @property
    def rows(self) -> int:
        """What ``first`` counts."""
        return len(self.matrix)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.matrix.dtype

    def dense(self) -> Float[np.ndarray, "m n"]:
        """The matrix itself (m, n)."""
        return self.matrix

    def gram(self) -> Float[np.ndarray, "n n"]:
        """A'A (n, n)."""
        n = self.shape[1]
        product = blas.ssyrk if self.dtype == np.float32 else blas.dsyrk
        normal = np.zeros((n, n), self.dtype, order="F")
        for begin, end, columns in self.blocks:
            if columns:
                # A is in rows; its transpose is what BLAS calls a matrix, so nothing is copied but strided columns.
                part = product(1.0, self.matrix[begin:end, :columns].T, lower=1)
                normal[:columns, :columns] += part
        normal += np.tril(normal, -1).T  # BLAS has left zeros above the diagonal
        return normal

    def times(self, X: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "m k"]:
        """(m, k) for ``X`` (n, k)."""
        out = np.empty((len(self.matrix), X.shape[1]), self.dtype)
        for begin, end, columns in self.blocks:
            np.matmul(self.matrix[begin:end, :columns], X[:columns], out=out[begin:end])
        return out

    def transposed_times(self, Y: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "n k"]:
        """(n, k) for ``Y`` (m, k)."""
        out = np.zeros((self.shape[1], Y.shape[1]), self.dtype)
        for begin, end, columns in self.blocks:
            out[:columns] += self.matrix[begin:end, :columns].T @ Y[begin:end]
        return out
