"""Which recording is whose: cameras of a calibration file by the names of the videos."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from motionrecon.errors import InputError


def own_names(paths: Sequence[Path]) -> list[str]:
    """What to call cameras of which no file tells a name: as their videos are called, each by a name of its own."""
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    names = [f"{path.absolute().parent.name}_{path.stem}" for path in paths]
    return names if len(set(names)) == len(names) else [f"{name}_{i + 1}" for i, name in enumerate(names)]


def matched(file: Path, cameras: Sequence[str], paths: Sequence[Path]) -> list[str]:
    """The camera of a calibration file that took each video, told by its name, or that of its folder.

    ``cam_01`` took cam_01.mp4, Cam1.MOV, walk_cam01.mp4, and what lies in the folder cam01_json.

    Args:
        file: the calibration file, for messages.
        cameras: the names of its cameras.
        paths: of the videos, or of keypoints.

    Raises:
        InputError: a video has the name of no camera, or of several, or two have that of one.
    """
    found = []
    for path in paths:
        names = _of(path.stem, cameras) or _of(path.parent.name, cameras)
        if len(names) != 1:
            what = f"has the name of {len(names)} cameras" if names else "has the name of no camera"
            raise InputError(
                f"{path} {what} of {file} (which are {', '.join(cameras)}); name the camera of each video with "
                "camera_name=..., in the videos' order"
            )
        found += names
    for name in found:
        if found.count(name) > 1:
            both = " and ".join(str(path) for path, taken in zip(paths, found, strict=True) if taken == name)
            raise InputError(f"{both} both have the name of camera {name} of {file}; give camera_name=... for each")
    return found


def natural_order(name: str) -> list[tuple[bool, int, str]]:
    """A key that sorts cam2 before cam10."""
    words = re.findall(r"\d+|\D+", name.lower())
    return [(not word.isdecimal(), int(word) if word.isdecimal() else 0, word) for word in words]


def _of(text: str, cameras: Sequence[str]) -> list[str]:
    """The cameras that a text may be named after: those called just so, else those whose name is a part of it."""
    words = _words(text)
    same = [name for name in cameras if _words(name) == words]
    if same:
        return same
    inside = [name for name in cameras if _contains(words, _words(name))]
    longest = max((len(_words(name)) for name in inside), default=0)  # "cam_1_left" before "cam_1"
    return [name for name in inside if len(_words(name)) == longest]


def _words(text: str) -> list[str]:
    """The words and numbers of a name, alike however it is written: ``Cam_01`` and ``cam1`` are cam and 1."""
    return [word.lstrip("0") or "0" if word.isdigit() else word for word in re.findall(r"\d+|[^\W\d_]+", text.lower())]


def _contains(words: Sequence[str], part: Sequence[str]) -> bool:
    """Whether some words stand in a row among others."""
    return bool(part) and any(list(words[i : i + len(part)]) == list(part) for i in range(len(words) - len(part) + 1))
