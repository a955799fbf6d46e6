"""What Optimus's own arithmetic costs on windows of motion, over the evaluations that it asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from motionrecon.optimizers import minimize
from motionrecon.optimizers.problem import Factors
from motionrecon.physics.windows.problem import WindowProblem
from motionrecon.research.tasks.windows import load

Answer = TypeVar("Answer")

#: Lengths of window, seconds: the main job's longest, and one of some 500 unknowns.
LENGTHS = (0.8, 1.35)
#: Windows of a length, and Jacobians on each.
WINDOWS, JACOBIANS = 6, 5


@dataclass(frozen=True)
class Share:
    """Means over windows of one length, on one thread.

    Attributes:
        unknowns: of a window.
        evaluations: processor seconds of the rollouts and Jacobians, for each Jacobian.
        own: processor seconds of everything else, likewise.
    """

    unknowns: float
    evaluations: float
    own: float


class Timed:
    """A window problem that adds up the processor time that it takes.

    Args:
        problem: the problem, simulated on one thread.
    """

    def __init__(self, problem: WindowProblem) -> None:
        self._problem, self.seconds = problem, 0.0

    @property
    def n(self) -> int:
        return self._problem.n

    def value(self, x: np.ndarray) -> float:
        return self._timed(self._problem.value, x)

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        return self._timed(self._problem.value_and_gradient, x)

    def residuals(self, x: np.ndarray) -> np.ndarray:
        return self._timed(self._problem.residuals, x)

    def residuals_batch(self, X: np.ndarray) -> np.ndarray:
        return self._timed(self._problem.residuals_batch, X)

    def residuals_and_jacobian(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._timed(self._problem.residuals_and_jacobian, x)

    def residuals_and_factors(self, x: np.ndarray) -> tuple[np.ndarray, Factors]:
        return self._timed(self._problem.residuals_and_factors, x)

    def _timed(self, ask: Callable[[np.ndarray], Answer], x: np.ndarray) -> Answer:
        began = time.process_time()
        try:
            return ask(x)
        finally:
            self.seconds += time.process_time() - began


def share(seconds: float, windows: int = WINDOWS) -> Share:
    """Optimus on windows of the set "tune" that are so long, from different clips as far as there are."""
    clips = load("tune")
    tried = [clips[i % len(clips)].window(i // len(clips), seconds) for i in range(windows)]
    minimize(tried[0].problem, tried[0].x0, max_evaluations=1)  # what is imported at first use is no arithmetic
    own = evaluations = 0.0
    jacobians = 0
    for window in tried:
        problem, began = Timed(window.problem), time.process_time()
        jacobians += minimize(problem, window.x0, max_evaluations=JACOBIANS).njev
        own += time.process_time() - began - problem.seconds
        evaluations += problem.seconds
    unknowns = float(np.mean([window.problem.n for window in tried]))
    return Share(unknowns, evaluations / jacobians, own / jacobians)
