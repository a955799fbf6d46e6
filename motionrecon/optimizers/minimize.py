"""``minimize``: run an optimizer on a problem or function until it is done, with the result that SciPy users know."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from motionrecon.errors import InputError
from motionrecon.optimizers import registry
from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.functions import problem_of
from motionrecon.optimizers.problem import Evaluations, Problem

#: The method where none is named.
DEFAULT_METHOD = "optimus"

#: ``status`` by the reason to end; SciPy's numbers where it has them.
_STATUS = {Result.MAX_EVALUATIONS: 1, Result.STALLED: 2, Result.DIVERGED: 3, Result.CALLBACK: 99}


@dataclass(frozen=True)
class OptimizeResult:
    """What a minimization found.

    Attributes:
        x: the best point evaluated, never worse than the start: (n,) for a problem; for a function an array or tensor
            like the start.
        fun: f at ``x``; not finite only if f had no finite value at the start nor elsewhere.
        success: True where a test of convergence was met.
        message: why it ended, for people.
        result: why it ended, for programs; None while it goes on (in a callback).
        nit: steps taken.
        evaluations: what was asked of the problem.
        nfev: times f was evaluated: bare, with a gradient, or with a Jacobian; for difference quotients too.
        njev: times a gradient or Jacobian was evaluated.
        fallbacks: steps of a learned optimizer that were a safer one in place of the predicted.
        status: 0 converged, 1 evaluations spent, 2 stalled, 3 no finite value, 99 stopped by the callback, -1 going on.
    """

    x: Any
    fun: float
    success: bool
    message: str
    result: Result | None
    nit: int
    evaluations: Evaluations
    fallbacks: int = 0

    @property
    def nfev(self) -> int:
        return self.evaluations.values + self.evaluations.derivatives

    @property
    def njev(self) -> int:
        return self.evaluations.derivatives

    @property
    def status(self) -> int:
        return -1 if self.result is None else _STATUS.get(self.result, 0)


def minimize(
    fun: Problem | Callable,
    x0: Any,
    method: str | Optimizer | None = None,
    *,
    jac: Callable | bool | str | None = None,
    residuals: bool = False,
    max_evaluations: int = 200,
    callback: Callable | None = None,
    **hyper: Any,
) -> OptimizeResult:
    """Minimize ``fun`` from ``x0``.

    >>> def fun(x):
    ...     return ((x - 3) ** 2).sum(), 2 * (x - 3)
    >>> result = minimize(fun, [0.0, 1.0], "bfgs", jac=True)
    >>> result.success, result.x.round(6).tolist()
    (True, [3.0, 3.0])

    Args:
        fun: what to minimize: a :class:`~motionrecon.optimizers.problem.Problem` (``lm`` needs a
            :class:`~motionrecon.optimizers.problem.LeastSquares`), or a function of an array like ``x0`` that returns a
            number. Where ``x0`` is a torch tensor, the function takes such a tensor and returns a scalar tensor,
            computed by torch operations, and autograd gives the gradient. A value may be inf or nan: a failed step.
        x0: the start: (n,) for a problem, of any shape for a function. Inside, everything is float64.
        method: a name from ``motionrecon.optimizers.names()``, or an optimizer; by default Optimus.
        jac: of a function of an array: a function that returns the gradient; or True where ``fun`` returns (value,
            gradient); or '2-point' or '3-point' for difference quotients, which cost n or 2 n further evaluations of
            ``fun`` for each gradient.
        residuals: True where the function returns residuals: the sum of their squares (no factor of a half) is
            minimized, and ``jac`` is their Jacobian (m, n).
        max_evaluations: gradients and Jacobians allowed, kept exactly. Bare values and those for difference quotients
            are not limited; ``nfev`` of the result counts them.
        callback: called after each step, as SciPy does with its result so far (``OptimizeResult``) where the name of
            its parameter is ``intermediate_result``, otherwise with the
            :class:`~motionrecon.optimizers.base.State`. The run stops if it returns True or raises StopIteration.
        **hyper: hyperparameters of the named optimizer.

    Raises:
        InputError: for an unknown method or hyperparameter, a start of the wrong length or not finite, a method that
            the problem cannot serve, or a function without a gradient or of the wrong shapes.
    """
    if not isinstance(max_evaluations, (int, np.integer)) or max_evaluations < 1:
        raise InputError(f"max_evaluations is {max_evaluations}: give a whole number, at least 1")
    problem, start, shaped = _pose(fun, x0, jac, residuals)
    optimizer = _optimizer(method, problem, hyper).planned(max_evaluations)

    def so_far(state: State, result: Result | None) -> OptimizeResult:
        differences = Evaluations(values=getattr(problem, "differences", 0))
        return OptimizeResult(
            x=shaped(state.best_x),
            fun=state.best_value,
            success=result is not None and result.success,
            message=result.value if result is not None else "going on",
            result=result,
            nit=state.iteration,
            evaluations=state.evaluations + differences,
            fallbacks=optimizer.fallbacks(state),
        )

    asks_to_stop = _watcher(callback, so_far)
    state = optimizer.init(problem, start)
    while (result := optimizer.terminate(problem, state)) is None:
        if state.evaluations.derivatives >= max_evaluations and optimizer.needs_derivative(state):
            result = Result.MAX_EVALUATIONS
            break
        state = optimizer.step(problem, state)
        if asks_to_stop(state):
            result = Result.CALLBACK
            break
    return so_far(state, result)


def _pose(fun: Any, x0: Any, jac: Any, residuals: bool) -> tuple[Problem, np.ndarray, Callable]:
    """The problem, its start (n,), and the function that gives a point (n,) the user's type and shape."""
    if isinstance(fun, Problem):
        if jac is not None or residuals:
            raise InputError(
                f"{type(fun).__name__} is a problem with derivatives of its own: leave jac and residuals out"
            )
        return fun, _start(fun.n, x0), np.copy
    if not callable(fun):
        lacking = ", ".join(name for name in ("n", "value", "value_and_gradient") if not hasattr(fun, name))
        raise InputError(
            f"{type(fun).__name__} is neither a function nor a problem: a problem needs n, value(x) and "
            f"value_and_gradient(x) (see motionrecon.optimizers.Problem), and it lacks {lacking}"
        )
    problem, start, shaped = problem_of(fun, x0, jac, residuals)
    return problem, _start(problem.n, start), shaped


