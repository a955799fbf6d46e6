"""What the folders of results are called: after their films, never two alike on any system, and the same each time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from motionrecon.batch.found import Clip

#: Characters of a name: file systems allow 255 bytes, and paths on Windows 260 in all.
_LONGEST = 60
#: What a name may be that an earlier batch gave.
_USABLE = re.compile(r"\w[\w.-]{0,99}")
#: Devices on Windows, whatever their suffix.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


def keys(clips: Sequence[Clip], base: Path) -> list[str]:
    """What each clip is known by from one batch to the next: its name in the list, or its films.

    Films below ``base`` are known by where they are in it, and may move with it. The second of the same films (another
    person, another part) is known as the second.
    """
    found: dict[str, int] = {}
    known = []
    for clip in clips:
        films = [film.relative_to(base) if film.is_relative_to(base) else film for film in clip.video]
        key = f"name {clip.name}" if clip.name else "\n".join(film.as_posix() for film in films)
        found[key] = found.get(key, 0) + 1
        known.append(key if found[key] == 1 else f"{key}\n#{found[key]}")
    return known


def named(clips: Sequence[Clip], base: Path, before: Mapping[str, str]) -> dict[str, str]:
    """A folder name for each key, in the clips' order.

    Args:
        clips: what is to be named.
        base: the folder that films are told from.
        before: names by keys that an earlier batch gave. They stay, and are not given to others.
    """
    taken = {name.casefold() for name in before.values()}
    names: dict[str, str] = {}
    for key, clip in zip(keys(clips, base), clips, strict=True):
        name = before.get(key) or next(name for name in _proposals(clip) if name.casefold() not in taken)
        taken.add(name.casefold())
        names[key] = name
    return names


def usable(names: Mapping[str, Any]) -> dict[str, str]:
    """Names from the file of an earlier batch, which may be damaged: what leads elsewhere is none, nor a second one."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for key, name in names.items():
        if isinstance(name, str) and _USABLE.fullmatch(name) and name.casefold() not in taken:
            taken.add(name.casefold())
            found[key] = name
    return found


def _proposals(clip: Clip) -> Iterator[str]:
    """Names, the best first: the film's, with its folder's before it, and numbered."""
    plain = _safe(clip.label)
    yield plain
    yield _safe(f"{clip.video[0].parent.name}_{clip.label}")
    yield from (f"{plain}_{number}" for number in count(2))


def _safe(name: str) -> str:
    """A name that every system takes as it is, and every shell. It has no dots: a batch's own files have."""
    kept = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", name)).strip("_-")[:_LONGEST].rstrip("_-")
    return f"{kept}_" if kept.casefold() in _DEVICES else kept or "clip"
