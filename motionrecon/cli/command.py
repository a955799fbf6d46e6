"""What makes a function a command: its parameters are the flags, and its docstring is the help."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TypeVar

from motionrecon.cli.messages import know
from motionrecon.core.docstrings import unwrapped

_Command = TypeVar("_Command", bound=Callable[..., object])


def command(
    function: _Command, *, flags: Mapping[str, inspect.Parameter] | None = None, help: str | None = None
) -> _Command:
    """``function`` itself, ready to be a command, with flags that messages of the library may name from now on.

    Args:
        function: what the command does.
        flags: all that it takes, by their names, where its own signature has a ``**given`` for some of them.
        help: its docstring then.
    """
    if flags is not None:
        function.__signature__ = inspect.Signature(list(flags.values()))  # type: ignore[attr-defined]
        function.__annotations__ = {name: flag.annotation for name, flag in flags.items()}
    function.__doc__ = unwrapped(help or function.__doc__ or "")
    know(inspect.signature(function).parameters)
    return function


def own_flags(function: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """The parameters of a function but its ``**given``, as flags, by their names."""
    parameters = inspect.signature(function, eval_str=True).parameters
    return {name: one for name, one in parameters.items() if one.kind is not one.VAR_KEYWORD}
