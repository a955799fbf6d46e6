"""Problems from functions of torch tensors, whose derivatives come from autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from motionrecon.errors import InputError
from motionrecon.optimizers.functions import SquaresFunction, UserFunction, what

_UNREACHED = (
    "fun's result does not depend on x by torch operations: it was detached, converted to NumPy or computed under "
    "no_grad, so autograd has no gradient"
)


class TorchFunction(UserFunction):
    """The problem of minimizing ``fun``, which takes a tensor like ``start``, and ``args``, and returns a scalar one.

    ``fun`` is called with tensors of the start's dtype, device and shape, whatever torch's defaults are, and with
    gradients, whatever mode the caller is in (``no_grad``, ``inference_mode``).
    """

    def __init__(self, fun: Callable[..., Tensor], start: Tensor, args: tuple[Any, ...] = ()) -> None:
        self._of_tensor, self._args, self._like = fun, args, start.detach()
        self.shape, self.n = tuple(start.shape), start.numel()
        self.differences = 0
        self.limits = (-np.inf, np.inf)

    def tensor(self, x: Float[np.ndarray, " n"]) -> Tensor:
        """``x`` as a tensor like the start."""
        like = self._like
        return torch.from_numpy(x.copy()).to(dtype=like.dtype, device=like.device).reshape(like.shape)

    def value(self, x: Float[np.ndarray, " n"]) -> float:
        with torch.inference_mode(False), torch.no_grad():
            return self._number(self._of_tensor(self.tensor(x), *self._args)).item()

    def value_and_gradient(self, x: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
        with torch.inference_mode(False), torch.enable_grad():
            point = self.tensor(x).requires_grad_()
            value = self._number(self._of_tensor(point, *self._args))
            return value.item(), self._slope(value, point)

    @staticmethod
    def _slope(value: Tensor, point: Tensor) -> np.ndarray:
        if not value.requires_grad:
            raise InputError(_UNREACHED)
        (gradient,) = torch.autograd.grad(value, point, allow_unused=True, retain_graph=True)
        if gradient is None:
            raise InputError(_UNREACHED)
        return gradient.detach().to(device="cpu", dtype=torch.float64).reshape(-1).numpy()

    @staticmethod
    def _number(value: Any) -> Tensor:
        if not isinstance(value, Tensor) or value.numel() != 1:
            found = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else what(value)
            raise InputError(f"fun returned {found}: from a tensor it must return a scalar one (or say residuals=True)")
        return value.reshape(())


class TorchSquares(TorchFunction, SquaresFunction):
    """The same for a ``fun`` that returns residuals, whose sum of squares is minimized.

    The Jacobian takes a backward pass for each residual.
    """

    value = SquaresFunction.value
    value_and_gradient = SquaresFunction.value_and_gradient

    def residuals(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
        with torch.inference_mode(False), torch.no_grad():
            return _numbers(self._of_tensor(self.tensor(x), *self._args))

    def residuals_and_jacobian(
        self, x: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, "m n"]]:
        with torch.inference_mode(False), torch.enable_grad():
            point = self.tensor(x).requires_grad_()
            r = self._of_tensor(point, *self._args)
            if not (isinstance(r, Tensor) and r.requires_grad):
                raise InputError(_UNREACHED)
            rows = [self._slope(one, point) for one in r.reshape(-1)]
        return _numbers(r), np.stack(rows)


def start_of(x0: Tensor) -> Float[np.ndarray, " n"]:
    """The unknowns of a start; :class:`InputError` for one that no function can be minimized from."""
    if not x0.is_floating_point():
        raise InputError(f"the start x0 has dtype {x0.dtype}: give floating-point numbers, such as torch.float64")
    if x0.device.type == "meta":
        raise InputError("the start x0 is on the device 'meta', which holds no numbers: give a tensor with values")
    if x0.numel() == 0:
        raise InputError("the start x0 is empty: give at least one unknown")
    return _numbers(x0).copy()


def _numbers(a: Tensor) -> np.ndarray:
    return a.detach().to(device="cpu", dtype=torch.float64).reshape(-1).numpy()
