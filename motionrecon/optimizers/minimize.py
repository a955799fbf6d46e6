"""``minimize``: run an optimizer on a problem until it is done, with the result type that SciPy users know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from motionrecon.errors import InputError
from motionrecon.optimizers import registry
from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.problem import Evaluations, Problem


@dataclass(frozen=True)
class OptimizeResult:
    """What a minimization found.

    Attributes:
        x: the best point evaluated (n,); never worse than the start.
        fun: f at ``x``; not finite only if f had no finite value at the start nor elsewhere.
        success: True where a test of convergence was met.
        message: why it ended, for people.
        result: why it ended, for programs.
        nit: steps taken.
        evaluations: what was asked of the problem.
        nfev: times f was evaluated: bare, with a gradient, or with a Jacobian.
        njev: times a gradient or Jacobian was evaluated.
    """

    x: np.ndarray
    fun: float
    success: bool
    message: str
    result: Result
    nit: int
    evaluations: Evaluations

    @property
    def nfev(self) -> int:
        return self.evaluations.values + self.evaluations.derivatives

    @property
    def njev(self) -> int:
        return self.evaluations.derivatives


def minimize(
    problem: Problem,
    x0: np.ndarray,
    method: str | Optimizer = "lm",
    *,
    max_evaluations: int = 200,
    callback: Callable[[State], bool | None] | None = None,
    **hyper: Any,
) -> OptimizeResult:
    """Minimize ``problem`` from ``x0``.

    Args:
        problem: what to minimize; ``lm`` needs a :class:`~motionrecon.optimizers.problem.LeastSquares`.
        x0: the start (n,).
        method: a name from ``motionrecon.optimizers.names()``, or an optimizer.
        max_evaluations: gradients and Jacobians allowed, kept exactly; bare values are cheap and not limited.
        callback: called with the :class:`~motionrecon.optimizers.base.State` after each step; True stops the run.
        **hyper: hyperparameters of the named optimizer.

    Raises:
        InputError: for an unknown method or hyperparameter, a start of the wrong length or not finite, or a method
            that the problem cannot serve.
    """
    if isinstance(method, Optimizer):
        if hyper:
            raise InputError(
                f"the optimizer is made already: give {', '.join(hyper)} to {type(method).__name__} itself"
            )
        optimizer = method
    else:
        optimizer = registry.make(method, **hyper)
    if max_evaluations < 1:
        raise InputError(f"max_evaluations is {max_evaluations}: allow at least 1")
    x0 = _start(problem, x0)

    state = optimizer.init(problem, x0)
    while (result := optimizer.terminate(problem, state)) is None:
        if state.evaluations.derivatives >= max_evaluations and optimizer.needs_derivative(state):
            result = Result.MAX_EVALUATIONS
            break
        state = optimizer.step(problem, state)
        if callback is not None and callback(state):
            result = Result.CALLBACK
            break
    return OptimizeResult(
        x=state.best_x.copy(),
        fun=state.best_value,
        success=result.success,
        message=result.value,
        result=result,
        nit=state.iteration,
        evaluations=state.evaluations,
    )


def _start(problem: Problem, x0: np.ndarray) -> np.ndarray:
    if not isinstance(problem, Problem):
        raise InputError(
            f"{type(problem).__name__} is not a problem: it needs n, value(x) and value_and_gradient(x) "
            "(see motionrecon.optimizers.Problem)"
        )
    x0 = np.array(x0, dtype=float)
    if x0.shape != (problem.n,):
        raise InputError(f"the start x0 has shape {x0.shape}: the problem needs ({problem.n},)")
    if not np.isfinite(x0).all():
        raise InputError(f"the start x0 holds {np.count_nonzero(~np.isfinite(x0))} numbers that are not finite")
    return x0
