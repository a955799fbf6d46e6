"""Pose2Sim's project folders: ``Config.toml``, ``calibration``, ``videos``, ``pose``.

A project is one trial, or a trial of a batch: what its ``Config.toml`` does not say, that of the folder above says (in
versions 0.5 to 0.8 of two: participant and session). Versions up to 0.4 keep it in the folder ``User``. Read are

- ``frame_range``, ``frame_rate``, ``participant_height``, ``participant_mass`` and ``multi_person``;
- the newest TOML in the folder with "calib" in its name, else what Pose2Sim would convert (Qualisys's file, ...);
- ``videos``, in natural order;
- ``pose``, a folder of JSON for each camera, which are then not detected again;
- ``pose-sync``, whose files are those of ``pose`` with numbers shifted by the offsets that Pose2Sim found.

What motionrecon does in its own way (filters, thresholds, detectors, skeletons) is passed over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from motionrecon.errors import InputError
from motionrecon.projects.base import Project
from motionrecon.projects.pose2sim.cameras import cameras_of
from motionrecon.projects.pose2sim.films import PICTURES, VIDEOS, place_of, range_of, rate_of, videos_of
from motionrecon.projects.pose2sim.keypoints import json_folders, of_videos, offsets_of, synchronized
from motionrecon.projects.pose2sim.trial import CONFIG, Trial, config_in, is_trial, trial_of

__all__ = ["CONFIG", "PICTURES", "VIDEOS", "looks_like", "read"]

#: Folders of a batch that are looked through for trials, and trials that a message lists.
_DEEPEST, _LISTED = 3, 6


def looks_like(path: Path) -> bool:
    """Whether a path is a project's folder, or its configuration."""
    if path.name == CONFIG and path.is_file():
        return True
    return path.is_dir() and (config_in(path) is not None or is_trial(path))


def read(path: Path) -> Project:
    """What a project says.

    Raises:
        InputError: it is a batch of several trials, or something that it needs is missing or cannot be used.
    """
    folder = path.parent if path.name == CONFIG else path
    trial = trial_of(folder.parent if path.name == CONFIG and folder.name == "User" else folder)
    videos, folders = videos_of(trial), json_folders(trial, "pose_folder_name", "pose", "pose-2d")
    if not videos and not folders:
        folders = synchronized(trial)
    if not videos and not folders:
        raise _nothing(trial)
    if videos and folders:
        folders = of_videos(trial, videos, folders)
    rate = rate_of(trial, videos)
    values: dict[str, Any] = {
        "video": [str(video) for video in videos] or None,
        "keypoints": [str(one) for one in folders] or None,
        "filmed_fps": rate.filmed,
        "height": _of_person(trial, "participant_height", "height"),
        "mass": _of_person(trial, "participant_mass", "mass"),
        "offset": offsets_of(trial, folders, rate.shown),
        **cameras_of(trial, videos or folders),
        **range_of(trial, rate, folders),
    }
    if trial.said("multi_person") is True:
        trial.remark(
            "person",
            "the project is of several people (multi_person); one of them is reconstructed: choose with person=...",
        )
    if folders:
        trial.remark("keypoints", f"keypoints are those in {folders[0].parent}; without it, they would be detected")
    said = {name: value for name, value in values.items() if name == "video" or value is not None}
    return Project(said, tuple(trial.remarks))


def _of_person(trial: Trial, name: str, parameter: str) -> float | None:
    """A person's measure; None where Pose2Sim is to find it, or where it is of several people."""
    said = trial.said(name, "project", "markerAugmentation", "opensim")
    values = said if isinstance(said, list) else [said]
    if said is None or said in ("auto", []):
        return None
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise trial.error(f'{name} of Config.toml is {said!r}; it must be a number, or "auto"')
    if len(values) > 1:
        trial.remark(
            parameter,
            f"{name} is of {len(values)} people ({', '.join(f'{value:g}' for value in values)}), and not used; give "
            f"{parameter}=... of whom you choose",
        )
        return None
    return float(values[0])


def _nothing(trial: Trial) -> InputError:
    """The error for a folder with neither videos nor keypoints."""
    trials = sorted(
        str(file.parent)
        for depth in range(1, _DEEPEST)
        for file in trial.folder.glob("/".join("*" * depth) + "/" + CONFIG)
        if file.parent.name != "User" and any((file.parent / name).is_dir() for name in ("videos", "pose", "raw-2d"))
    )
    if trials:
        more = ", ..." if len(trials) > _LISTED else ""
        return trial.error(f"it is a batch of several trials; give one of them: {', '.join(trials[:_LISTED])}{more}")
    place = place_of(trial)
    if place is not None and any(file.suffix.lower() in PICTURES for file in place.glob("*/*")):
        return trial.error(f"{place.name} holds pictures, which cannot be read; make a video of each camera's")
    return trial.error("it has no videos (in videos) and no keypoints (in pose, a folder of .json for each camera)")
