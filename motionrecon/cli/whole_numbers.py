"""Flags whose values are whole numbers take nothing else: cyclopts rounds ``--seed 1.5`` to 2."""

from __future__ import annotations

from typing import Any, get_args

from cyclopts import App, ArgumentCollection, CoercionError


def refuse_fractions(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """A ``config`` of cyclopts' `App`, which sees the values of all flags of a command before they are converted.

    Args:
        app, commands: not asked.
        arguments: of the command.

    Raises:
        CoercionError: a whole number was asked for, and another one given.
    """
    for argument in arguments:
        if _is_whole(argument.hint):
            for token in argument.tokens:
                if _has_fraction(token.value):
                    raise CoercionError(token=token, argument=argument, target_type=int)


def _is_whole(hint: Any) -> bool:
    """Whether values of a type are whole numbers: ``int`` itself, none of them, or many."""
    return hint is int or (int in (parts := get_args(hint)) and float not in parts)


def _has_fraction(value: str) -> bool:
    try:
        return not float(value).is_integer()
    except ValueError:  # no number, which cyclopts finds out
        return False