def _optimizer(method: str | Optimizer | None, problem: Problem, hyper: dict[str, Any]) -> Optimizer:
    if isinstance(method, Optimizer):
        if hyper:
            raise InputError(
                f"the optimizer is made already: give {', '.join(hyper)} to {type(method).__name__} itself"
            )
        return method
    return registry.make(method or DEFAULT_METHOD, **hyper)


def _watcher(callback: Callable | None, so_far: Callable) -> Callable[[State], bool]:
    """Calls ``callback`` as it wants to be called; True where it asks to stop."""
    if callback is None:
        return lambda state: False
    if not callable(callback):
        raise InputError(f"callback is {callback!r}: give a function")
    try:
        like_scipy = set(inspect.signature(callback).parameters) == {"intermediate_result"}
    except (TypeError, ValueError):  # builtins without a signature
        like_scipy = False

    def asks_to_stop(state: State) -> bool:
        try:
            if like_scipy:
                return bool(callback(intermediate_result=so_far(state, None)))
            return bool(callback(state))
        except StopIteration:
            return True

    return asks_to_stop


def _start(n: int, x0: Any) -> np.ndarray:
    x0 = np.array(x0, dtype=float)
    if x0.shape != (n,):
        raise InputError(f"the start x0 has shape {x0.shape}: the problem needs ({n},)")
    if not np.isfinite(x0).all():
        raise InputError(f"the start x0 holds {np.count_nonzero(~np.isfinite(x0))} numbers that are not finite")
    return x0
