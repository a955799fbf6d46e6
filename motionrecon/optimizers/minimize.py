"""``minimize``: run an optimizer on a problem or function until it is done, with the result that SciPy users know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.callbacks import watcher
from motionrecon.optimizers.given import given_problem
from motionrecon.optimizers.problem import Evaluations, Problem
from motionrecon.optimizers.result import OptimizeResult
from motionrecon.optimizers.settings import settings


def minimize(
    fun: Problem | Callable[..., Any],
    x0: Any,
    method: str | Optimizer[Any] | None = None,
    *,
    args: tuple[Any, ...] | Any = (),
    jac: Callable[..., Any] | bool | str | None = None,
    residuals: bool = False,
    bounds: Any = None,
    tol: float | None = None,
    max_evaluations: int | None = None,
    maxiter: int | None = None,
    callback: Callable[..., Any] | None = None,
    options: Mapping[str, Any] | None = None,
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
        method: a name from ``motionrecon.optimizers.names()``, in any case and with hyphens as SciPy has them
            ("L-BFGS-B"), or an optimizer; by default Optimus.
        args: further arguments of ``fun`` and of ``jac``; not of the callback.
        jac: of a function of an array: a function that returns the gradient; or True where ``fun`` returns (value,
            gradient); or '2-point' or '3-point' for difference quotients, which cost n or 2 n further evaluations of
            ``fun`` for each gradient.
        residuals: True where the function returns residuals: the sum of their squares (no factor of a half) is
            minimized, and ``jac`` is their Jacobian (m, n).
        bounds: pairs (lowest, highest) for the unknowns, None for no bound, or ``scipy.optimize.Bounds``: for every
            method. ``fun`` is never asked beyond them (to the rounding of a single-precision ``x0``). A start on a
            bound or beyond it is moved inside, by a hundredth of the way to the other bound.
        tol: for every test of convergence that the method has (``gtol``, ``ftol``, ``xtol``) and that is not given by
            itself. All of these are shares, of the gradient or value at the start or of |x|, so they have no units:
            SciPy's ``gtol`` is absolute.
        max_evaluations: gradients and Jacobians allowed, kept exactly; 200 where neither it nor ``maxiter`` is given.
            Bare values and those for difference quotients are not limited; ``nfev`` of the result counts them.
        maxiter: steps allowed. A step evaluates at most one gradient or Jacobian, so a line search takes one or more of
            them. The run ends at whichever limit comes first.
        callback: called after each step with the best point so far, or with the result so far if its parameter is
            called ``intermediate_result``, as SciPy has it; with the :class:`~motionrecon.optimizers.base.State` if it
            is called ``state``. The run stops if it returns True or raises StopIteration.
        options: more of these in a dictionary, as SciPy has it: ``maxiter``, ``maxfun`` (for ``max_evaluations``),
            ``disp`` (print the result's message and counts), ``gtol``, ``ftol``, ``maxcor``, and hyperparameters.
        **hyper: hyperparameters of the named optimizer.

    Raises:
        InputError: for an unknown method or hyperparameter, a start of the wrong length or not finite, a method that
            the problem cannot serve, or a function without a gradient or of the wrong shapes. What the user's own
            functions raise goes through as it is.
    """
    how = settings(method, hyper, options, tol, max_evaluations, maxiter)
    posed = given_problem(fun, x0, args, jac, residuals, bounds)
    budget = how.max_evaluations if how.max_steps is None else min(how.max_evaluations, how.max_steps + 1)
    optimizer = how.optimizer.for_problem(posed.problem).planned(budget)
    asks_to_stop = watcher(callback)

    def so_far(state: State[Any], result: Result | None) -> OptimizeResult:
        return OptimizeResult(
            x=posed.x(state.best_x),
            fun=state.best_value,
            jac=posed.gradient(state.best_x, state.best_gradient),
            success=result is not None and result.success,
            message=result.value if result is not None else "going on",
            result=result,
            nit=state.iteration,
            evaluations=state.evaluations + Evaluations(values=posed.differences),
            fallbacks=optimizer.fallbacks(state),
        )

    state = optimizer.init(posed.problem, posed.start)
    while (result := optimizer.terminate(posed.problem, state)) is None:
        if how.max_steps is not None and state.iteration >= how.max_steps:
            result = Result.MAX_STEPS
            break
        if state.evaluations.derivatives >= how.max_evaluations and optimizer.needs_derivative(state):
            result = Result.MAX_EVALUATIONS
            break
        state = optimizer.step(posed.problem, state)
        if asks_to_stop is not None and asks_to_stop(state, so_far(state, None)):
            result = Result.CALLBACK
            break
    found = so_far(state, result)
    if how.disp:
        print(
            f"{found.message}: f = {found.fun:.6g} after {found.nit} steps, {found.nfev} values, {found.njev} of them "
            "with derivatives"
        )
    return found
