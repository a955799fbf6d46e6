"""What ``minimize`` is given, as a problem with its start: a function of an array or a tensor, or a problem itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.errors import InputError
from motionrecon.optimizers.bounds import Box, bounded, box_of
from motionrecon.optimizers.functions import SquaresFunction, UserFunction, what
from motionrecon.optimizers.problem import Problem


@dataclass(frozen=True)
class GivenProblem:
    """A problem for an optimizer, and the way back to what the user gave.

    Attributes:
        problem: of n unknowns.
        start: where it begins.
        shaped: gives a point (n,), or a gradient, the user's type and shape.
        box: where the unknowns are bounded: ``problem`` is one of free unknowns then.
        function: counts what difference quotients cost; None for a problem.
    """

    problem: Problem
    start: Float[np.ndarray, " n"]
    shaped: Callable[[np.ndarray], Any]
    box: Box | None = None
    function: UserFunction | None = None

    @property
    def differences(self) -> int:
        """Values asked for by difference quotients so far, which the problem does not see."""
        return 0 if self.function is None else self.function.differences

    def x(self, point: Float[np.ndarray, " n"]) -> Any:
        """A point of ``problem``, as the user knows it."""
        return self.shaped(point if self.box is None else self.box.x(point))

    def gradient(self, point: Float[np.ndarray, " n"], gradient: Float[np.ndarray, " n"] | None) -> Any:
        """A gradient of ``problem`` there, as the user knows it; NaN for fixed unknowns, None for none."""
        if gradient is None or self.box is None:
            return None if gradient is None else self.shaped(gradient)
        with np.errstate(all="ignore"):
            return self.shaped(np.where(self.box.fixed, np.nan, gradient / self.box.slope(point)))


def given_problem(fun: Any, x0: Any, args: Any, jac: Any, residuals: bool, bounds: Any) -> GivenProblem:
    """The problem that the arguments of ``minimize`` of these names pose.

    Raises:
        InputError: for what is neither a function nor a problem, or a start or bounds that do not fit.
    """
    posed = _unbounded(fun, x0, args, jac, residuals)
    if bounds is None:
        return posed
    box = box_of(bounds, posed.start)
    if posed.function is not None:
        posed.function.limits = (box.lower, box.upper)
    return GivenProblem(bounded(posed.problem, box), box.z, posed.shaped, box, posed.function)


def _unbounded(fun: Any, x0: Any, args: Any, jac: Any, residuals: bool) -> GivenProblem:
    args = args if isinstance(args, tuple) else (args,)  # as SciPy has it
    if isinstance(fun, Problem):
        if jac is not None or residuals or args:
            raise InputError(
                f"{type(fun).__name__} is a problem with derivatives of its own: leave jac, residuals and args out"
            )
        return GivenProblem(fun, _checked(fun.n, np.array(x0, dtype=float)), np.copy)
    if not callable(fun):
        lacking = ", ".join(name for name in ("n", "value", "value_and_gradient") if not hasattr(fun, name))
        raise InputError(
            f"{type(fun).__name__} is neither a function nor a problem: a problem needs n, value(x) and "
            f"value_and_gradient(x) (see motionrecon.optimizers.Problem), and it lacks {lacking}"
        )
    if _is_tensor(x0):
        from motionrecon.optimizers.torch_functions import TorchFunction, TorchSquares, start_of

        if jac is not None:
            raise InputError(
                "from a torch tensor the derivatives come from autograd: leave jac out, or give x0 as an array"
            )
        start = start_of(x0)
        of_tensor = (TorchSquares if residuals else TorchFunction)(fun, x0, args)
        return GivenProblem(of_tensor, _checked(len(start), start), of_tensor.tensor, function=of_tensor)
    array = _array(x0)
    function = (SquaresFunction if residuals else UserFunction)(fun, jac, array, args)
    return GivenProblem(function, _checked(array.size, array.reshape(-1)), function.point, function=function)


def _array(x0: Any) -> np.ndarray:
    if x0 is None:
        raise InputError("the start x0 is None: give an array of numbers")
    if np.ma.is_masked(x0):
        raise InputError("the start x0 is a masked array: fill it, or leave the masked unknowns out")
    try:
        if np.iscomplexobj(x0):
            raise InputError("the start x0 is complex: give real numbers, such as its real and imaginary parts")
        start = np.array(x0, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"the start x0 is {what(x0)}: give an array of numbers") from error
    if start.size == 0:
        raise InputError("the start x0 is empty: give at least one unknown")
    return start


def _checked(n: int, x0: np.ndarray) -> np.ndarray:
    if x0.shape != (n,):
        raise InputError(f"the start x0 has shape {x0.shape}: the problem needs ({n},)")
    if not np.isfinite(x0).all():
        raise InputError(f"the start x0 holds {np.count_nonzero(~np.isfinite(x0))} numbers that are not finite")
    return x0


def _is_tensor(x: Any) -> bool:
    """Whether ``x`` is a torch tensor; asks without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)
