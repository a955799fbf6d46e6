"""Folders in which other tools keep what belongs to one recording: cameras, their videos, what is known of the person.

Given as the video, such a folder stands for the parameters of `motionrecon.pipeline.reconstruct` that are in it. One
file a tool, with ``looks_like`` and ``read``, and one line of `TOOLS`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from motionrecon.errors import InputError
from motionrecon.options import Assumed
from motionrecon.projects import pose2sim

#: The tools, by their names.
TOOLS = {"Pose2Sim": pose2sim}
#: Parameters that stand for others, or that mean nothing without them: where the user gives one, the project's word on
#: those does not count either.
_INSTEAD = {
    "camera": ("camera_name", "fov", "focal_px"),
    "fov": ("camera", "camera_name", "focal_px"),
    "focal_px": ("camera", "camera_name", "fov"),
    "start": ("end",),
    "end": ("start",),
}


def opened(given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What `reconstruct` was given, with what a project says in place of its folder, and what the user should know.

    Args:
        given: parameters by name. What the user gave stays as it is; without a folder, so does everything.

    Raises:
        InputError: the folder is no project that is known, or something in it cannot be used.
    """
    values, video = dict(given), given["video"]
    if isinstance(video, Sequence) and not isinstance(video, str) and len(video) == 1:
        video = video[0]
    if not isinstance(video, str | os.PathLike):
        return values, ()
    path = Path(video)
    tool = next((tool for tool in TOOLS.values() if tool.looks_like(path)), None)
    if tool is None:
        if path.is_dir():
            raise InputError(
                f"{path} is a folder, but no project of {' or '.join(TOOLS)}, which has a {pose2sim.CONFIG}; give "
                f"video files, or such a project{_meant(path)}"
            )
        return values, ()
    project = tool.read(path)
    own = {name for name, value in given.items() if name != "video" and _is_given(name, value)}
    passed = own.union(*(_INSTEAD.get(name, ()) for name in own))
    said = {name: value for name, value in project.values.items() if name not in passed}
    return values | said, tuple(remark.text for remark in project.remarks if remark.parameter not in passed)


def _meant(folder: Path) -> str:
    """What else somebody may have meant by a folder that is no project."""
    with suppress(OSError):
        inside = {file.suffix.lower() for file in folder.iterdir()}
        if inside & pose2sim.VIDEOS:
            return "; `motionrecon batch` does all videos in a folder"
        if inside & (pose2sim.PICTURES | {".exr"}):
            return "; numbered pictures are not read, make a video of them first"
    return ""


def _is_given(name: str, value: object) -> bool:
    """Whether the user has given a parameter that a project may say something about."""
    return value is not None and not isinstance(value, Assumed) and (name, value) != ("person", "largest")
