"""A trial's folder and its configuration: its own, and what those above it say besides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from motionrecon.core.files import read_toml, reason
from motionrecon.errors import InputError
from motionrecon.projects.base import Remark

CONFIG = "Config.toml"


@dataclass
class Trial:
    """A project's folder, its configuration, and what there is to say about it.

    Attributes:
        folder: with the videos.
        levels: that folder, then those above it whose configuration counts for it too.
        config: all of them as one: what is nearer counts.
        remarks: what the user should know.
    """

    folder: Path
    levels: list[Path]
    config: dict[str, Any]
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, parameter: str, text: str) -> None:
        """Note what the user should know, and the parameter that it is about."""
        self.remarks.append(Remark(parameter, f"{self.folder}: {text}"))

    def said(self, name: str, *sections: str) -> Any:
        """A value of the first of some sections that has it; of ``project`` unless they are given."""
        tables = (self.config.get(section) for section in sections or ("project",))
        return next((table[name] for table in tables if isinstance(table, dict) and name in table), None)

    def subfolder(self, names: Iterable[object]) -> Path | None:
        """The first of some folders that is there."""
        places = (self.folder / name for name in names if isinstance(name, str) and name)
        return next((place for place in places if place.is_dir()), None)

    def error(self, text: str) -> InputError:
        """What is wrong, with the folder before it."""
        return InputError(f"{self.folder}: {text}")


def config_in(folder: Path) -> Path | None:
    """The configuration in a folder, or in its folder ``User``; None where there is none."""
    places = (folder / CONFIG, folder / "User" / CONFIG)
    return next((place for place in places if place.is_file()), None)


def is_trial(folder: Path) -> bool:
    """Whether a folder without a configuration is a trial of the batch above it."""
    parent = folder.absolute().parent
    return (parent / CONFIG).is_file() and any((folder / name).is_dir() for name in ("videos", "pose"))


def trial_of(folder: Path) -> Trial:
    """The configuration of a trial: its own, and what those above it say besides.

    Raises:
        InputError: one of them cannot be read, or is not TOML.
    """
    levels = [folder]
    above = folder.absolute().parent
    while len(levels) < 3 and (above / CONFIG).is_file():
        levels.append(above)
        above = above.parent
    config: dict[str, Any] = {}
    for level in reversed(levels):
        file = config_in(level)
        if file is not None:
            try:
                config = _updated(config, read_toml(file))
            except OSError as error:
                raise InputError(f"cannot read {file}: {reason(error)}") from error
            except ValueError as error:
                raise InputError(f"{file} is {error}") from error
    return Trial(folder, levels, config)


def _updated(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A table with what another one says instead or besides."""
    found = dict(old)
    for key, value in new.items():
        before = found.get(key)
        found[key] = _updated(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return found


def entries(folder: Path) -> list[Path]:
    """What a folder holds, but for hidden files.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return sorted(one for one in folder.iterdir() if not one.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {reason(error)}") from error


def pairs(paths: Sequence[Path], others: Sequence[object]) -> str:
    """Which film or folder goes with what, in words."""
    names = (other.name if isinstance(other, Path) else str(other) for other in others)
    return ", ".join(f"{path.name} and {name}" for path, name in zip(paths, names, strict=True))
