"""Finding the JSON files of one clip in a folder as it lies on disks: with hidden files, other files, subfolders."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from motionrecon.errors import InputError
from motionrecon.keypoints.numbering import clips

#: How deep subfolders are looked through, and how many entries in all.
_DEPTH, _ENTRIES = 4, 2_000_000
#: A clip with fewer files than this share of the largest one's is no second clip, but other files.
_STRAY = 0.05
#: Names of folders that archives bring along.
_NOT_OURS = {"__MACOSX"}


def files_of_clip(folder: Path, clip_name: str | None) -> tuple[dict[int, Path], list[str]]:
    """The files of one clip by their frame numbers, ascending, and what the user should know of the rest.

    Args:
        folder: holds them, or has a folder in it that does.
        clip_name: of the video; chooses where there are several clips.

    Raises:
        InputError: there are no such files, or several clips of which none has the video's name.
    """
    found = _clips_below(folder)
    if not found:
        raise InputError(
            f"{folder} holds no .json files; give a folder of OpenPose's --write_json, one AlphaPose .json file, or a "
            "motionrecon .npz"
        )
    most = max(len(files) for files in found.values())
    large = {label: files for label, files in found.items() if len(files) > _STRAY * most and len(files) > 1}
    large = large or {label: files for label, files in found.items() if len(files) == most}
    if len(large) > 1 and clip_name is not None:
        named = {label: files for label, files in large.items() if _is_named(label, clip_name)}
        large = named if len(named) == 1 else large
    if len(large) > 1:
        raise InputError(f"{folder} holds the JSON of several clips ({_some(large)}); give the folder of one of them")
    ((label, files),) = large.items()
    warnings = []
    if label.rpartition("/")[0]:
        warnings.append(f"the files are in {folder.name}/{label.rpartition('/')[0]}")
    others = {other: found[other] for other in found if other != label}
    if others:
        count = sum(map(len, others.values()))
        warnings.append(f"{count} other .json file(s) below {folder.name} were passed over ({_some(others)})")
    return dict(sorted(files.items())), warnings


def _is_named(label: str, clip_name: str) -> bool:
    """Whether a clip's label (``cam1_json/cam1_#_keypoints``) has the video's name in it as a whole word."""
    words = label.replace("#", " ").replace("/", " ").split()
    return any(word.strip("_-. ") == clip_name or word.startswith((clip_name + "_", clip_name + ".")) for word in words)


def _some(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:6]) + (", ..." if len(shown) > 6 else "")


def _clips_below(folder: Path) -> dict[str, dict[int, Path]]:
    """The clips in a folder; where it has none itself, those in its subfolders, labelled with these."""
    level, entries = [folder], 0
    for _ in range(_DEPTH):
        found: dict[str, dict[int, Path]] = {}
        deeper: list[Path] = []
        for place in level:
            names, below = _listed(place)
            entries += len(names) + len(below)
            if entries > _ENTRIES:
                raise InputError(
                    f"{folder} holds more than {_ENTRIES} files; give the folder with the JSON of one clip"
                )
            inside = "" if place == folder else place.relative_to(folder).as_posix() + "/"
            numbered = clips(names)
            if not numbered and len(names) == 1:  # a file for a whole clip
                numbered = {names[0]: {0: names[0]}}
            for label, frames in numbered.items():
                found[inside + label] = {number: place / name for number, name in frames.items()}
            deeper += [place / name for name in below]
        if found:
            return found
        level = deeper
    return {}


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    """The JSON files and the folders in a folder, without hidden ones."""
    names, below = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name in _NOT_OURS:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.name)
                elif entry.name.lower().endswith(".json"):
                    names.append(entry.name)
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {(error.strerror or str(error)).lower()}") from error
    return sorted(names), sorted(below)
