"""Problems from plain functions, in the manner of SciPy: ``fun(x, *args)`` with ``jac``, for ``x`` of any shape.

The unknowns are flattened for the optimizers, in NumPy's order of elements, and given to the user's functions in the
shape of the start, in arrays of their own. What the functions raise goes through as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.errors import InputError
from motionrecon.optimizers.differences import STEPS, VALUES, quotients

_NO_GRADIENT = (
    "the gradient is missing: give jac=a function, jac=True if fun returns (value, gradient), a torch tensor as x0 for "
    "automatic differentiation, or jac='2-point' or '3-point' for difference quotients, which cost n or 2 n evaluations"
)
_NO_JACOBIAN = (
    "the Jacobian is missing: give jac=a function, jac=True if fun returns (residuals, Jacobian), a torch tensor as x0 "
    "for automatic differentiation, or jac='2-point' or '3-point' for difference quotients, which cost n or 2 n "
    "evaluations"
)


class UserFunction:
    """The problem of minimizing ``fun``.

    Args:
        fun: the function of an array like ``start``, and of ``args``.
        jac: its derivative; True where ``fun`` returns both; '2-point' or '3-point' for difference quotients.
        start: the start, of any shape.
        args: what ``fun`` and ``jac`` are given besides.

    Attributes:
        differences: calls of ``fun`` made for difference quotients so far.
        limits: lowest and highest (n,) unknowns that difference quotients may ask for.
    """

    missing = _NO_GRADIENT

    def __init__(
        self, fun: Callable[..., Any], jac: Any, start: Float[np.ndarray, "*shape"], args: tuple[Any, ...] = ()
    ) -> None:
        if jac is None or jac is False:
            raise InputError(self.missing)
        if not (jac is True or callable(jac) or (isinstance(jac, str) and jac in STEPS)):
            raise InputError(f"jac is {jac!r}: give a function, True, '2-point' or '3-point'")
        self._fun, self._jac, self._args = fun, jac, args
        self.shape, self.n = start.shape, start.size
        self.differences = 0
        self.limits: tuple[Any, Any] = (-np.inf, np.inf)

    def point(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, "*shape"]:
        """``x`` (n,) in the user's shape, as an array of its own."""
        return x.reshape(self.shape).copy()

    def value(self, x: Float[np.ndarray, " n"]) -> float:
        """f at ``x`` (n,)."""
        return self._scalar(self._first(self._fun(self.point(x), *self._args)))

    def value_and_gradient(self, x: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
        """f and its gradient (n,) at ``x`` (n,)."""
        if self._jac is True:
            value, gradient = self._pair(self._fun(self.point(x), *self._args))
            return self._scalar(value), self._flat(gradient)
        value = self.value(x)
        if callable(self._jac):
            return value, self._flat(self._jac(self.point(x), *self._args))
        return value, self._quotients(lambda x: np.array([self.value(x)]), x, np.array([value]))[0]

    def _first(self, answer: Any) -> Any:
        if answer is None:
            raise InputError("fun returned None: does it end in a return?")
        return self._pair(answer)[0] if self._jac is True else answer

    @staticmethod
    def _pair(answer: Any) -> tuple[Any, Any]:
        if not (isinstance(answer, (tuple, list)) and len(answer) == 2):
            raise InputError(f"with jac=True, fun must return a value and its derivative; it returned {what(answer)}")
        return answer[0], answer[1]

    @staticmethod
    def _scalar(value: Any) -> float:
        array = numbers(value, "fun")
        if array.size != 1:
            raise InputError(f"fun returned {what(array)}: it must return one number (or say residuals=True)")
        return float(array.reshape(()))

    def _flat(self, gradient: Any) -> np.ndarray:
        array = numbers(gradient, "the gradient")
        if array.size != self.n:
            raise InputError(f"the gradient has shape {array.shape}: it must be that of x0, {self.shape}")
        return array.reshape(self.n)

    def _quotients(self, fun: Callable[[np.ndarray], np.ndarray], x: np.ndarray, here: np.ndarray) -> np.ndarray:
        self.differences += VALUES[self._jac] * self.n
        return quotients(fun, x, here, self._jac, *self.limits)


class SquaresFunction(UserFunction):
    """The problem of minimizing the sum of squares of the residuals that ``fun`` returns; arguments as above.

    ``jac`` gives the Jacobian (m, n), or with the shapes of the residuals and of the start.
    """

    missing = _NO_JACOBIAN

    def residuals(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
        """r (m,) at ``x`` (n,)."""
        return numbers(self._first(self._fun(self.point(x), *self._args)), "fun").reshape(-1)

    def residuals_and_jacobian(
        self, x: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, "m n"]]:
        """r (m,) and dr/dx (m, n) at ``x`` (n,)."""
        if self._jac is True:
            residuals, jacobian = self._pair(self._fun(self.point(x), *self._args))
            r = numbers(residuals, "fun").reshape(-1)
        else:
            r = self.residuals(x)
            of_point = callable(self._jac)
            jacobian = self._jac(self.point(x), *self._args) if of_point else self._quotients(self.residuals, x, r)
        J = numbers(jacobian, "the Jacobian")
        # Of the same size but transposed or flattened, it would be read as something that it is not.
        by_unknown = (self.n,) if J.shape == (r.size, self.n) else self.shape
        trailing = J.shape[J.ndim - len(by_unknown) :] if J.ndim >= len(by_unknown) else None
        if J.size != r.size * self.n or (self.n > 1 and trailing != by_unknown):
            raise InputError(
                f"the Jacobian has shape {J.shape}: {r.size} residuals of {self.n} unknowns need a row each"
            )
        return r, J.reshape(r.size, self.n)

    def value(self, x: Float[np.ndarray, " n"]) -> float:
        """f = |r|^2 at ``x`` (n,)."""
        r = self.residuals(x)
        with np.errstate(all="ignore"):
            return float(r @ r)

    def value_and_gradient(self, x: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
        """f and its gradient (n,) at ``x`` (n,)."""
        r, J = self.residuals_and_jacobian(x)
        with np.errstate(all="ignore"):
            return float(r @ r), 2 * J.T @ r


def numbers(value: Any, who: str) -> np.ndarray:
    """``value`` as an array of float64; :class:`InputError` that says ``who`` gave what is none."""
    if value is None:
        raise InputError(f"{who} is None where numbers should be: does the function end in a return?")
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{who} is {what(value)}: give an array of numbers") from error


def what(value: Any) -> str:
    """How an error names ``value``."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"{type(value).__name__} {str(value)[:40]!r}"
