"""The hand-made optimizers that a learned one is measured against, run on random instances of the test functions.

Peers are given every advantage that a careful user has: they know the size of the domain (their unknowns are in half
widths of it), f is divided by the rms of its first gradient, their learning rates or first steps are tuned for each
function, dimension and budget on instances of their own, and each also runs in a version that starts anew at a random
point of the domain whenever it has converged or stalled. A value with its gradient counts as one evaluation, wherever
a line search asks for it.

Gradient descent, momentum and Adam step all instances at once, through the ``descend`` of ``motionrecon.optimizers``;
BFGS and L-BFGS (ours and SciPy's), basin hopping and CMA-ES run one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from motionrecon.optimizers import minimize, registry
from motionrecon.optimizers.adam import Moments
from motionrecon.optimizers.first_order import FirstOrder, rms
from motionrecon.research.bench.hopping import basin_hopping, cma_es
from motionrecon.research.tasks.functions import FunctionBatch, FunctionProblem, sample, stream

FIRST_ORDER = ("gd", "momentum", "adam")
QUASI_NEWTON = ("bfgs", "lbfgs", "scipy-bfgs", "scipy-lbfgs")
#: Those that look for better minima by themselves, and so have no other version.
HOPPING = ("basin-hopping", "cma-es")
#: The methods that Optimus is measured against.
PEERS = (*FIRST_ORDER, *QUASI_NEWTON, *HOPPING)
#: ``plain`` runs on from one start; ``restarts`` starts anew wherever it has converged or stalled.
VERSIONS = ("plain", "restarts")

#: Largest -log10(gap at the end / gap at the start) that counts.
CAP = 6.0
#: A run may end once its gap is this share of that at the start: far below what counts. It saves half of the time.
ENOUGH = 1e-8
#: Rates tried, in half widths of the domain: rms length of the first step of gradient descent, of any step of Adam.
RATES = tuple(float(f"{r:.3g}") for r in np.geomspace(1e-4, 100, 13))
#: rms lengths of the first step tried by our BFGS and L-BFGS, in half widths of the domain.
FIRST_STEPS = (0.02, 0.2, 1.0, 3.0)
#: Steps of hops, and first standard deviations of CMA-ES, that are tried, in half widths of the domain.
HOPS = (0.1, 0.3, 1.0)
#: Instances that these are tuned on.
HOPPING_TUNED = 8
#: Evaluations without progress after which the version with restarts starts anew.
PATIENCES = (5, 10, 20)
#: Progress is a decrease by at least this share of what the start has gained so far.
_PROGRESS = 1e-3
#: What SciPy sees where f has no value: its line searches shrink the step for it, and get lost where it is inf.
_HUGE = 1e30
#: Converged once the rms of the gradient is this share of that at the start. It is far below the defaults, which end
#: runs from steep starts (Zakharov's) before the gap is a millionth.
_GTOL = 1e-11


def score(log_gap: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """-log10(gap at the end / gap at the start), from 0 to :data:`CAP`; ``log_gap`` is that logarithm."""
    clipped: np.ndarray = np.clip(-log_gap, 0.0, CAP)
    return clipped


@dataclass
class Instances:
    """Random instances of one function with their starts, the same for all methods.

    Attributes:
        batch: the instances.
        start: (P, n), in the units of x.
        seed: of the random points for restarts.
    """

    batch: FunctionBatch
    start: torch.Tensor
    seed: int
    _restarts: list[np.ndarray] = field(default_factory=list, repr=False)

    @classmethod
    def draw(cls, kind: str, name: str, n: int, P: int, seed: int) -> Instances:
        """``P`` instances of function ``name`` from the stream ``kind`` ("tune" or "test")."""
        seeds = stream(kind)
        batch = sample(name, n, P, seeds.seed(name, n, seed, "instances"))
        generator = torch.Generator().manual_seed(seeds.seed(name, n, seed, "starts"))
        return cls(batch, batch.start(generator), seeds.seed(name, n, seed, "restarts"))

    def restart(self, number: int) -> np.ndarray:
        """The ``number``-th point (P, n) to start anew from, in half widths of the domain."""
        scale = self.batch.scale[:, None]
        if not self._restarts:
            self._generator = torch.Generator().manual_seed(self.seed)
        while len(self._restarts) <= number:
            self._restarts.append((self.batch.start(self._generator) / scale).numpy())
        return self._restarts[number]

    def enough(self) -> Float[np.ndarray, " P"]:
        """Values below which nothing counts any more."""
        lowest = self.batch.minimum
        with torch.no_grad():
            enough = lowest + ENOUGH * (self.batch.value_and_gradient(self.start)[0] - lowest)
        values: np.ndarray = enough.numpy()
        return values

    def log_gaps(self, best: np.ndarray) -> np.ndarray:
        """log10 of the gap to the minimum over that at the start (..., P, budget), at least -16, of the values ``best``
        (..., P, budget) that were the lowest so far after 1, 2, ... evaluations."""
        gap = best - self.batch.minimum.numpy()[:, None]
        with np.errstate(divide="ignore"):
            logs: np.ndarray = np.log10(np.maximum(gap / gap[..., :1], 1e-16))
        return logs


# ---- gradient descent, momentum, Adam: all instances and several rates at once


def first_order(
    method: str, instances: Instances, budget: int, rates: np.ndarray, patience: np.ndarray | None
) -> np.ndarray:
    """Lowest values so far (K, P, budget) of ``method`` with each of K rates.

    Args:
        method: one of :data:`FIRST_ORDER`.
        instances: P of them.
        budget: evaluations, the one at the start included.
        rates: (K,), in half widths of the domain.
        patience: (K,) evaluations without progress before a restart; None for the plain version.
    """
    optimizer = registry.make(method)
    assert isinstance(optimizer, FirstOrder)
    batch = instances.batch
    scale = batch.scale.numpy()[:, None]
    K, P, n = len(rates), batch.P, batch.n
    row = np.arange(P)

    def evaluate(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(over="ignore", invalid="ignore"):
            f, g = batch.value_and_gradient(torch.from_numpy(u * scale))
            value, gradient = f.numpy(), g.numpy() * scale
        bad = ~(np.isfinite(value) & np.isfinite(gradient).all(-1))
        return np.where(bad, np.inf, value), np.where(bad[..., None], 0.0, gradient)

    x = np.broadcast_to(instances.start.numpy() / scale, (K, P, n)).copy()
    rate = np.asarray(rates, dtype=float)[:, None, None]
    best = np.empty((K, P, budget))
    carry: Any = optimizer.fresh(n)
    restarts = np.zeros((K, P), dtype=int)
    anew = np.ones((K, P), dtype=bool)  # rows whose next evaluation is a start
    relative, home, home_relative = np.zeros((3, K, P, n))
    unit, shrink = np.ones((2, K, P, 1))
    first, lowest, mark = np.full((3, K, P), np.inf)  # value of the start, lowest since, lowest at the last progress
    idle = np.zeros((K, P), dtype=int)
    enough = instances.enough()
    for t in range(budget):
        value, gradient = evaluate(x)
        best[..., t] = np.minimum(value, best[..., t - 1]) if t else value
        if (best[..., t] <= enough).all():
            best[..., t:] = best[..., t, None]
            break
        with np.errstate(over="ignore"):
            size = np.sqrt((gradient**2).mean(-1, keepdims=True))
        if anew.any():  # a start: nothing is remembered
            unit = np.where(anew[..., None], np.where(size > 0, size, 1.0), unit)
            shrink = np.where(anew[..., None], 1.0, shrink)
            carry = _forget(carry, anew)
            first, lowest, mark = (np.where(anew, value, a) for a in (first, lowest, mark))
            idle = np.where(anew, 0, idle)
        relative = gradient / unit
        better = (value < lowest) | anew
        lowest = np.where(better, value, lowest)
        home = np.where(better[..., None], x, home)
        home_relative = np.where(better[..., None], relative, home_relative)
        failed = ~np.isfinite(value)
        if failed.any():  # as in motionrecon.optimizers: back to the best, at half the rate
            x = np.where(failed[..., None], home, x)
            relative = np.where(failed[..., None], home_relative, relative)
            shrink = np.where(failed[..., None], shrink / 2, shrink)
            carry = _forget(carry, failed)
        started, anew = anew, np.zeros((K, P), dtype=bool)
        if patience is not None:
            with np.errstate(invalid="ignore", over="ignore"):
                progress = started | (lowest < mark - _PROGRESS * (first - lowest))
                still = (relative**2).mean(-1) <= _GTOL**2
            mark, idle = np.where(progress, lowest, mark), np.where(progress, 0, idle + 1)
            anew = (idle >= np.asarray(patience)[:, None]) | still
        step, carry = optimizer.descend(relative, carry)
        x = x + rate * shrink * step
        if anew.any():
            for number in np.unique(restarts[anew]):
                chosen = anew & (restarts == number)
                x[chosen] = np.broadcast_to(instances.restart(int(number))[row], (K, P, n))[chosen]
            restarts += anew
    return best


def _forget(carry: Any, rows: np.ndarray) -> Any:
    """``carry`` of a first-order method, with that of the ``rows`` (K, P) as before the first step."""
    mask = rows[..., None]
    if isinstance(carry, Moments):
        count: Any = np.where(mask, 0, carry.count)
        return Moments(np.where(mask, 0.0, carry.first), np.where(mask, 0.0, carry.second), count)
    return None if carry is None else np.where(mask, 0.0, carry)


# ---- BFGS and L-BFGS: one instance at a time


class _Spent(Exception):
    """The budget is spent, or the rest of it would change nothing that counts."""


class _Stalled(Exception):
    """The patience is at its end."""


class _Recorder:
    """One instance as a peer sees it: u = x / half width, f over the rms of the gradient at the latest start.

    It counts evaluations over all starts, keeps the lowest value after each, and raises where the budget or the
    patience ends.
    """

    def __init__(self, problem: FunctionProblem, budget: int, patience: int | None, enough: float = -np.inf) -> None:
        self._problem, self._patience, self._enough = problem, patience, enough
        self.n = problem.n
        self._scale = problem.scale
        self.best = np.full(budget, np.inf)
        self.count = 0
        self.begin()

    def begin(self) -> None:
        """The next evaluation is a start."""
        self._unit: float | None = None

    def value(self, u: np.ndarray) -> float:
        return self.value_and_gradient(u)[0]

    def value_and_gradient(self, u: np.ndarray) -> tuple[float, np.ndarray]:
        if self.count == len(self.best):
            raise _Spent
        with np.errstate(over="ignore", invalid="ignore"):
            value, gradient = self._problem.value_and_gradient(u * self._scale)
            gradient = gradient * self._scale
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            value, gradient = np.inf, np.zeros(self.n)
        self.best[self.count] = min(value, self.best[self.count - 1]) if self.count else value
        self.count += 1
        if self.best[self.count - 1] <= self._enough:
            raise _Spent
        if self._unit is None:
            self._unit = rms(gradient) or 1.0
            self._first = self._lowest = self._mark = value
            self._idle = 0
        else:
            self._lowest = min(self._lowest, value)
            if self._lowest < self._mark - _PROGRESS * (self._first - self._lowest):
                self._mark, self._idle = self._lowest, 0
            else:
                self._idle += 1
                if self._patience is not None and self._idle >= self._patience:
                    raise _Stalled
        return value / self._unit, gradient / self._unit


def _ours(method: str) -> Callable[[_Recorder, np.ndarray, float], None]:
    def run(recorder: _Recorder, u: np.ndarray, first: float) -> None:
        minimize(
            recorder, u, method, max_evaluations=len(recorder.best) + 1, first=first, gtol=_GTOL, ftol=1e-14, xtol=1e-14
        )

    return run


def _scipy(method: str, options: dict[str, Any]) -> Callable[[_Recorder, np.ndarray, float], None]:
    def run(recorder: _Recorder, u: np.ndarray, first: float) -> None:
        from scipy.optimize import minimize as scipy_minimize

        # SciPy's first step has norm 1: the unit of its unknowns makes that the first step that we want
        unit = first * np.sqrt(len(u))

        def scaled(v: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = recorder.value_and_gradient(v * unit)
            return min(value / unit, _HUGE), gradient

        with np.errstate(all="ignore"):
            scipy_minimize(scaled, u / unit, jac=True, method=method, options=options)

    return run


_ITERATIONS = 1_000_000  # never the reason to stop
_RUN = {
    "bfgs": _ours("bfgs"),
    "lbfgs": _ours("lbfgs"),
    "scipy-bfgs": _scipy("BFGS", {"gtol": _GTOL, "maxiter": _ITERATIONS}),
    "scipy-lbfgs": _scipy(
        "L-BFGS-B",
        {"maxcor": 20, "gtol": _GTOL, "ftol": 1e-14, "maxiter": _ITERATIONS, "maxfun": _ITERATIONS},
    ),
}


def quasi_newton(method: str, instances: Instances, budget: int, first: float, patience: int | None) -> np.ndarray:
    """Lowest values so far (P, budget) of ``method``.

    Args:
        method: one of :data:`QUASI_NEWTON`.
        instances: P of them.
        budget: evaluations, the one at the start included.
        first: rms length of the first step tried, in half widths of the domain.
        patience: evaluations without progress before a restart; None for the plain version, which ends once it has
            converged.
    """
    batch = instances.batch
    start = (instances.start / batch.scale[:, None]).numpy()
    best = np.empty((batch.P, budget))
    enough = instances.enough()
    for k in range(batch.P):
        recorder = _Recorder(batch.problem(k), budget, patience, float(enough[k]))
        u, number = start[k], 0
        while recorder.count < budget:
            recorder.begin()
            try:
                _RUN[method](recorder, u, first)
            except _Spent:
                break
            except _Stalled:
                pass
            if patience is None:
                break
            u, number = instances.restart(number)[k], number + 1
        best[k] = recorder.best
        best[k, recorder.count :] = recorder.best[recorder.count - 1]
    return best


# ---- searches for better minima, one instance at a time


def hopping(method: str, instances: Instances, budget: int, step: float) -> np.ndarray:
    """Lowest values so far (P, budget) of ``method``, one of :data:`HOPPING`; ``step`` is one of :data:`HOPS`."""
    batch = instances.batch
    start = (instances.start / batch.scale[:, None]).numpy()
    best, enough = np.empty((batch.P, budget)), instances.enough()
    for k in range(batch.P):
        recorder = _Recorder(batch.problem(k), budget, None, float(enough[k]))

        def finite(u: np.ndarray, recorder: _Recorder = recorder) -> tuple[float, np.ndarray]:
            value, gradient = recorder.value_and_gradient(u)
            return min(value, _HUGE), gradient

        seed = (instances.seed + k) % 2**31
        with suppress(_Spent):
            finite(start[k])  # what CMA-ES does not ask for, but everybody else
            if method == "cma-es":
                cma_es(lambda u: finite(u)[0], start[k], step, seed)
            else:
                basin_hopping(finite, start[k], step, seed)
        best[k] = recorder.best
        best[k, recorder.count :] = recorder.best[recorder.count - 1]
    return best


# ---- tuning


def versions(method: str) -> tuple[str, ...]:
    """The versions that there are of ``method``."""
    return VERSIONS[1:] if method in HOPPING else VERSIONS


@dataclass(frozen=True)
class Tuned:
    """What was tuned for one peer, version, function, dimension and budget.

    Attributes:
        rate: learning rate, the first step of BFGS and L-BFGS, the hop, or the first deviation of CMA-ES, in half
            widths of the domain.
        patience: evaluations without progress before a restart; None in the plain version.
    """

    rate: float
    patience: int | None

    def as_list(self) -> list[float | int | None]:
        return [self.rate, self.patience]


def tune(method: str, name: str, n: int, budgets: Sequence[int], seed: int = 0) -> dict[tuple[str, int], Tuned]:
    """The best settings of ``method`` on instances for tuning of function ``name``, by version and budget.

    The one with the highest mean score wins; among equals, the one that is lower along the way. ``method`` is one of
    :data:`FIRST_ORDER`, of :data:`HOPPING`, or "lbfgs", whose settings serve all of :data:`QUASI_NEWTON`: they share
    the first step (along the gradient), and what restarts are for is the function's doing. To save time L-BFGS gets its
    patience tuned with the first step that was best without restarts.
    """
    P = HOPPING_TUNED if method in HOPPING else tuning_count(n)
    instances = Instances.draw("tune", name, n, P, seed)
    budget = max(budgets)
    found: dict[tuple[str, int], Tuned] = {}
    if method in FIRST_ORDER:
        for version in VERSIONS:
            patiences: Sequence[int | None] = PATIENCES if version == "restarts" else (None,)
            tried = [Tuned(rate, patience) for patience in patiences for rate in RATES]
            waits = None if version == "plain" else np.array([t.patience for t in tried])
            best = first_order(method, instances, budget, np.array([t.rate for t in tried]), waits)
            curves = instances.log_gaps(best)
            for b in budgets:
                found[version, b] = tried[_best(curves[..., :b])]
        return found
    if method in HOPPING:
        curves = instances.log_gaps(np.stack([hopping(method, instances, budget, step) for step in HOPS]))
        return {("restarts", b): Tuned(HOPS[_best(curves[..., :b])], None) for b in budgets}
    curves = instances.log_gaps(
        np.stack([quasi_newton(method, instances, budget, first, None) for first in FIRST_STEPS])
    )
    for b in budgets:
        found["plain", b] = Tuned(FIRST_STEPS[_best(curves[..., :b])], None)
    restarted: dict[float, np.ndarray] = {}
    for b in sorted(budgets, reverse=True):  # the shorter run is the beginning of the longer
        first = found["plain", b].rate
        if first not in restarted:
            restarted[first] = instances.log_gaps(
                np.stack([quasi_newton(method, instances, b, first, patience) for patience in PATIENCES])
            )
        found["restarts", b] = Tuned(first, PATIENCES[_best(restarted[first][..., :b])])
    return found


def tuning_count(n: int) -> int:
    """Instances that a setting is tuned on."""
    return int(np.clip(1000 // n, 4, 24))


def _best(curves: np.ndarray) -> int:
    """Which of K sets of curves (K, P, budget) has the highest mean score, or among equals the lowest curves."""
    scores = score(curves[..., -1]).mean(-1).round(3)
    return int(np.lexsort((curves.mean((-1, -2)), -scores))[0])
