"""What the bench of reconstruct is told, looked at before anything is fetched, rendered or imported for it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any

from motionrecon.errors import InputError
from motionrecon.options import Options
from motionrecon.pipeline import reconstruct

#: Parameters of reconstruct that the bench gives itself, or that would let a motion begin elsewhere than its truth.
_OWN = frozenset({"video", "keypoints", "hands", "detector", "output", "start", "end", "progress", "watch"})


def options_of(given: Sequence[str], flags: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Options of reconstruct from texts NAME=VALUE: numbers, true and false as JSON has them, and else text.

    Args:
        given: the texts.
        flags: those that have a flag of the bench's own, under which the others lie.

    Raises:
        InputError: there is no option of such a name, a text is something else, or an option cannot be right.
    """
    known = inspect.signature(reconstruct).parameters
    found: dict[str, Any] = {}
    for text in given:
        name, is_one, value = text.partition("=")
        name = name.replace("-", "_")
        if not is_one or name not in known:
            raise InputError(f"given={text}: give NAME=VALUE with an option of reconstruct as the name")
        if name in _OWN:
            raise InputError(f"given={text}: {name} is the bench's own to give; leave it out")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    defaults = {name: parameter.default for name, parameter in known.items()} | dict(flags or {})
    Options.of(defaults)
    try:
        Options.of(defaults | found)
    except InputError as error:
        raise InputError(f"given=...: {error}") from error
    return found
