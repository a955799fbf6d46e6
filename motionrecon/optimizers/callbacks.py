"""What a callback is called with: what the name of its parameter asks for, as SciPy has it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from motionrecon.errors import InputError
from motionrecon.optimizers.base import State
from motionrecon.optimizers.result import OptimizeResult

#: Called after each step with the state and what was found so far; True to stop.
Watcher = Callable[[State[Any], OptimizeResult], bool]


def watcher(callback: Callable[..., Any] | None) -> Watcher | None:
    """``callback`` as the loop calls it; None for none.

    It gets the result so far where its only parameter is called ``intermediate_result``, the optimizer's
    :class:`~motionrecon.optimizers.base.State` where that is called ``state``, and otherwise the best point so far, a
    copy of its own. It stops the run by StopIteration or by returning True; anything else that it returns says nothing.

    Raises:
        InputError: for what cannot be called, or not with one argument.
    """
    if callback is None:
        return None
    if not callable(callback):
        raise InputError(f"callback is {callback!r}: give a function")
    try:
        signature: inspect.Signature | None = inspect.signature(callback)
    except (TypeError, ValueError):  # builtins without a signature
        signature = None
    names = set(signature.parameters) if signature is not None else set()
    by_name = next((name for name in ("intermediate_result", "state") if names == {name}), None)
    if by_name is None and signature is not None:
        try:
            signature.bind(None)
        except TypeError:
            raise InputError(
                f"callback takes {signature}: give a function of one argument, the point xk, or of one that is called "
                "intermediate_result"
            ) from None

    def asks_to_stop(state: State[Any], found: OptimizeResult) -> bool:
        try:
            if by_name is None:
                answer = callback(found.x)
            else:
                answer = callback(**{by_name: state if by_name == "state" else found})
        except StopIteration:
            return True
        return isinstance(answer, (bool, np.bool_)) and bool(answer)

    return asks_to_stop
