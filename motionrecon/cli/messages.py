"""The library's messages as a terminal shows them: parameters spelled as flags, and an error in one line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from cyclopts import App, CoercionError, CycloptsError, UnknownCommandError, UnusedCliTokensError

from motionrecon.errors import shortened, with_point

#: Parameters that messages of the library name, and that are flags. Each command adds its own.
_parameters: set[str] = set()

#: What a flag's value of a type is called.
_NUMBERS = {float: "number", int: "whole number"}


def know(parameters: Iterable[str]) -> None:
    """From now on these are flags in messages."""
    _parameters.update(parameters)


def as_flags(message: str) -> str:
    """A message of the library with its parameters spelled as flags: ``--height 500`` for ``height=500``.

    ``height=...`` is the flag without a value, ``force=True`` is ``--force``, and ``physics=False`` ``--no-physics``.
    """

    def spelled(found: re.Match[str]) -> str:
        name, value = found.groups()
        flag = "-o" if name == "output" else f"--{'no-' if value == 'False' else ''}{name.replace('_', '-')}"
        return flag if value else f"{flag} "

    # `folder` is an argument without a flag.
    named = "|".join(sorted(_parameters - {"folder"}))
    return re.sub(
        rf"(?<![\w./-])({named})=(\.\.\.|True\b|False\b)?",
        spelled,
        message.replace("list_people(...)", "--list-people"),
    )


def in_one_line(error: Exception, arguments: list[str], app: App) -> str:
    """What is said of an error that ``arguments`` of a command line led to."""
    message = _shown(as_flags(" ".join(str(error).splitlines())))
    if isinstance(error, UnknownCommandError) and arguments and Path(arguments[0]).suffix:
        command = shlex.join(["motionrecon", "reconstruct", *arguments])
        return f"{arguments[0]} is not a command; to reconstruct a video, run: {command}"
    if isinstance(error, CoercionError) and error.token and error.target_type in _NUMBERS:
        given, kind = error.token.value, _NUMBERS[error.target_type]
        hint = with_point(given) if error.target_type is float else ""
        message = f'{error.token.keyword} "{_shown(given)}" is no {kind}{hint}'
    if isinstance(error, CycloptsError):
        if isinstance(error, UnusedCliTokensError):
            message = f"too many arguments; left over: {_shown(shlex.join(error.unused_tokens or []))}"
        command = next((name for name in arguments[:1] if name in app), "")
        return f"{message} (see {' '.join(['motionrecon', *filter(None, [command]), '--help'])})"
    return message


def _shown(message: str) -> str:
    """A message as a terminal may show it: names may be of any length, and hold what would move the cursor."""
    message = shortened(message)
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda control: repr(control[0])[1:-1], message)
