"""Which clips there are: those of a folder, or of a list, each with options of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from motionrecon import projects
from motionrecon.batch import lists
from motionrecon.core.files import reason
from motionrecon.errors import InputError
from motionrecon.projects import pose2sim
from motionrecon.result.folder import MARKER

_CONTAINERS = ".mp4 .m4v .mov .3gp .mkv .webm .avi .ts .mts .m2ts .mpg .mpeg .vob .flv .wmv .asf .ogv .mxf .dv .gif"
_BARE = ".h264 .264 .hevc .h265"
#: Suffixes of what is taken for a film in a folder; in a list, any file is.
FILMS = frozenset(f"{_CONTAINERS} {_BARE}".split())
#: What a batch keeps in its folder, by which a later one knows it.
STATE = ".motionrecon-batch.json"


@dataclass(frozen=True)
class Clip:
    """What one reconstruction is of.

    Attributes:
        video: the film, or each camera's, or one other tool's project; absolute.
        given: options of this clip alone, parameters of `motionrecon.pipeline.reconstruct`.
        name: of its folder, where the list says it.
        where: the list and its line; empty of the clips of a folder.
    """

    video: tuple[Path, ...]
    given: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    where: str = field(default="", compare=False)

    @property
    def label(self) -> str:
        """What its folder is called after."""
        return self.name or (self.video[0].name if os.path.isdir(self.video[0]) else self.video[0].stem)


@dataclass(frozen=True)
class Found:
    """The clips in their order, the folder that paths are told from, and how many files of that folder are no clips."""

    clips: tuple[Clip, ...]
    base: Path
    left_out: int = 0


def clips_of(source: str | Path) -> Found:
    """The clips of a folder and the folders in it, in the order of their paths, or of a list, in its order.

    In a folder, files that are no films by their suffix, what is hidden, and results of motionrecon are left out;
    another tool's project is one clip.

    Raises:
        InputError: there is no such folder or list, it holds no clips, or a line of the list cannot be used.
    """
    source = Path(source).absolute()
    if source.is_dir():
        films, others = _films(source)
        if not films:
            raise InputError(
                f"{source} holds no videos ({', '.join(sorted(FILMS))}); give a folder with some, or a list"
            )
        return Found(tuple(Clip((film,)) for film in films), source, others)
    if source.suffix.lower() in FILMS:
        raise InputError(f"{source} is one video, not a folder or a list; run reconstruct for it")
    lines = lists.read(source)
    if not lines:
        raise InputError(f"{source} lists no videos; write one path on each line")
    return Found(tuple(Clip(line.video, line.given, line.name, line.where) for line in lines), source.parent)


def _films(folder: Path) -> tuple[list[Path], int]:
    """The films in a folder and below it, and the number of the other files."""
    films, others = [], 0
    try:
        inside = sorted(folder.iterdir(), key=lambda path: (path.name.casefold(), path.name))
    except OSError as error:
        raise InputError(f"cannot read {folder}: {reason(error)}; leave it out, or give a list of videos") from error
    for path in inside:
        if path.name.startswith("."):
            others += not path.is_dir()
        elif path.is_dir():
            if path.is_symlink() or (path / MARKER).exists() or (path / STATE).exists():
                continue
            if _is_project(path):
                films.append(path)
                continue
            more, beside = _films(path)
            films += more
            others += beside
        elif path.suffix.lower() in FILMS:
            films.append(path)
        else:
            others += 1
    return films, others


def _is_project(folder: Path) -> bool:
    """Whether a folder is one recording of another tool, and not one that holds several (a batch of Pose2Sim)."""
    if not any(tool.looks_like(folder) for tool in projects.TOOLS.values()):
        return False
    return not any(inside.is_dir() and (inside / pose2sim.CONFIG).is_file() for inside in folder.iterdir())
