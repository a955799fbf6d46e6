"""Kinds of flags, and the flags that parameters of the library are: those of `motionrecon.pipeline.reconstruct`."""

from __future__ import annotations

import inspect
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from cyclopts import Parameter

from motionrecon import pipeline
from motionrecon.options import Options

_Item = TypeVar("_Item")

#: A flag that is off unless it is given, and needs no flag to turn it off.
Switch = Annotated[bool, Parameter(negative="", show_default=False)]
#: A flag with any number of values: ``--dims 10 50``.
Many = Annotated[tuple[_Item, ...], Parameter(consume_multiple=True, negative="", show_default=False)]
#: Where a command writes.
Output = Annotated[Path | None, Parameter(alias="-o")]

#: Types of parameters as they stand in the source, and as cyclopts takes them.
_TYPES: dict[str, Any] = {
    "float": float, "float | None": float | None, "int": int, "str": str, "str | None": str | None, "bool": bool
}  # fmt: skip

#: Flags that may be given once for each camera, and what each of their values is.
_PER_CAMERA = Options.per_camera()

#: Parameters of `pipeline.reconstruct` that are no flags: an argument, and functions.
NO_FLAGS = ("video", "progress", "watch")


def flag_type(hint: str) -> Any:
    """The type of the flag of a parameter whose annotation stands so in the source; None for one that is no flag's."""
    return Path | None if "Path" in hint else _TYPES.get(hint)


def flags_of_reconstruct() -> dict[str, inspect.Parameter]:
    """The parameters of `pipeline.reconstruct`, but `NO_FLAGS`, as flags, by their names."""
    flags = {}
    for name, parameter in inspect.signature(pipeline.reconstruct).parameters.items():
        if name in NO_FLAGS:
            continue
        flag: Any = flag_type(str(parameter.annotation))  # as it stands in the source: "str | Path | None"
        if name in _PER_CAMERA:
            parameter = parameter.replace(default=() if parameter.default is None else (parameter.default,))
            many: Any = types.GenericAlias(tuple, (_PER_CAMERA[name], ...))
            shown = (lambda values: ", ".join(map(str, values))) if parameter.default else False
            flag = Annotated[many, Parameter(negative="", show_default=shown)]
        elif name == "output":
            flag = Output
        elif parameter.default is False:
            flag = Switch
        flags[name] = parameter.replace(annotation=flag)
    return flags


def each(values: Sequence[_Item]) -> Any:
    """What may be given for each camera, as `pipeline.reconstruct` takes it: nothing, a value by itself, or a list."""
    return list(values) if len(values) > 1 else values[0] if values else None


def taken(given: dict[str, Any]) -> dict[str, Any]:
    """Values of flags as `pipeline.reconstruct` takes them."""
    return given | {name: each(given[name]) for name in _PER_CAMERA if name in given}
