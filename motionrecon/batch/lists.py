"""Lists of clips: a path on each line, or CSV with a column ``video`` and columns named as the flags of reconstruct."""

from __future__ import annotations

import csv
import io
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from motionrecon.core.files import read_text, reason
from motionrecon.errors import InputError, with_point
from motionrecon.options import Options

#: Between several cameras' values in a cell: no system has it in names that it shares with others.
BETWEEN = "|"
#: What separates columns: spreadsheets of some countries write semicolons.
_SEPARATORS = ",;\t"
#: What is asked for where a cell cannot be read as a type.
_WANTED: dict[Any, str] = {float: "a number", int: "a whole number"}
_WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True)
class Line:
    """One clip of a list.

    Attributes:
        video: its films.
        given: its own options, as parameters.
        where: the list and the line.
        name: that its folder is to have.
    """

    video: tuple[Path, ...]
    given: Mapping[str, Any]
    where: str
    name: str | None = None


def read(path: Path) -> list[Line]:
    """The clips of a list, in its order; relative paths in it begin at its folder.

    CSV is what is called so, or has a column ``video`` in its first line; everything else is a path on each line, where
    empty lines and those that begin with # say nothing.

    Raises:
        InputError: it cannot be read, or a line of it cannot be used.
    """
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}; give a folder of videos, or a list of them") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}; give a text file with the path of a video on each line") from error
    separator = next((mark for mark in _SEPARATORS if "video" in _columns(text, mark)), None)
    if separator is None and path.suffix.lower() == ".csv":
        found = ", ".join(filter(None, _columns(text, ","))) or "none"
        raise InputError(f"{path} has no column 'video' in its first line (found: {found})")
    if separator is not None:
        return _table(path, text, separator)
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    named = ((f"{path}, line {number}", line) for number, line in lines if line and not line.startswith("#"))
    return [Line((_beside(where, path, line),), {}, where) for where, line in named]


def _columns(text: str, separator: str) -> list[str]:
    """The names in the first line, as parameters."""
    first = next(csv.reader(text.splitlines()[:1], delimiter=separator), [])
    return [name.strip().casefold().removeprefix("--").replace("-", "_") for name in first]


def _table(path: Path, text: str, separator: str) -> list[Line]:
    columns, kinds = _columns(text, separator), _kinds(path)
    known = {"video", "name", *kinds}
    strange = next((name for name in columns if name and name not in known), None)
    if strange is not None:
        close = get_close_matches(strange, known, 1, 0.8)
        hint = f"; did you mean {close[0]}?" if close else f"; leave it out, or choose of {', '.join(sorted(known))}"
        raise InputError(f"{path}, line 1, column {strange}: there is no such option{hint}")
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise InputError(f"{path} has two columns {twice or 'without a name'!r}; leave one of them out")
    rows = csv.reader(io.StringIO(text), delimiter=separator)
    next(rows)
    lines = []
    try:
        for row in rows:
            cells = {name: cell.strip() for name, cell in zip(columns, row, strict=False) if cell.strip()}
            if not any(cell.strip() for cell in row):
                continue
            where = f"{path}, line {rows.line_num}"
            if any(cell.strip() for cell in row[len(columns) :]):
                raise InputError(
                    f"{where} has more cells than the first line; put quotes around what holds a {separator!r}"
                )
            if "video" not in cells:
                raise InputError(f"{where}, column video: the cell is empty; give the path of a film")
            given = {name: _value(where, name, cells[name], kinds[name]) for name in cells.keys() & kinds.keys()}
            films = [film.strip() for film in cells["video"].split(BETWEEN)]
            if not all(films):
                raise InputError(f"{where}, column video: {cells['video']!r}: write a path on both sides of {BETWEEN}")
            video = tuple(_beside(where, path, film) for film in films)
            lines.append(Line(video, given, where, cells.get("name")))
    except csv.Error as error:
        raise InputError(f"{path}, line {rows.line_num}: {error}; it must be CSV") from error
    return lines


#: Makes a value of a cell; ValueError where it cannot.
_Kind = Callable[[str], Any]


def _kinds(path: Path) -> dict[str, tuple[_Kind, bool]]:
    """How the cells of each option are read, and whether each camera may have its own."""
    hints, per_camera = typing.get_type_hints(Options), Options.per_camera()
    kinds: dict[str, tuple[_Kind, bool]] = {}
    for name in (field.name for field in fields(Options)):
        hint = per_camera.get(name, hints[name])
        plain = next((kind for kind in typing.get_args(hint) if kind is not type(None)), hint)
        made: dict[Any, _Kind] = {
            Path: lambda cell: _beside(str(path), path, cell),
            bool: lambda cell: _WORDS[cell.casefold()],
        }
        kinds[name] = made.get(plain, plain), name in per_camera
    del kinds["force"]
    return kinds


def _value(where: str, name: str, cell: str, kind: tuple[_Kind, bool]) -> Any:
    make, per_camera = kind
    try:
        if per_camera and BETWEEN in cell:
            return [make(part.strip()) for part in cell.split(BETWEEN)]
        return make(cell)
    except (ValueError, KeyError) as error:
        wanted = f"; give {_WANTED[make]}" if make in _WANTED else "; write yes or no"
        raise InputError(f"{where}, column {name}: {cell!r} cannot be used{with_point(cell) or wanted}") from error


def _beside(where: str, path: Path, name: str) -> Path:
    """A path as a list means it.

    Raises:
        InputError: it begins at the home of somebody who has none.
    """
    try:
        return (path.parent / Path(name).expanduser()).absolute()
    except RuntimeError as error:
        raise InputError(f"{where}: there is no home folder for {name!r}; write the path in full") from error
