"""Is an optimizer safe on windows? From random starts, and at scales that no window has, nothing may get worse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from motionrecon.core.blas import one_thread
from motionrecon.optimizers import minimize
from motionrecon.optimizers.problem import Factors
from motionrecon.physics.windows.problem import WindowProblem
from motionrecon.research.bench.parallel import parallel_map
from motionrecon.research.tasks.windows import SHORTEST, load, sample

#: Factors on the objective and on how far the start lies from the main job's (a perturbation of 0.1 rad): lowest and
#: highest power of ten.
POWERS = (-3.0, 3.0)
#: Standard deviation of the perturbation before it is scaled, radians.
PERTURBATION = 0.1


class Scaled:
    """A window problem times a factor: f becomes ``factor`` f.

    Args:
        problem: the problem.
        factor: above 0.
    """

    def __init__(self, problem: WindowProblem, factor: float) -> None:
        self._problem, self._root = problem, float(np.sqrt(factor))

    @property
    def n(self) -> int:
        return self._problem.n

    def value(self, x: np.ndarray) -> float:
        return self._root**2 * self._problem.value(x)

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = self._problem.value_and_gradient(x)
        return self._root**2 * value, self._root**2 * gradient

    def residuals(self, x: np.ndarray) -> np.ndarray:
        return self._root * self._problem.residuals(x)

    def residuals_batch(self, X: np.ndarray) -> np.ndarray:
        return self._root * self._problem.residuals_batch(X)

    def residuals_and_jacobian(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        r, J = self._problem.residuals_and_jacobian(x)
        return self._root * r, self._root * J

    def residuals_and_factors(self, x: np.ndarray) -> tuple[np.ndarray, Factors]:
        r, factors = self._problem.residuals_and_factors(x)
        return self._root * r, Factors(self._root * factors.outer, factors.inner, self._root * factors.direct)


@dataclass(frozen=True)
class Verdict:
    """What an optimizer did on many windows.

    Attributes:
        windows: how many.
        without_start: starts at which the simulation fails, so that f has no value there.
        not_finite: windows whose result x holds a NaN or an infinity, or whose value does although the start had one.
        worse: windows whose result is worse than the start, or whose value is not that of the problem at x.
        failed: windows on which the optimizer raised; the first message is in ``message``.
        message: see there.
    """

    windows: int = 0
    without_start: int = 0
    not_finite: int = 0
    worse: int = 0
    failed: int = 0
    message: str = ""

    @property
    def safe(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.not_finite or self.worse or self.failed)

    def text(self) -> str:
        """What happened, in a line or two."""
        start = self.windows - self.without_start
        said = (
            f"{self.windows} windows, {start} of which have a value at their start: {self.not_finite} results not "
            f"finite, {self.worse} worse than their start, {self.failed} failed"
        )
        return f"{said}\nthe first failure: {self.message}" if self.message else said

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(
            self.windows + other.windows,
            self.without_start + other.without_start,
            self.not_finite + other.not_finite,
            self.worse + other.worse,
            self.failed + other.failed,
            self.message or other.message,
        )


def check(
    method: str,
    count: int = 1000,
    *,
    hyper: Mapping[str, Any] | None = None,
    budget: int = 4,
    longest: float = SHORTEST,
    sources: Sequence[str] = ("tune", "test"),
    processes: int = 0,
    say: Callable[[str], None] = print,
) -> Verdict:
    """Minimize random windows from random starts, with the objective and the start's error at random scales.

    Args:
        method: in `motionrecon.optimizers`.
        count: windows.
        hyper: options of the method.
        budget: gradients or Jacobians for each.
        longest: seconds; windows are `SHORTEST` at least.
        sources: sets or files of clips.
        processes: at once; 0 for one on each core.
        say: told of the progress.
    """
    shares = [range(first, min(first + 20, count)) for first in range(0, count, 20)]
    verdict = Verdict()
    work = partial(
        _some, method=method, hyper=dict(hyper or {}), budget=budget, longest=longest, sources=tuple(sources)
    )
    for _, part in parallel_map(work, shares, processes):
        verdict += part
        say(f"{verdict.windows} of {count}")
    return verdict


def _some(
    seeds: range, method: str, hyper: dict[str, Any], budget: int, longest: float, sources: tuple[str, ...]
) -> Verdict:
    verdict = Verdict()
    clips = [clip for source in sources for clip in load(source)]
    with one_thread():
        for problem, x0 in _cases(seeds, clips, longest):
            verdict += judge(problem, x0, method, budget, hyper)
    return verdict


def _cases(seeds: range, clips: Sequence[Any], longest: float) -> Iterator[tuple[Scaled, np.ndarray]]:
    for seed in seeds:
        rng = np.random.default_rng([4, seed])
        window = sample(clips, rng, SHORTEST, longest)
        factor, error = 10 ** rng.uniform(*POWERS, size=2)
        step = PERTURBATION * error * rng.standard_normal(len(window.x0))
        yield Scaled(window.problem, factor), window.x0 + step


def judge(problem: Scaled, x0: np.ndarray, method: str, budget: int, hyper: Mapping[str, Any]) -> Verdict:
    """The verdict on one minimization."""
    start = problem.value(x0)
    has_start = bool(np.isfinite(start))
    try:
        result = minimize(problem, x0, method, max_evaluations=budget, **hyper)
    except Exception as error:
        return Verdict(1, int(not has_start), failed=1, message=f"{type(error).__name__}: {error}")
    finite = bool(np.isfinite(result.x).all()) and (np.isfinite(result.fun) or not has_start)
    # Rounding: a rollout in a batch is the same as one alone, but sums of squares may be added up in another order.
    true = problem.value(result.x) if np.isfinite(result.x).all() else np.nan
    kept = not has_start or (result.fun <= start * (1 + 1e-9) and abs(true - result.fun) <= 1e-6 * abs(result.fun))
    return Verdict(1, int(not has_start), not_finite=int(not finite), worse=int(finite and not kept))
