"""What runs on one instance after the other: BFGS and L-BFGS, and searches for better minima."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from motionrecon.optimizers import minimize
from motionrecon.optimizers.first_order import rms
from motionrecon.research.bench.functions.peers.instances import Instances
from motionrecon.research.bench.functions.peers.stopping import GTOL, PROGRESS
from motionrecon.research.bench.hopping import basin_hopping, cma_es
from motionrecon.research.tasks.functions import FunctionProblem

#: What SciPy sees where f has no value: its line searches shrink the step for it, and get lost where it is inf.
_HUGE = 1e30
#: Never the reason to stop.
_ITERATIONS = 1_000_000


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
            if self._lowest < self._mark - PROGRESS * (self._first - self._lowest):
                self._mark, self._idle = self._lowest, 0
            else:
                self._idle += 1
                if self._patience is not None and self._idle >= self._patience:
                    raise _Stalled
        return value / self._unit, gradient / self._unit


def _ours(method: str) -> Callable[[_Recorder, np.ndarray, float], None]:
    def run(recorder: _Recorder, u: np.ndarray, first: float) -> None:
        minimize(
            recorder, u, method, max_evaluations=len(recorder.best) + 1, first=first, gtol=GTOL, ftol=1e-14, xtol=1e-14
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


_RUN = {
    "bfgs": _ours("bfgs"),
    "lbfgs": _ours("lbfgs"),
    "scipy-bfgs": _scipy("BFGS", {"gtol": GTOL, "maxiter": _ITERATIONS}),
    "scipy-lbfgs": _scipy(
        "L-BFGS-B",
        {"maxcor": 20, "gtol": GTOL, "ftol": 1e-14, "maxiter": _ITERATIONS, "maxfun": _ITERATIONS},
    ),
}


def quasi_newton(method: str, instances: Instances, budget: int, first: float, patience: int | None) -> np.ndarray:
    """Lowest values so far (P, budget) of ``method``.

    Args:
        method: one of `motionrecon.research.bench.functions.peers.QUASI_NEWTON`.
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


def hopping(method: str, instances: Instances, budget: int, step: float) -> np.ndarray:
    """Lowest values so far (P, budget) of ``method``, one of `motionrecon.research.bench.functions.peers.HOPPING`.

    ``step`` is a hop, or the first standard deviation of CMA-ES, in half widths of the domain.
    """
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
