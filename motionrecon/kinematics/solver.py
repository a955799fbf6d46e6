"""Sparse Gauss-Newton (Levenberg-Marquardt) over a whole trajectory.

Frames are tied to the next two at most, so the normal equations of the configurations are a band; the few unknowns
that all frames share stand at its border and are eliminated by their Schur complement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, cho_solve_banded, cholesky_banded

from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory

Term = Callable[[Trajectory], Block]


def minimize(x: Trajectory, terms: Sequence[Term], iterations: int, tolerance: float = 1e-4) -> Trajectory:
    """The trajectory that minimizes the sum of the terms' costs, near `x`.

    Args:
        x: where to start.
        terms: residual terms.
        iterations: linearizations at most.
        tolerance: ends when a step improves the cost by less than this share.
    """
    mu = 1e-3
    blocks = [term(x) for term in terms]
    cost = sum(b.cost for b in blocks)
    for _ in range(iterations):
        system = _Normal(len(x), x.body.model.nv, x.shared_count, blocks)
        for _ in range(6):
            try:
                step, shared = system.solve(mu)
            except LinAlgError:  # not positive definite to rounding
                mu *= 10.0
                continue
            trial = x.moved(_bounded(step), np.clip(shared, -0.2, 0.2))
            trial_blocks = [term(trial) for term in terms]
            trial_cost = sum(b.cost for b in trial_blocks)
            if trial_cost < cost:
                break
            mu *= 10.0
        else:
            return x
        gain = (cost - trial_cost) / cost
        x, blocks, cost = trial, trial_blocks, trial_cost
        mu = max(mu / 5.0, 1e-7)
        if gain < tolerance:
            break
    return x


def _bounded(step: np.ndarray) -> np.ndarray:
    """The step with rotations of at most half a radian per frame: beyond that its linearization means nothing."""
    largest = np.abs(step[:, 3:]).max(axis=1, keepdims=True)
    return step * np.minimum(1.0, 0.5 / np.maximum(largest, 1e-12))


class _Normal:
    """Normal equations: block band over the frames, dense border for the shared unknowns."""

    def __init__(self, T: int, nv: int, k: int, blocks: Sequence[Block]) -> None:
        self.T, self.nv, self.k = T, nv, k
        band = np.zeros((3, T, nv, nv))  # band[d, t] couples frame t (rows) with frame t + d (columns)
        self.border = np.zeros((T, nv, k))
        self.corner = np.zeros((k, k))
        self.gradient, self.shared_gradient = np.zeros((T, nv)), np.zeros(k)
        for b in blocks:
            for i, ji in enumerate(b.jacobians):
                if ji is None:
                    continue
                at = b.frames + i
                jt = np.swapaxes(ji, 1, 2)
                self.gradient[at] += np.einsum("nvm,nm->nv", jt, b.residual)
                if b.shared is not None:
                    self.border[at] += jt @ b.shared
                for j in range(i, len(b.jacobians)):
                    jj = b.jacobians[j]
                    if jj is not None:
                        band[j - i, at] += jt @ jj
            if b.shared is not None:
                self.corner += np.einsum("nmi,nmj->ij", b.shared, b.shared)
                self.shared_gradient += np.einsum("nmi,nm->i", b.shared, b.residual)
        self.banded = _to_banded(band)

    def solve(self, mu: float) -> tuple[np.ndarray, np.ndarray]:
        banded = self.banded.copy()
        banded[0] += mu * banded[0] + 1e-9
        factor = (cholesky_banded(banded, overwrite_ab=True, lower=True, check_finite=False), True)
        right = np.concatenate([self.gradient[..., None], self.border], axis=2).reshape(self.T * self.nv, -1)
        solved = cho_solve_banded(factor, right, check_finite=False)
        border = self.border.reshape(self.T * self.nv, self.k)
        corner = self.corner + np.diag(mu * np.diag(self.corner) + 1e-9) - border.T @ solved[:, 1:]
        shared = cho_solve(cho_factor(corner), border.T @ solved[:, 0] - self.shared_gradient)
        step = -solved[:, 0] - solved[:, 1:] @ shared
        return step.reshape(self.T, self.nv), shared


def _to_banded(band: np.ndarray) -> np.ndarray:
    """Lower banded storage (as of LAPACK's ``pbtrf``) of a symmetric block band (3, T, nv, nv)."""
    _, T, nv, _ = band.shape
    stored = np.zeros((3 * nv, T * nv))
    dof = np.arange(nv)
    for d in range(3):
        for c in range(nv):
            # Row r of frame t + d, column c of frame t; band[d, t] holds the transposed block.
            below = dof + d * nv - c
            keep = below >= 0
            columns = np.arange(T - d) * nv + c
            stored[below[keep][:, None], columns] = band[d, : T - d, c][:, keep].T
    return stored
