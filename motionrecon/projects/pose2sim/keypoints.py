"""A trial's keypoints: a folder of JSON for each camera, the video that it is of, and the cameras' offsets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from motionrecon.cameras.files.names import natural_order
from motionrecon.projects.pose2sim.trial import Trial, entries, pairs


def json_folders(trial: Trial, setting: str, *names: str) -> list[Path]:
    """The folders of each camera's JSON, by the last number in their names, as Pose2Sim sorts them."""
    place = trial.subfolder((trial.said(setting), *names))
    found = [] if place is None else [one for one in entries(place) if one.is_dir() and frames_in(one)]
    return sorted(found, key=lambda one: (_last_number(one.name), natural_order(one.name)))


def synchronized(trial: Trial) -> list[Path]:
    """What is left of a project whose ``pose`` is gone: keypoints on one clock, which are those of no video."""
    names = ("pose-sync", "pose-associated", "pose-2d-tracked")
    return json_folders(trial, "poseAssociated_folder_name", *names)


def of_videos(trial: Trial, videos: Sequence[Path], folders: Sequence[Path]) -> list[Path]:
    """The folder of JSON of each video: called as it is, else in the same order."""
    by_name = {re.sub(r"_json.*$", "", folder.name): folder for folder in folders}
    if all(video.stem in by_name for video in videos):
        return [by_name[video.stem] for video in videos]
    if len(folders) != len(videos):
        raise trial.error(
            f"there are {len(videos)} videos, and keypoints of {len(folders)} cameras in {folders[0].parent}, which "
            "are not called as the videos are; give each its own (cam01.mp4 and cam01_json)"
        )
    trial.remark("keypoints", f"keypoints are matched to videos in their order: {pairs(videos, folders)}")
    return list(folders)


def offsets_of(trial: Trial, folders: Sequence[Path], fps: float) -> list[float] | None:
    """Seconds by which films begin after the first one's, as Pose2Sim found them; None where it was not asked to.

    It copies each camera's JSON into ``pose-sync`` with other numbers: the last file tells by how many frames.
    """
    place = trial.subfolder(("pose-sync",))
    if place is None or len(folders) < 2 or folders[0].parent == place:
        return None
    shifts = []
    for folder in folders:
        own, moved = frames_in(folder), frames_in(place / folder.name)
        if not own or not moved:
            return None
        shifts.append(max(own) - max(moved))
        if own[max(own)].stat().st_size != moved[max(moved)].stat().st_size:
            return None  # it was made of other keypoints
    offsets = [(shifts[0] - shift) / fps for shift in shifts[1:]]
    told = ", ".join(f"{offset:+.3f}" for offset in offsets)
    trial.remark("offset", f"offsets of the other films are those of pose-sync: {told} s; offset=... gives others")
    return offsets


def frames_in(folder: Path) -> dict[int, Path]:
    """A camera's files of JSON by the last number in their names."""
    files = [file for file in entries(folder) if file.suffix.lower() == ".json"] if folder.is_dir() else []
    return {int(number): file for file in files if (number := _last_number(file.name)) != float("inf")}


def _last_number(name: str) -> float:
    numbers = re.findall(r"\d{1,15}", name)
    return int(numbers[-1]) if numbers else float("inf")
