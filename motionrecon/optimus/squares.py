"""Optimus for sums of squares: B_0 from the Jacobian, updated between Jacobians by what cheap residuals tell.

A step is ``x - B s``. After a Jacobian J was evaluated, B = (J'J + mu D)^-1 and s is the gradient J'r. Between
Jacobians every trial that was paid for is a secant: J is corrected by Broyden's rank-one update for each of them, and
each correction adds two rank-one terms to B (`inverse_terms` shows them, and the tests check them; with many secants at
once and several dampings to try, a fresh Cholesky factor of the corrected J'J + mu D is the cheaper way to the same B,
and the way taken here). Three ideas beyond LM's:

- *late and early*: the damping D is tried in shapes that trust the unknowns that act late less, or more, than those
  that act early. When an unknown acts is read off J itself: the first residual, or state, that it moves. Where all move
  the first one the shapes are equal, and only one is tried. The shape that served last is tried with every damping,
  the others with the middle one.
- *curvature*: what a trial missed by is the second-order term of r along it; the geodesic acceleration -B J'miss
  (Transtrum and Sethna, 2012) is added to the best trials, and tried. It costs a rollout, where theirs costs one too.
- *patience*: trials are much cheaper than a Jacobian, so inner steps go on while the logarithm of the value falls as
  fast, for its price, as it fell on average since the Jacobian was asked for: the marginal value theorem of foraging
  (Charnov, 1976), which says when to leave a patch if the way to the next one costs something.

With weights (`learned.py`) a network sees each unknown and changes the damping D, the gradient s and B, this by three
rank-one terms; without them, or with weights of zero, all of the above is what remains: the control of every table.

Where the problem knows the factors of J (`motionrecon.optimizers.Factors`; windows do), products go through them.

An inner step of which no trial lowers the value is the last one: J is evaluated anew. Where no trial does at a fresh
J, the step falls back and the damping rises (LM's own safeguard); these are counted. The best point is kept by the base
class.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from motionrecon.errors import InputError
from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.counted import Counted, CountedLeastSquares, require_least_squares
from motionrecon.optimizers.damped import MU_MAX, MU_MIN, largest_cosine, why_finished
from motionrecon.optimizers.problem import Factors
from motionrecon.optimus.causal import Causal
from motionrecon.optimus.corrected import Corrected, Matrix
from motionrecon.optimus.factored import Factored

if TYPE_CHECKING:
    from motionrecon.optimus.learned import SquaresNetwork

#: Unknowns from which the matrices are in single precision: B only preconditions, and a step is judged by its value.
SINGLE = 100
#: Secants of one step at most: the trials nearest to the point that was taken.
SECANTS = 6
#: Share of leading zeros in J from which unknowns are said to act one after the other; half of a window's J are.
CAUSAL = 0.1
#: An acceleration is at most as long as its step.
LONGEST_ACCELERATION = 1.0


class Advice(NamedTuple):
    """What a network says about a model; the untrained advice is no damping, the gradient J'r and no terms.

    Attributes:
        damping: (n,) logarithm of each unknown's factor on the damping.
        gradient: (n,) s in place of the gradient J'r.
        terms: (3, n) vectors u of the rank-one terms of B.
    """

    damping: np.ndarray
    gradient: np.ndarray
    terms: np.ndarray


#: Signs of the network's three rank-one terms.
SIGNS = np.array([1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Model:
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

    r: np.ndarray
    jacobian: Corrected
    normal: np.ndarray
    gradient: np.ndarray
    late: np.ndarray
    secants: int = 0
    miss: np.ndarray | None = None

    @classmethod
    def at(cls, r: np.ndarray, J: np.ndarray | Factors) -> Model:
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

    def change(self, steps: np.ndarray) -> np.ndarray:
        """(k, m) by how much the residuals change over ``steps`` (k, n) by this model."""
        return self.jacobian.times(steps.T).T

    def factor(self, damping: np.ndarray) -> tuple[np.ndarray, bool] | None:
        """The Cholesky factor of J'J + diag(damping), or None where it is not positive definite."""
        damped = self.normal.copy(order="F")
        np.fill_diagonal(damped, self.normal.diagonal() + damping)
        try:
            return cho_factor(damped, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return None

    def moved(self, best: int, steps: np.ndarray, residuals: np.ndarray) -> Model:
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
        return Model(
            r=r,
            jacobian=self.jacobian.plus(M, W),
            normal=self.normal + half + half.T,
            gradient=gradient.astype(float),
            late=self.late,
            secants=self.secants + 1,
            miss=by_miss[:, -2].astype(float),
        )


def inverse_terms(
    B: np.ndarray, image: np.ndarray, miss: float, direction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
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


@dataclass(frozen=True)
class Memory:
    """What Optimus keeps between steps.

    Attributes:
        model: the model at x, or None if the next step has to evaluate a Jacobian.
        scale: by which the damping is measured: the largest squared column of a Jacobian so far.
        mu: damping.
        slope: `Model.slope` of the last Jacobian evaluated.
        jacobian_x, jacobian_value: the point (n,) of that Jacobian, and f there.
        start_value: f at the start.
        fallbacks: steps at a fresh Jacobian in which no trial lowered the value.
        tilt: of the damping's shape that served best at the last Jacobian.
        spent: price of the last Jacobian and of the trials of every step taken with it, in Jacobians.
    """

    model: Model | None
    scale: float
    mu: float
    slope: float
    jacobian_x: np.ndarray
    jacobian_value: float
    start_value: float
    fallbacks: int = 0
    tilt: float = 0.0
    spent: float = 1.0


@dataclass(frozen=True)
class OptimusSquares(Optimizer[Memory]):
    """Optimus where residuals and Jacobians exist.

    Attributes:
        weights: name or path of the weights of the network, "" for none: then only the classical seeds act.
        mu: damping at the start, relative to the largest squared column of J.
        search, spread: dampings tried at a fresh Jacobian, and the ratio of neighbours.
        tilt: logarithm of the ratio of the damping of the last and the first unknown, in the shapes tried; 0 for one
            shape only.
        inner: most steps between Jacobians; 0 is the control without updates of B.
        inner_search: dampings tried in such a step.
        price: of a trial, in Jacobians; 1/20 is what it is on windows of motion. The dearer, the fewer inner steps.
        accelerated: how many of the best trials get the geodesic acceleration.
        gtol: converged once no column of J has a larger cosine with r.
        xtol: converged once the steps since the last Jacobian are shorter than this share of |x|.
        ftol: converged once the value decreased by less than this share since the last Jacobian.
    """

    weights: str = ""
    mu: float = 1e-2
    search: int = 4
    spread: float = 4.0
    tilt: float = 3.0
    inner: int = 60
    inner_search: int = 2
    price: float = 0.05
    accelerated: int = 1
    gtol: float = 1e-8
    xtol: float = 1e-8
    ftol: float = 1e-8

    def __post_init__(self) -> None:
        self._check(
            mu=(MU_MIN, MU_MAX),
            search=(1, 100),
            spread=(1.01, 1e3),
            tilt=(0, 20),
            inner=(0, 1000),
            inner_search=(1, 100),
            price=(0, 1),
            accelerated=(0, 100),
            gtol=(0, 1),
            xtol=(0, 1),
            ftol=(0, 1),
        )

    @cached_property
    def network(self) -> SquaresNetwork | None:
        """The network with its weights, loaded at the first step."""
        if not self.weights:
            return None
        from motionrecon.optimus import weights
        from motionrecon.optimus.learned import SquaresNetwork

        found = weights.load(self.weights)
        if not isinstance(found, SquaresNetwork):
            raise InputError(f"weights {self.weights!r} are of a {type(found).__name__}, not for sums of squares")
        return found

    def begin(self, problem: Counted, x0: np.ndarray) -> tuple[float, Memory]:
        value, r, J = require_least_squares(problem, "optimus").residuals_and_factors(x0)
        nothing = Memory(None, 1.0, self.mu, np.inf, x0, value, value)
        return value, self._renewed(nothing, x0, value, r, J) if np.isfinite(value) else nothing

    def advance(self, problem: Counted, state: State[Memory]) -> tuple[np.ndarray, float, Memory]:
        squares = require_least_squares(problem, "optimus")
        memory = state.memory
        if memory.model is None:
            value, r, J = squares.residuals_and_factors(state.x)
            if not np.isfinite(value):
                return state.x, value, memory
            memory = self._renewed(memory, state.x, state.value, r, J)
        model = memory.model
        if model is None:
            return state.x, state.value, memory
        trials = self._trials(squares, state.x, model, memory)
        best = int(np.argmin(trials.values)) if len(trials.values) else -1
        if best < 0 or not trials.values[best] < state.value:
            return state.x, state.value, self._refused(memory, model)

        value, step = float(trials.values[best]), trials.steps[best]
        following = None
        spent = memory.spent + self.price * len(trials.values)
        if model.secants < self.inner and _worth_it(memory, state.value, value, spent):
            usable = np.isfinite(trials.values)
            at = int(np.count_nonzero(usable[:best]))
            following = model.moved(at, trials.steps[usable], trials.residuals[usable])
            if not following.finite:
                following = None
        served = trials.damped[best]
        mu, tilt = float(np.clip(served.mu, MU_MIN, MU_MAX)), memory.tilt if model.secants else served.tilt
        return state.x + step, value, replace(memory, model=following, mu=mu, tilt=tilt, spent=spent)

    def needs_derivative(self, state: State[Memory]) -> bool:
        return state.memory.model is None

    def finished(self, state: State[Memory]) -> Result | None:
        return why_finished(state, self.gtol, self.xtol, self.ftol)

    def fallbacks(self, state: State[Memory]) -> int:
        return state.memory.fallbacks

    def _renewed(self, memory: Memory, x: np.ndarray, value: float, r: np.ndarray, J: np.ndarray | Factors) -> Memory:
        """The memory with a freshly evaluated Jacobian."""
        model = Model.at(r, J)
        if not model.finite:
            return replace(memory, mu=MU_MAX, jacobian_x=x, jacobian_value=value)
        scale = float(model.normal.diagonal().max(initial=0.0)) or 1.0
        scale = max(memory.scale, scale) if memory.model is not None or np.isfinite(memory.slope) else scale
        asked = replace(memory, slope=model.slope(), jacobian_x=x, jacobian_value=value, spent=1.0)
        return replace(asked, model=model, scale=scale)

    def _trials(self, problem: CountedLeastSquares, x: np.ndarray, model: Model, memory: Memory) -> _Trials:
        """Damped steps, evaluated all at once, and then the best of them bent by the curvature that they met."""
        advice = self._advice(model, memory)
        fresh = model.secants == 0
        count = self.search if fresh else self.inner_search
        mus = np.clip(memory.mu * self.spread ** (np.arange(count) - count // 2.0), MU_MIN, MU_MAX)
        shapes = (-self.tilt, 0.0, self.tilt) if fresh and self.tilt and model.late.any() else (0.0,)
        made = []
        for tilt in shapes:
            shape = memory.scale * np.exp(tilt * model.late + advice.damping)
            tried = mus if tilt == memory.tilt or len(shapes) == 1 else mus[count // 2 : count // 2 + 1]
            made += [m for mu in tried if (m := _Damped.of(model, float(mu), tilt, mu * shape, advice)) is not None]
        if not made:
            return _Trials.none(len(x), len(model.r))
        steps = np.stack([m.step for m in made])
        values, residuals = problem.trials(x + steps)
        trials = _Trials(made, steps, values, residuals)
        order = [i for i in np.argsort(values)[: self.accelerated] if np.isfinite(values[i])]
        if not order:
            return trials
        misses = residuals[order] - model.r - model.change(steps[order])
        images = model.jacobian.transposed_times(misses.T).T.astype(float)
        bent = np.stack([made[i].bent(image) for i, image in zip(order, images, strict=True)])
        finite = np.isfinite(bent).all(1)
        if not finite.any():
            return trials
        values, residuals = problem.trials(x + bent[finite])
        again = [made[i] for i, usable in zip(order, finite, strict=True) if usable]
        return trials.with_more(_Trials(again, bent[finite], values, residuals))

    def _advice(self, model: Model, memory: Memory) -> Advice:
        if self.network is None:
            n = len(model.gradient)
            return Advice(np.zeros(n), model.gradient, np.zeros((3, 0)))
        return self.network.advice(model, memory.scale, memory.mu)

    def _refused(self, memory: Memory, model: Model) -> Memory:
        """The memory after trials of which none lowered the value: doubt the updates first, then the steps' length."""
        if model.secants:
            return replace(memory, model=None)
        mu = min(memory.mu * self.spread**self.search, MU_MAX)
        return replace(memory, mu=mu, fallbacks=memory.fallbacks + 1)


@dataclass(frozen=True)
class _Trials:
    """Steps (k, n), what made them (k), and the values (k,) and residuals (k, m) there."""

    damped: list[_Damped]
    steps: np.ndarray
    values: np.ndarray
    residuals: np.ndarray

    @staticmethod
    def none(n: int, m: int) -> _Trials:
        return _Trials([], np.zeros((0, n)), np.zeros(0), np.zeros((0, m)))

    def with_more(self, other: _Trials) -> _Trials:
        pairs = ((getattr(self, k), getattr(other, k)) for k in ("steps", "values", "residuals"))
        return _Trials(self.damped + other.damped, *(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class _Damped:
    """B for one damping of one shape, and its step -B s."""

    mu: float
    tilt: float
    factor: tuple[np.ndarray, bool]
    step: np.ndarray

    @staticmethod
    def of(model: Model, mu: float, tilt: float, damping: np.ndarray, advice: Advice) -> _Damped | None:
        factor = model.factor(damping)
        if factor is None:
            return None
        step = -cho_solve(factor, advice.gradient.astype(model.normal.dtype), check_finite=False).astype(float)
        if advice.terms.size:
            step -= (SIGNS * (advice.terms @ advice.gradient)) @ advice.terms
        return _Damped(mu, tilt, factor, step) if np.isfinite(step).all() else None

    def bent(self, image: np.ndarray) -> np.ndarray:
        """The step (n,) with its geodesic acceleration; ``image`` (n,) is J' of what it missed by."""
        bend = -cho_solve(self.factor, image.astype(self.factor[0].dtype), check_finite=False).astype(float)
        ratio = float(np.linalg.norm(bend)) / max(float(np.linalg.norm(self.step)), 1e-300)
        return self.step + bend / max(1.0, ratio / LONGEST_ACCELERATION)


def _worth_it(memory: Memory, before: float, after: float, spent: float) -> bool:
    """Whether a step from one value to another gained as much for its price as the steps since the Jacobian did."""
    if after <= 0:
        return False
    gain, whole = np.log(before / after), np.log(memory.jacobian_value / after)
    return bool(gain * spent >= whole * (spent - memory.spent))


def _late(matrix: Matrix) -> np.ndarray:
    """(n,) the first residual, or state, that each unknown moves, scaled to -1/2 ... 1/2; zeros where it tells nothing.

    Where few entries are leading zeros these are accidents, and the order of the residuals must not matter.
    """
    first = matrix.first
    low, high = float(first.min()), float(first.max())
    if high == low or first.mean() < CAUSAL * matrix.rows:
        return np.zeros(len(first))
    return (first - low) / (high - low) - 0.5
