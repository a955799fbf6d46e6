"""``motionrecon export``: a result for other programs; its flags are the options of all formats."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from motionrecon.cli.command import command, own_flags
from motionrecon.cli.flags import Switch, flag_type
from motionrecon.cli.outputs import called_after
from motionrecon.core.files import check_folder
from motionrecon.errors import InputError
from motionrecon.export import FORMATS, check_options, format_of
from motionrecon.export import export as write


def export(
    folder: Path,
    output: Path | None = None,
    /,
    *,
    format: str | None = None,
    force: Switch = False,
    quiet: Switch = False,
    **options: Any,
) -> None:
    """Write a result for other programs, in the format that the file's suffix or --format names.

    Args:
        folder: the folder of a result.
        output: the file to write; where not given, it is called after the folder, with --format's suffix, and lies in
            the current folder.
        format: %s.
        force: replace the file, and those that the format writes beside it, if they are there, but
            never one that the motion was made from.
        quiet: do not print the names of the files; warnings and errors show.
    """
    from motionrecon.result.motion import Motion

    if output is None and format is None:
        raise InputError(f"say what to write: a file ({_suffixes()}), or format=... ({', '.join(FORMATS)})")
    name = format_of(output or "", format)  # before anything is read
    output = output or Path(called_after(folder) + FORMATS[name].suffixes[0])
    given = {option: value for option, value in options.items() if value is not None}
    check_options(name, given)
    check_folder(output)
    files = FORMATS[name].files(output)
    motion = Motion.load(folder)
    before = _stamps(files)
    write(motion, output, name, force=force, **given)
    if not quiet:
        print("\n".join(str(file) for file, stamp in _stamps(files).items() if stamp != before.get(file)))
    if FORMATS[name].surface and motion.body.licence and "character" not in given:
        print(motion.body.licence, file=sys.stderr)


def _stamps(files: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """Of the files that are there, what is another once they are written again."""
    return {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files if file.exists()}


def _suffixes() -> str:
    return ", ".join(f"*{one.suffixes[0]}" for one in FORMATS.values())


def _options() -> dict[str, inspect.Parameter]:
    """The options of all formats as flags, None where not given, by their names."""
    flags = {}
    for one in FORMATS.values():
        for name, hint in one.options.items():
            flag: Any = Annotated[flag_type(hint) | None, Parameter(negative="", show_default=False)]
            flags[name] = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=flag)
    return flags


def _help() -> str:
    """The docstring of `export`, with a line for each option of the formats, which says whose it is."""
    lines: dict[str, str] = {}
    takers: dict[str, list[str]] = {}
    for format_name, one in FORMATS.items():
        for name in one.options:
            takers.setdefault(name, []).append(format_name)
            lines.setdefault(name, one.help[name])
    of = {name: "all" if len(them) == len(FORMATS) else ", ".join(them) for name, them in takers.items()}
    served = "; ".join(f"{name} for {one.what}" for name, one in FORMATS.items())
    own = inspect.cleandoc(export.__doc__ or "") % served
    return "\n".join([own, *(f"    {name}: ({of[name]}) {line}" for name, line in lines.items())])


command(export, flags=own_flags(export) | _options(), help=_help())
