"""Sparse Gauss-Newton (Levenberg-Marquardt) over a whole trajectory.

Frames are tied to the next two at most, so the normal equations of the configurations are a band; the few unknowns
that all frames share stand at its border and are eliminated by their Schur complement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import LinAlgError, cho_factor, cho_solve, cho_solve_banded, cholesky_banded
from scipy.linalg.lapack import dtbtrs

from motionrecon.body.tangent import MOVE
from motionrecon.core.shares import in_shares
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory

Term = Callable[[Trajectory], Block]

#: A step goes no farther than its linearization means something: radians of a turn, and of a shared unknown.
LARGEST_TURN, LARGEST_SHARED = 0.5, 0.2

#: Standard deviation, metres and radians, of what nothing tells.
OPEN = 10.0


def solve(x: Trajectory, terms: Sequence[Term], iterations: int, tolerance: float = 1e-4) -> Trajectory:
    """The trajectory that minimizes the sum of the terms' costs, near `x`.

    Args:
        x: where to start; its shared unknowns move as far as they are free.
        terms: residual terms.
        iterations: linearizations at most.
        tolerance: ends when a step improves the cost by less than this share.
    """
    mu = 1e-3
    blocks = _blocks(terms, x)
    cost = sum(b.cost for b in blocks)
    for _ in range(iterations):
        system = _Normal(len(x), x.body.model.nv, x.shared, blocks)
        for _ in range(6):
            try:
                step, shared = system.solve(mu)
            except LinAlgError:  # not positive definite to rounding
                mu *= 10.0
                continue
            limited = {part: np.clip(value, -LARGEST_SHARED, LARGEST_SHARED) for part, value in shared.items()}
            trial = x.moved(_bounded(step), limited)
            trial_blocks = _blocks(terms, trial)
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


def drawn(x: Trajectory, terms: Sequence[Term], count: int, seed: int = 0) -> Float[np.ndarray, "count T nv"]:
    """Steps drawn from what the terms leave open about a trajectory that minimizes them.

    The normal equations' matrix is the information of the Gaussian that is as curved as the cost there (Laplace's
    approximation); the shared unknowns are held. What they leave open altogether is drawn within `OPEN`.

    Args:
        x: the trajectory.
        terms: residual terms, whitened.
        count: how many.
        seed: of the draws.

    """
    nv = x.body.model.nv
    banded = _Normal(len(x), nv, {}, [term(x) for term in terms]).banded
    banded[0] += OPEN**-2
    factor = cholesky_banded(banded, overwrite_ab=True, lower=True, check_finite=False)
    noise = np.random.default_rng(seed).standard_normal((len(x) * nv, count))
    steps, _ = dtbtrs(factor, noise, uplo="L", trans="T")
    return np.asarray(steps.T.reshape(count, len(x), nv))


def _blocks(terms: Sequence[Term], x: Trajectory) -> list[Block]:
    """The terms' residuals, found by all cores at once."""
    found: dict[int, Block] = {}
    waiting = iter(range(len(terms)))  # whoever is done takes the next: they take very different times

    def evaluate(_: slice) -> None:
        for i in waiting:
            found[i] = terms[i](x)

    in_shares(len(terms), evaluate)
    return [found[i] for i in range(len(terms))]


def _bounded(step: Float[np.ndarray, "T nv"]) -> Float[np.ndarray, "T nv"]:
    """The step, shorter in frames in which the root or a hinge would turn too far."""
    largest = np.abs(step[:, MOVE.stop :]).max(axis=1, keepdims=True)
    return np.asarray(step * np.minimum(1.0, LARGEST_TURN / np.maximum(largest, 1e-12)))


