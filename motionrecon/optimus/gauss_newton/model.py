"""The Gauss-Newton model of a sum of squares around a point, and how secants correct it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.linalg import LinAlgError, cho_factor

from motionrecon.optimizers.damped import largest_cosine
from motionrecon.optimizers.problem import Factors
from motionrecon.optimus.gauss_newton.causal import Causal
from motionrecon.optimus.gauss_newton.corrected import Corrected, Matrix
from motionrecon.optimus.gauss_newton.factored import Factored

#: Unknowns from which the matrices are in single precision: B only preconditions, and a step is judged by its value.
SINGLE = 100
#: Secants of one step at most: the trials nearest to the point that was taken.
SECANTS = 6
#: Share of leading zeros in J from which unknowns are said to act one after the other; half of a window's J are.
CAUSAL = 0.1


@dataclass(frozen=True)
class GaussNewtonModel:
    """The Gauss-Newton model |r + J s|^2 around a point.

    Attributes:
        r: (m,) residuals.
        jacobian: J, as evaluated and since corrected.
        normal: (n, n) J'J.
        gradient: (n,) J'r.
        late: (n,) when each unknown begins to act, from -1/2 (first) to 1/2 (last); zeros where all act at once.
        secants: steps by which J was corrected since it was evaluated.
        miss: (n,) J' of what the last step's prediction missed, None at first: the network looks at it.
    """

    r: Float[np.ndarray, " m"]
    jacobian: Corrected
    normal: Float[np.ndarray, "n n"]
    gradient: Float[np.ndarray, " n"]
    late: Float[np.ndarray, " n"]
    secants: int = 0
    miss: Float[np.ndarray, " n"] | None = None

    @classmethod
    def at(cls, r: Float[np.ndarray, " m"], J: Float[np.ndarray, "m n"] | Factors) -> GaussNewtonModel:
        """The model of freshly evaluated residuals and Jacobian, in single precision if large."""
        with np.errstate(over="ignore", invalid="ignore"):
            if isinstance(J, Factors):
                matrix: Matrix = Factored.of(J, np.float32 if J.inner.shape[2] >= SINGLE else np.float64)
            else:
                matrix = Causal.of(np.ascontiguousarray(J, np.float32 if J.shape[1] >= SINGLE else np.float64))
            jacobian = Corrected.of(matrix)
            gradient = jacobian.transposed_times(r[:, None])[:, 0].astype(float)
            return cls(r, jacobian, matrix.gram(), gradient, _late(matrix))

    @property
    def finite(self) -> bool:
        """False where squares had no place in the precision used: no step of the model can be trusted."""
        return bool(np.isfinite(self.gradient).all() and np.isfinite(self.normal).all())

    def slope(self) -> float:
        """Largest cosine between r and a column of J."""
        return largest_cosine(self.r, self.gradient, self.normal)

    def change(self, steps: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k m"]:
        """(k, m) by how much the residuals change over ``steps`` (k, n) by this model."""
        return self.jacobian.times(steps.T).T

    def factor(self, damping: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, "n n"], bool] | None:
        """The Cholesky factor of J'J + diag(damping), or None where it is not positive definite."""
        damped = self.normal.copy(order="F")
        np.fill_diagonal(damped, self.normal.diagonal() + damping)
        try:
            lower, _ = cho_factor(damped, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return None
        return lower, True

    def moved(
        self, best: int, steps: Float[np.ndarray, "k n"], residuals: Float[np.ndarray, "k m"]
    ) -> GaussNewtonModel:
        """The model around ``x + steps[best]``, corrected by secants.

        Broyden's update for each of the nearest trials in turn, that of the step itself last, so that it holds exactly.

        Args:
            best: which trial was taken.
            steps: (k, n) the trials, relative to x.
            residuals: (k, m) finite residuals there.
        """
        step, r = steps[best], residuals[best]
        length = np.linalg.norm(steps - step, axis=1)
        near = [int(i) for i in np.argsort(length) if length[i] > 1e-3 * np.linalg.norm(step)][:SECANTS][::-1]
        predicted = self.change(steps[[*near, best]])
        predicted[:-1] -= predicted[-1]
        predicted[-1] *= -1
        s = np.concatenate([steps[near] - step, -step[None]])
        miss = np.concatenate([residuals[near], self.r[None]]) - r - predicted
        direction = s / (s**2).sum(1, keepdims=True)
        overlap = direction @ s.T  # what correction i adds to J s_j
        for j in range(1, len(s)):
            miss[j] -= overlap[:j, j] @ miss[:j]
        kind = self.normal.dtype
        M, W = np.ascontiguousarray(miss.T, dtype=kind), np.ascontiguousarray(direction.T, dtype=kind)
        by_miss = self.jacobian.transposed_times(np.concatenate([M, r[:, None].astype(kind)], axis=1))
        gradient = by_miss[:, -1] + W @ (M.T @ r.astype(kind))
        half = (by_miss[:, :-1] + 0.5 * W @ (M.T @ M)) @ W.T
        return GaussNewtonModel(
            r=r,
            jacobian=self.jacobian.plus(M, W),
            normal=self.normal + half + half.T,
            gradient=gradient.astype(float),
            late=self.late,
            secants=self.secants + 1,
            miss=by_miss[:, -2].astype(float),
        )


def inverse_terms(
    B: Float[np.ndarray, "n n"], image: Float[np.ndarray, " n"], miss: float, direction: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, "2 n"], Float[np.ndarray, 2]]:
    """The two signed rank-one terms that Broyden's update of J adds to B = (J'J + mu D)^-1.

    With J + e w' the normal matrix gains p p' - q q', p = c w + J'e / c, q = J'e / c, c = |e|; the inverse follows by
    Sherman and Morrison's formula, twice.

    Args:
        B: (n, n) before the update.
        image: (n,) J'e.
        miss: |e|, above 0.
        direction: (n,) w.

    Returns:
        Vectors u (2, n) and signs (2,): B becomes B + sum of sign u u'.
    """
    p, q = miss * direction + image / miss, image / miss
    Bp = B @ p
    first = Bp / np.sqrt(1 + p @ Bp)
    Bq = B @ q - first * (first @ q)
    left = 1 - q @ Bq
    return np.stack([first, Bq / np.sqrt(abs(left))]), np.array([-1.0, np.sign(left)])


def _late(matrix: Matrix) -> np.ndarray:
    """(n,) the first residual, or state, that each unknown moves, scaled to -1/2 ... 1/2; zeros where it tells nothing.

    Where few entries are leading zeros these are accidents, and the order of the residuals must not matter.
    """
    first = matrix.first
    low, high = float(first.min()), float(first.max())
    if high == low or first.mean() < CAUSAL * matrix.rows:
        return np.zeros(len(first))
    return (first - low) / (high - low) - 0.5
