"""Problems from plain functions, in the manner of SciPy: ``fun(x)`` with ``jac``, for ``x`` of any shape.

The unknowns are flattened for the optimizers, in NumPy's order of elements, and given to the user's functions in the
shape of the start. Functions of torch tensors are in :mod:`motionrecon.optimizers.torch_functions`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from motionrecon.errors import InputError

#: Relative steps of difference quotients that balance rounding and curvature (Nocedal and Wright, section 8.1).
STEPS = {"2-point": np.finfo(float).eps ** (1 / 2), "3-point": np.finfo(float).eps ** (1 / 3)}

_NO_GRADIENT = (
    "the gradient is missing: give jac=a function, jac=True if fun returns (value, gradient), a torch tensor as x0 for "
    "automatic differentiation, or jac='2-point' or '3-point' for difference quotients, which cost n or 2 n evaluations"
)
_NO_JACOBIAN = (
    "the Jacobian is missing: give jac=a function, jac=True if fun returns (residuals, Jacobian), a torch tensor as x0 "
    "for automatic differentiation, or jac='2-point' or '3-point' for difference quotients, which cost n or 2 n "
    "evaluations"
)


class Function:
    """The problem of minimizing ``fun``.

    Args:
        fun: the function of an array like ``start``.
        jac: its derivative; True where ``fun`` returns both; '2-point' or '3-point' for difference quotients.
        start: the start, of any shape.

    Attributes:
        differences: calls of ``fun`` made for difference quotients so far.
    """

    missing = _NO_GRADIENT

    def __init__(self, fun: Callable, jac: Any, start: np.ndarray) -> None:
        if jac is None or jac is False:
            raise InputError(self.missing)
        if not (jac is True or callable(jac) or (isinstance(jac, str) and jac in STEPS)):
            raise InputError(f"jac is {jac!r}: give a function, True, '2-point' or '3-point'")
        self._fun, self._jac = fun, jac
        self.shape, self.n = start.shape, start.size
        self.differences = 0

    def point(self, x: np.ndarray) -> np.ndarray:
        """``x`` (n,) in the user's shape, as an array of its own."""
        return x.reshape(self.shape).copy()

    def value(self, x: np.ndarray) -> float:
        """f at ``x`` (n,)."""
        return self._scalar(self._first(self._fun(self.point(x))))

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """f and its gradient (n,) at ``x`` (n,)."""
        if self._jac is True:
            value, gradient = self._pair(self._fun(self.point(x)))
            return self._scalar(value), self._flat(gradient)
        value = self.value(x)
        if callable(self._jac):
            return value, self._flat(self._jac(self.point(x)))
        return value, self._quotients(x, np.array([value]), lambda x: np.array([self.value(x)]))[0]

    def _first(self, answer: Any) -> Any:
        if answer is None:
            raise InputError("fun returned None: does it end in a return?")
        return self._pair(answer)[0] if self._jac is True else answer

    @staticmethod
    def _pair(answer: Any) -> tuple[Any, Any]:
        if not (isinstance(answer, (tuple, list)) and len(answer) == 2):
            raise InputError(f"with jac=True, fun must return a value and its derivative; it returned {_what(answer)}")
        return answer[0], answer[1]

    @staticmethod
    def _scalar(value: Any) -> float:
        array = _numbers(value, "fun")
        if array.size != 1:
            raise InputError(f"fun returned {_what(array)}: it must return one number (or say residuals=True)")
        return float(array.reshape(()))

    def _flat(self, gradient: Any) -> np.ndarray:
        array = _numbers(gradient, "the gradient")
        if array.size != self.n:
            raise InputError(f"the gradient has shape {array.shape}: it must be that of x0, {self.shape}")
        return array.reshape(self.n)

    def _quotients(self, x: np.ndarray, here: np.ndarray, fun: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """The derivative (m, n) at ``x`` (n,) of ``fun``, which is ``here`` (m,) there."""
        size = STEPS[self._jac] * np.maximum(1.0, np.abs(x))
        columns = []
        for i, h in enumerate(size):
            ahead = x.copy()
            ahead[i] += h
            if self._jac == "2-point":
                columns.append((fun(ahead) - here) / (ahead[i] - x[i]))
            else:
                behind = x.copy()
                behind[i] -= h
                columns.append((fun(ahead) - fun(behind)) / (ahead[i] - behind[i]))
            self.differences += 1 if self._jac == "2-point" else 2
        return np.stack(columns, axis=1)


class SquaresFunction(Function):
    """The problem of minimizing the sum of squares of the residuals that ``fun`` returns; arguments as above.

    ``jac`` gives the Jacobian (m, n), or with the shapes of the residuals and of the start.
    """

    missing = _NO_JACOBIAN

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """r (m,) at ``x`` (n,)."""
        return _numbers(self._first(self._fun(self.point(x))), "fun").reshape(-1)

    def residuals_and_jacobian(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """r (m,) and dr/dx (m, n) at ``x`` (n,)."""
        if self._jac is True:
            residuals, jacobian = self._pair(self._fun(self.point(x)))
            r = _numbers(residuals, "fun").reshape(-1)
        else:
            r = self.residuals(x)
            jacobian = self._jac(self.point(x)) if callable(self._jac) else self._quotients(x, r, self.residuals)
        J = _numbers(jacobian, "the Jacobian")
        # Of the same size but transposed or flattened, it would be read as something that it is not.
        by_unknown = (self.n,) if J.shape == (r.size, self.n) else self.shape
        trailing = J.shape[J.ndim - len(by_unknown) :] if J.ndim >= len(by_unknown) else None
        if J.size != r.size * self.n or (self.n > 1 and trailing != by_unknown):
            raise InputError(
                f"the Jacobian has shape {J.shape}: {r.size} residuals of {self.n} unknowns need a row each"
            )
        return r, J.reshape(r.size, self.n)

    def value(self, x: np.ndarray) -> float:
        """f = |r|^2 at ``x`` (n,)."""
        r = self.residuals(x)
        with np.errstate(all="ignore"):
            return float(r @ r)

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """f and its gradient (n,) at ``x`` (n,)."""
        r, J = self.residuals_and_jacobian(x)
        with np.errstate(all="ignore"):
            return float(r @ r), 2 * J.T @ r


def problem_of(fun: Callable, x0: Any, jac: Any, residuals: bool) -> tuple[Function, np.ndarray, Callable]:
    """The problem that ``fun`` poses from ``x0`` on.

    Returns:
        The problem, its start (n,), and the function that gives a point (n,) the user's type and shape.
    """
    if is_tensor(x0):
        from motionrecon.optimizers import torch_functions

        return torch_functions.problem_of(fun, x0, jac, residuals)
    try:
        start = np.array(x0, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"the start x0 is {_what(x0)}: give an array of numbers") from error
    if start.size == 0:
        raise InputError("the start x0 is empty: give at least one unknown")
    problem = (SquaresFunction if residuals else Function)(fun, jac, start)
    return problem, start.reshape(-1), problem.point


def is_tensor(x: Any) -> bool:
    """Whether ``x`` is a torch tensor; asks without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def _numbers(value: Any, who: str) -> np.ndarray:
    if value is None:
        raise InputError(f"{who} is None where numbers should be: does the function end in a return?")
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{who} is {_what(value)}: give an array of numbers") from error


def _what(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"{type(value).__name__} {str(value)[:40]!r}"
