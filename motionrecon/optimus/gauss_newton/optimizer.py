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

A network may advise (`advise`): it sees each unknown and changes the damping D, the gradient s and B, this by three
rank-one terms; without one, or with weights of zero, all of the above is what remains: the control of every table.

Where the problem knows the factors of J (`motionrecon.optimizers.Factors`; windows do), products go through them.

An inner step of which no trial lowers the value is the last one: J is evaluated anew. Where no trial does at a fresh
J, the step falls back and the damping rises (LM's own safeguard); these are counted. The best point is kept by the base
class.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.linalg import cho_solve

from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.counted import Counted, CountedLeastSquares, require_least_squares
from motionrecon.optimizers.damped import MU_MAX, MU_MIN, why_finished
from motionrecon.optimizers.problem import Factors
from motionrecon.optimus.gauss_newton.advice import SIGNS, Advice, Advise, none
from motionrecon.optimus.gauss_newton.model import GaussNewtonModel

#: An acceleration is at most as long as its step.
LONGEST_ACCELERATION = 1.0


@dataclass(frozen=True)
class SquaresMemory:
    """What Optimus keeps between steps.

    Attributes:
        model: the model at x, or None if the next step has to evaluate a Jacobian.
        scale: by which the damping is measured: the largest squared column of a Jacobian so far.
        mu: damping.
        slope: `GaussNewtonModel.slope` of the last Jacobian evaluated.
        jacobian_x, jacobian_value: the point (n,) of that Jacobian, and f there.
        start_value: f at the start.
        fallbacks: steps at a fresh Jacobian in which no trial lowered the value.
        tilt: of the damping's shape that served best at the last Jacobian.
        spent: price of the last Jacobian and of the trials of every step taken with it, in Jacobians.
    """

    model: GaussNewtonModel | None
    scale: float
    mu: float
    slope: float
    jacobian_x: Float[np.ndarray, " n"]
    jacobian_value: float
    start_value: float
    fallbacks: int = 0
    tilt: float = 0.0
    spent: float = 1.0


@dataclass(frozen=True)
class OptimusSquares(Optimizer[SquaresMemory]):
    """Optimus where residuals and Jacobians exist.

    Attributes:
        advise: what a network advises; None for nobody, then only the classical seeds act.
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

    advise: Advise | None = None
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

    def begin(self, problem: Counted, x0: Float[np.ndarray, " n"]) -> tuple[float, SquaresMemory]:
        value, r, J = require_least_squares(problem, "optimus").residuals_and_factors(x0)
        nothing = SquaresMemory(None, 1.0, self.mu, np.inf, x0, value, value)
        return value, self._renewed(nothing, x0, value, r, J) if np.isfinite(value) else nothing

    def advance(
        self, problem: Counted, state: State[SquaresMemory]
    ) -> tuple[Float[np.ndarray, " n"], float, SquaresMemory]:
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

    def needs_derivative(self, state: State[SquaresMemory]) -> bool:
        return state.memory.model is None

    def finished(self, state: State[SquaresMemory]) -> Result | None:
        return why_finished(state, self.gtol, self.xtol, self.ftol)

    def fallbacks(self, state: State[SquaresMemory]) -> int:
        return state.memory.fallbacks

    def _renewed(
        self, memory: SquaresMemory, x: np.ndarray, value: float, r: np.ndarray, J: np.ndarray | Factors
    ) -> SquaresMemory:
        """The memory with a freshly evaluated Jacobian."""
        model = GaussNewtonModel.at(r, J)
        if not model.finite:
            return replace(memory, mu=MU_MAX, jacobian_x=x, jacobian_value=value)
        scale = float(model.normal.diagonal().max(initial=0.0)) or 1.0
        scale = max(memory.scale, scale) if memory.model is not None or np.isfinite(memory.slope) else scale
        asked = replace(memory, slope=model.slope(), jacobian_x=x, jacobian_value=value, spent=1.0)
        return replace(asked, model=model, scale=scale)

    def _trials(
        self, problem: CountedLeastSquares, x: np.ndarray, model: GaussNewtonModel, memory: SquaresMemory
    ) -> _Trials:
        """Damped steps, evaluated all at once, and then the best of them bent by the curvature that they met."""
        advice = (self.advise or none)(model, memory.scale, memory.mu)
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

    def _refused(self, memory: SquaresMemory, model: GaussNewtonModel) -> SquaresMemory:
        """The memory after trials of which none lowered the value: doubt the updates first, then the steps' length."""
        if model.secants:
            return replace(memory, model=None)
        mu = min(memory.mu * self.spread**self.search, MU_MAX)
        return replace(memory, mu=mu, fallbacks=memory.fallbacks + 1)


@dataclass(frozen=True)
class _Trials:
    """Steps (k, n), what made them (k), and the values (k,) and residuals (k, m) there."""

    damped: list[_Damped]
    steps: Float[np.ndarray, "k n"]
    values: Float[np.ndarray, " k"]
    residuals: Float[np.ndarray, "k m"]

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
    step: Float[np.ndarray, " n"]

    @staticmethod
    def of(model: GaussNewtonModel, mu: float, tilt: float, damping: np.ndarray, advice: Advice) -> _Damped | None:
        factor = model.factor(damping)
        if factor is None:
            return None
        step = -cho_solve(factor, advice.gradient.astype(model.normal.dtype), check_finite=False).astype(float)
        if advice.terms.size:
            step -= (SIGNS * (advice.terms @ advice.gradient)) @ advice.terms
        return _Damped(mu, tilt, factor, step) if np.isfinite(step).all() else None

    def bent(self, image: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """The step with its geodesic acceleration; ``image`` is J' of what it missed by."""
        bend: np.ndarray = -cho_solve(self.factor, image.astype(self.factor[0].dtype), check_finite=False).astype(float)
        ratio = float(np.linalg.norm(bend)) / max(float(np.linalg.norm(self.step)), 1e-300)
        return self.step + bend / max(1.0, ratio / LONGEST_ACCELERATION)


def _worth_it(memory: SquaresMemory, before: float, after: float, spent: float) -> bool:
    """Whether a step from one value to another gained as much for its price as the steps since the Jacobian did."""
    if after <= 0:
        return False
    gain, whole = np.log(before / after), np.log(memory.jacobian_value / after)
    return bool(gain * spent >= whole * (spent - memory.spent))
