"""What each method reaches on outside problems, at equal numbers of evaluations, as somebody would call it.

Nobody tunes anything here: every method has the settings that it comes with, and tolerances so tight that they end no
run before it is exact. A value with its gradient is one evaluation, and so is a value alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.core.progress import Progress, Silent
from motionrecon.errors import InputError
from motionrecon.optimizers import minimize
from motionrecon.research.bench.hopping import basin_hopping, cma_es, cma_is_here
from motionrecon.research.bench.parallel import parallel_map
from motionrecon.research.tasks.outside import OUTSIDE, OutsideProblem, draw

#: Share of the first gradient at which a search may end, and SciPy's own for decreases.
_EXACT, _TINY = 1e-12, 1e-15
#: A length to begin with, for those who ask for one.
_LENGTH = 0.5
_FOREVER = 1_000_000


class Finished(Exception):
    """The budget is spent."""


class Recorder:
    """A problem that counts, keeps the lowest value after each evaluation, and raises where the budget ends."""

    def __init__(self, problem: OutsideProblem, budget: int) -> None:
        self._problem, self.n = problem, problem.n
        self.lowest = np.full(budget, np.inf)
        self.count = 0

    def value(self, x: np.ndarray) -> float:
        return self.value_and_gradient(x)[0]

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        if self.count == len(self.lowest):
            raise Finished
        f, g = self._problem.value_and_gradient(x)
        if not (np.isfinite(f) and np.isfinite(g).all()):
            f, g = np.inf, np.zeros(self.n)
        self.lowest[self.count] = min(f, self.lowest[self.count - 1]) if self.count else f
        self.count += 1
        return f, g

    def finite(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """As SciPy's line searches want it, which get lost where a value is inf."""
        f, g = self.value_and_gradient(x)
        return min(f, 1e30), g


#: How a method runs on a recorder, from a start, with a seed.
Run = Callable[[Recorder, np.ndarray, int], object]


def _ours(method: str, **options: Any) -> Run:
    def run(recorder: Recorder, x: np.ndarray, seed: int) -> object:
        return minimize(recorder, x, method, max_evaluations=len(recorder.lowest), gtol=_EXACT, **options)

    return run


def _scipy(recorder: Recorder, x: np.ndarray, seed: int) -> object:
    from scipy.optimize import minimize as scipy_minimize

    options = {"gtol": 1e-11, "ftol": _TINY, "maxiter": _FOREVER, "maxfun": _FOREVER}
    with np.errstate(all="ignore"):
        return scipy_minimize(recorder.finite, x, jac=True, method="L-BFGS-B", options=options)


#: The methods by name. A new one is one line here.
METHODS: dict[str, Run] = {
    "optimus": _ours("optimus"),
    "optimus-no-explore": _ours("optimus", explore=False, ftol=_TINY),
    "scipy-lbfgsb": _scipy,
    "bfgs": _ours("bfgs", ftol=_TINY, xtol=_TINY),
    "adam": _ours("adam"),
    "basin-hopping": lambda recorder, x, seed: basin_hopping(recorder.finite, x, _LENGTH, seed),
    "cma-es": lambda recorder, x, seed: cma_es(lambda u: recorder.finite(u)[0], x, _LENGTH, seed),
}


@dataclass(frozen=True)
class OutsidePlan:
    """What to measure.

    Attributes:
        problems: names of families.
        evaluations: budgets.
        instances: of each family.
        seed: another seed gives other instances and starts.
        methods: names of methods.
    """

    problems: tuple[str, ...] = tuple(OUTSIDE)
    evaluations: tuple[int, ...] = (60, 200, 500)
    instances: int = 16
    seed: int = 0
    methods: tuple[str, ...] = field(default_factory=lambda: tuple(m for m in METHODS if _is_here(m)))

    def __post_init__(self) -> None:
        for what, names, known in (
            ("outside problem", self.problems, OUTSIDE),
            ("method for outside problems", self.methods, METHODS),
        ):
            if unknown := [name for name in names if name not in known]:
                raise InputError(f"no {what} is called {unknown[0]!r}: choose from {', '.join(known)}")
        if absent := [name for name in self.methods if not _is_here(name)]:
            raise InputError(f"{absent[0]} needs the package cma: pip install cma, or leave it out")
        if self.instances < 2 or min(self.evaluations, default=0) < 2:
            raise InputError(
                f"instances={self.instances} and evaluations={', '.join(map(str, self.evaluations)) or 'nothing'}: "
                "give at least 2"
            )


def _is_here(method: str) -> bool:
    return method != "cma-es" or cma_is_here()


@dataclass(frozen=True)
class OutsideResult:
    """What one method reached on one family with one budget.

    Attributes:
        first: values of the starts (P,).
        lowest: lowest values (P,).
    """

    first: Float[np.ndarray, " P"]
    lowest: Float[np.ndarray, " P"]


#: A small plan: half a minute.
QUICK: dict[str, Any] = {"evaluations": (60, 200), "instances": 4}


def chosen(*, quick: bool = False, **given: Any) -> OutsidePlan:
    """The plan of the fields that are given (an empty one is not); the others are as in the quick or the full plan."""
    return OutsidePlan(**{**(QUICK if quick else {}), **{key: value for key, value in given.items() if value}})


#: (family, budget, method) -> what it reached.
OutsideResults = dict[tuple[str, int, str], OutsideResult]


def measure(plan: OutsidePlan, workers: int = 2, progress: Progress | None = None) -> OutsideResults:
    """Run the plan in ``workers`` processes."""
    jobs = [
        (name, budget, method, plan.instances, plan.seed)
        for name in plan.problems
        for budget in sorted(set(plan.evaluations))
        for method in plan.methods
    ]
    found: OutsideResults = {}
    with (progress or Silent()).stage("measure", len(jobs)) as advance:
        for job, result in parallel_map(_run, jobs, workers):
            found[job[:3]] = result
            advance(1)
    return {job[:3]: found[job[:3]] for job in jobs}


def _run(job: tuple[str, int, str, int, int]) -> OutsideResult:
    name, budget, method, instances, seed = job
    batch = draw(name, instances, seed)
    reached = []
    for k in range(instances):
        problem = batch.problem(k)
        recorder = Recorder(problem, budget)
        with suppress(Finished):
            METHODS[method](recorder, problem.start, 1000 * seed + k)
        reached.append((problem.value(problem.start), recorder.lowest[recorder.count - 1]))
    first, lowest = np.array(reached).T
    return OutsideResult(first, lowest)
