"""The command ``motionrecon export``: its flags are the options of all formats."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from cyclopts import Parameter

from motionrecon.core.docstrings import arguments, unwrapped
from motionrecon.core.files import check_folder
from motionrecon.errors import InputError, OutputError
from motionrecon.export import FORMATS, check_options, format_of
from motionrecon.export import export as write

#: A flag that is off unless it is given, and needs no flag to turn it off.
_Switch = Annotated[bool, Parameter(negative="", show_default=False)]


def export(
    folder: Path, output: Path | None = None, /, *, format: str | None = None, force: _Switch = False, **options: Any
) -> None:
    """Write a result for other programs, in the format that the file's suffix or --format names.

    Args:
        folder: the folder of a result.
        output: the file to write; where not given, it is called after the folder, with --format's suffix, and lies in
            the current folder.
        format: %s.
        force: replace the file, and those that the format writes beside it, if they are there.
    """
    from motionrecon.result.motion import Motion

    if output is None and format is None:
        raise InputError(f"say what to write: a file ({_suffixes()}), or format=... ({', '.join(FORMATS)})")
    name = format_of(output or "", format)  # before anything is read
    output = output or Path(_called(folder) + FORMATS[name].suffixes[0])
    given = {option: value for option, value in options.items() if value is not None}
    check_options(name, given)
    check_folder(output)
    there = [file for file in FORMATS[name].files(output) if os.path.lexists(file)]
    if there and not force:
        raise OutputError(f"{there[0]} is there already; replace it with force=True, or choose another name")
    write(Motion.load(folder), output, name, **given)
    print("\n".join(str(file) for file in FORMATS[name].files(output) if os.path.lexists(file)))


def _suffixes() -> str:
    return ", ".join(f"*{one.suffixes[0]}" for one in FORMATS.values())


def _called(folder: Path) -> str:
    """What a result's exports are called: ``walk`` of ``walk_motionrecon`` or of the motion.npz in it."""
    whole = folder.resolve()
    name = whole.parent.name if whole.suffix == ".npz" else whole.name
    return name.removesuffix("_motionrecon") or "motion"


def _flags() -> tuple[dict[str, inspect.Parameter], list[str]]:
    """The options of all formats as the command's parameters, None where not given, and a line of help for each."""
    flags: dict[str, inspect.Parameter] = {}
    lines: dict[str, str] = {}
    takers: dict[str, list[str]] = {}
    for format_name, one in FORMATS.items():
        hints = get_type_hints(one.write, localns={"Motion": Any})
        help_of = arguments(one.write.__doc__ or "")
        for name, parameter in one.options.items():
            takers.setdefault(name, []).append(format_name)
            lines.setdefault(name, help_of[name])
            hint = hints[name] | None
            parameter_of_flag = Parameter(negative="", show_default=False)
            flags.setdefault(name, parameter.replace(default=None, annotation=Annotated[hint, parameter_of_flag]))
    of = {name: "all" if len(them) == len(FORMATS) else ", ".join(them) for name, them in takers.items()}
    return flags, [f"    {name}: ({of[name]}) {line}" for name, line in lines.items()]


_options, _lines = _flags()
_own = [p for p in inspect.signature(export, eval_str=True).parameters.values() if p.kind is not p.VAR_KEYWORD]
export.__signature__ = inspect.Signature([*_own, *_options.values()])  # type: ignore[attr-defined]
export.__annotations__ = {p.name: p.annotation for p in (*_own, *_options.values())}
_what = "; ".join(f"{name} for {one.what}" for name, one in FORMATS.items())
export.__doc__ = "\n".join([unwrapped(export.__doc__ or "").rstrip() % _what, *_lines])

#: All that the command takes.
PARAMETERS = tuple(export.__annotations__)