class _Normal:
    """Normal equations: block band over the frames, dense border for the shared unknowns.

    Args:
        T: frames.
        nv: unknowns of a frame.
        shared: the shared unknowns and the size of each; they stand at the border in this order.
        blocks: residuals.
    """

    def __init__(self, T: int, nv: int, shared: Mapping[str, int], blocks: Sequence[Block]) -> None:
        ends = np.cumsum([0, *shared.values()]).tolist()
        self.places = {part: slice(a, b) for part, a, b in zip(shared, ends[:-1], ends[1:], strict=True)}
        self.T, self.nv, self.k = T, nv, ends[-1]
        band = np.zeros((3, T, nv, nv))  # band[d, t] couples frame t (rows) with frame t + d (columns)
        self.border = np.zeros((T, nv, self.k))
        self.corner = np.zeros((self.k, self.k))
        self.gradient, self.shared_gradient = np.zeros((T, nv)), np.zeros(self.k)
        for b in blocks:
            border = self._at_the_border(b)
            for i, ji in enumerate(b.jacobians):
                if ji is None:
                    continue
                at = _in_a_row(b.frames + i)
                jt = np.swapaxes(ji, 1, 2)
                self.gradient[at] += np.einsum("nvm,nm->nv", jt, b.residual)
                if border is not None:
                    self.border[at] += _product(jt, border)
                for j in range(i, len(b.jacobians)):
                    jj = b.jacobians[j]
                    if jj is not None:
                        band[j - i, at] += _product(jt, jj)
            if border is not None:
                rows = border.reshape(-1, self.k)
                self.corner += rows.T @ rows
                self.shared_gradient += rows.T @ b.residual.ravel()
        self.banded = _to_banded(band)

    def _at_the_border(self, block: Block) -> Float[np.ndarray, "N m k"] | None:
        """A block's derivative by all the shared unknowns that are free; None if it depends on none of them."""
        parts = {part: value for part, value in block.shared.items() if part in self.places}
        if not parts:
            return None
        border = np.zeros((*block.residual.shape, self.k))
        for part, value in parts.items():
            border[..., self.places[part]] = value
        return border

    def solve(self, mu: float) -> tuple[Float[np.ndarray, "T nv"], dict[str, Float[np.ndarray, " _"]]]:
        """The damped step of the configurations and of the shared unknowns."""
        banded = self.banded.copy(order="K")
        banded[0] += mu * banded[0] + 1e-9
        factor = (cholesky_banded(banded, overwrite_ab=True, lower=True, check_finite=False), True)
        right = np.concatenate([self.gradient[..., None], self.border], axis=2).reshape(self.T * self.nv, -1)
        solved = cho_solve_banded(factor, right, check_finite=False)
        shared = np.zeros(0)
        if self.k:
            border = self.border.reshape(self.T * self.nv, self.k)
            corner = self.corner + np.diag(mu * np.diag(self.corner) + 1e-9) - border.T @ solved[:, 1:]
            shared = cho_solve(cho_factor(corner), border.T @ solved[:, 0] - self.shared_gradient)
        step = -solved[:, 0] - solved[:, 1:] @ shared
        return step.reshape(self.T, self.nv), {part: shared[place] for part, place in self.places.items()}


def _in_a_row(frames: Int[np.ndarray, " N"]) -> slice | Int[np.ndarray, " N"]:
    """Frames as a slice where they are one, whose rows are added to where they lie."""
    return slice(int(frames[0]), int(frames[-1]) + 1) if len(frames) and (np.diff(frames) == 1).all() else frames


def _product(a: Float[np.ndarray, "N n m"], b: Float[np.ndarray, "N m k"]) -> Float[np.ndarray, "N n k"]:
    """The matrices' products, by all cores at once."""
    made = np.empty((len(a), a.shape[1], b.shape[2]))

    def multiply(some: slice) -> None:
        np.matmul(a[some], b[some], out=made[some])

    in_shares(len(a), multiply)
    return made


def _to_banded(band: Float[np.ndarray, "3 T nv nv"]) -> Float[np.ndarray, "rows columns"]:
    """Lower banded storage (as of LAPACK's ``pbtrf``) of a symmetric block band; in memory column by column."""
    _, T, nv, _ = band.shape
    stored = np.zeros((T, nv, 3 * nv))
    for d in range(3):
        for c in range(nv):
            # Row r of frame t + d, column c of frame t; band[d, t] holds the transposed block.
            first = max(0, c - d * nv)
            below = first + d * nv - c
            stored[: T - d, c, below : below + nv - first] = band[d, : T - d, c, first:]
    return stored.reshape(T * nv, 3 * nv).T
