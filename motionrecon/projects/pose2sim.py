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

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from motionrecon.cameras.files import camera_names
from motionrecon.cameras.files.names import matched, natural_order
from motionrecon.core.files import read_toml, reason
from motionrecon.errors import InputError
from motionrecon.projects.base import Project, Remark

CONFIG = "Config.toml"
#: Suffixes of what Pose2Sim takes for videos and for pictures.
VIDEOS = frozenset([".mp4", ".avi", ".mov", ".mkv", ".wmv", ".flv", ".webm", ".m4v", ".mpeg", ".mpg"])
PICTURES = frozenset([".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"])
#: Calibrations that are read where there is no TOML, in this order.
_CALIBRATIONS = ("*.toml", "*.qca.txt*", "*.json", "*.yaml", "*.xml")
_LOOKED_FOR = f"looked for {', '.join(pattern.strip('*') for pattern in _CALIBRATIONS)}"
#: Rates that differ by less than this share are the same.
_SAME_RATE = 0.01
#: How many times slower than the person a film in slow motion is, from and to.
_SLOWED = (3, 40)
#: Folders of a batch that are looked through for trials, and trials that a message lists.
_DEEPEST, _LISTED = 3, 6


@dataclass
class _Trial:
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
        return InputError(f"{self.folder}: {text}")


def looks_like(path: Path) -> bool:
    """Whether a path is a project's folder, or its configuration."""
    if path.name == CONFIG and path.is_file():
        return True
    return path.is_dir() and (_config_in(path) is not None or _is_trial(path))


def read(path: Path) -> Project:
    """What a project says.

    Raises:
        InputError: it is a batch of several trials, or something that it needs is missing or cannot be used.
    """
    folder = path.parent if path.name == CONFIG else path
    trial = _trial(folder.parent if path.name == CONFIG and folder.name == "User" else folder)
    videos, folders = _videos(trial), _json_folders(trial, "pose_folder_name", "pose", "pose-2d")
    if not videos and not folders:
        folders = _synchronized(trial)
    if not videos and not folders:
        raise _nothing(trial)
    if videos and folders:
        folders = _of_videos(trial, videos, folders)
    rate = _rate(trial, videos)
    values: dict[str, Any] = {
        "video": [str(video) for video in videos] or None,
        "keypoints": [str(one) for one in folders] or None,
        "filmed_fps": rate.filmed,
        "height": _of_person(trial, "participant_height", "height"),
        "mass": _of_person(trial, "participant_mass", "mass"),
        "offset": _offsets(trial, folders, rate.shown),
        **_cameras(trial, videos or folders),
        **_range(trial, rate, folders),
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


def _config_in(folder: Path) -> Path | None:
    places = (folder / CONFIG, folder / "User" / CONFIG)
    return next((place for place in places if place.is_file()), None)


def _is_trial(folder: Path) -> bool:
    """Whether a folder without a configuration is a trial of the batch above it."""
    parent = folder.absolute().parent
    return (parent / CONFIG).is_file() and any((folder / name).is_dir() for name in ("videos", "pose"))


def _trial(folder: Path) -> _Trial:
    """The configuration of a trial: its own, and what those above it say besides."""
    levels = [folder]
    above = folder.absolute().parent
    while len(levels) < 3 and (above / CONFIG).is_file():
        levels.append(above)
        above = above.parent
    config: dict[str, Any] = {}
    for level in reversed(levels):
        file = _config_in(level)
        if file is not None:
            try:
                config = _updated(config, read_toml(file))
            except OSError as error:
                raise InputError(f"cannot read {file}: {reason(error)}") from error
            except ValueError as error:
                raise InputError(f"{file} is {error}") from error
    return _Trial(folder, levels, config)


def _updated(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A table with what another one says instead or besides."""
    found = dict(old)
    for key, value in new.items():
        before = found.get(key)
        found[key] = _updated(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return found


def _nothing(trial: _Trial) -> InputError:
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
    place = trial.subfolder((trial.said("rawImg_folder_name"), "videos", "raw-2d"))
    if place is not None and any(file.suffix.lower() in PICTURES for file in place.glob("*/*")):
        return trial.error(f"{place.name} holds pictures, which cannot be read; make a video of each camera's")
    return trial.error("it has no videos (in videos) and no keypoints (in pose, a folder of .json for each camera)")


def _videos(trial: _Trial) -> list[Path]:
    place = trial.subfolder((trial.said("rawImg_folder_name"), "videos", "raw-2d"))
    files = [] if place is None else _entries(place)
    films = [file for file in files if file.suffix.lower() in VIDEOS and file.is_file()]
    return sorted(films, key=lambda file: natural_order(file.name))


def _json_folders(trial: _Trial, setting: str, *names: str) -> list[Path]:
    """The folders of each camera's JSON, by the last number in their names, as Pose2Sim sorts them."""
    place = trial.subfolder((trial.said(setting), *names))
    found = [] if place is None else [one for one in _entries(place) if one.is_dir() and _frames(one)]
    return sorted(found, key=lambda one: (_last_number(one.name), natural_order(one.name)))


def _synchronized(trial: _Trial) -> list[Path]:
    """What is left of a project whose ``pose`` is gone: keypoints on one clock, which are those of no video."""
    names = ("pose-sync", "pose-associated", "pose-2d-tracked")
    return _json_folders(trial, "poseAssociated_folder_name", *names)


def _of_videos(trial: _Trial, videos: Sequence[Path], folders: Sequence[Path]) -> list[Path]:
    """The folder of JSON of each video: called as it is, else in the same order."""
    by_name = {re.sub(r"_json.*$", "", folder.name): folder for folder in folders}
    if all(video.stem in by_name for video in videos):
        return [by_name[video.stem] for video in videos]
    if len(folders) != len(videos):
        raise trial.error(
            f"there are {len(videos)} videos, and keypoints of {len(folders)} cameras in {folders[0].parent}, which "
            "are not called as the videos are; give each its own (cam01.mp4 and cam01_json)"
        )
    trial.remark("keypoints", f"keypoints are matched to videos in their order: {_pairs(videos, folders)}")
    return list(folders)


@dataclass(frozen=True)
class _Rate:
    """How quick the films are.

    Attributes:
        shown: frames per second of the first film, as a player shows it.
        filmed: frames per second at which all films were taken, or each; None where they are shown as they were taken.
        frames: of the first film; None where there is none.
    """

    shown: float
    filmed: float | list[float] | None
    frames: int | None


def _rate(trial: _Trial, videos: Sequence[Path]) -> _Rate:
    said = trial.said("frame_rate")
    rate = float(said) if isinstance(said, int | float) and not isinstance(said, bool) and 0 < said < 1e9 else None
    if not videos:
        if rate is None:
            raise trial.error(
                "there are keypoints without videos; say in Config.toml how many frames per second they have "
                "(frame_rate = 60), or add the videos"
            )
        return _Rate(rate, rate, None)
    from motionrecon.video import probe

    films = [probe(video) for video in videos]
    first, shown = films[0], [film.fps for film in films]
    others = [k for k, fps in enumerate(shown) if rate is not None and abs(rate / fps - 1) > _SAME_RATE]
    if rate is None or not others:
        return _Rate(first.fps, None, first.frame_count)
    text = f"Config.toml says frame_rate = {rate:g}, {videos[others[0]].name} plays at {shown[others[0]]:g}"
    if not all(_is_slow(rate, shown[k]) for k in others):
        advice = "; give filmed_fps=... if that is slow motion" if rate > shown[others[0]] else ""
        trial.remark("filmed_fps", f"{text}: films are taken to be as quick as they play{advice}")
        return _Rate(first.fps, None, first.frame_count)
    filmed = [rate if k in others else fps for k, fps in enumerate(shown)]
    trial.remark("filmed_fps", f"{text}: it is taken for slow motion; give filmed_fps={_each(shown)} if it is not")
    return _Rate(first.fps, rate if len(others) == len(shown) else filmed, first.frame_count)


def _is_slow(filmed: float, shown: float) -> bool:
    """Whether a rate that a film does not play at may be that at which it was filmed, rather than that of others.

    Cameras slow down by a whole number. Twice as many frames are more often those of another film: 60 is what
    Pose2Sim's own example has.
    """
    times = filmed / shown
    return _SLOWED[0] <= round(times) <= _SLOWED[1] and abs(times / round(times) - 1) < _SAME_RATE


def _each(values: Sequence[float]) -> str:
    """One value where all are the same, else a list."""
    texts = [f"{value:g}" for value in values]
    return texts[0] if len(set(texts)) == 1 else f"[{', '.join(texts)}]"


def _range(trial: _Trial, rate: _Rate, folders: Sequence[Path]) -> dict[str, float]:
    """``frame_range``, or ``frames_range`` as it was called once, in seconds: up to but not including the last."""
    said = trial.said("frame_range")
    said = trial.said("frames_range") if said is None else said
    if said is None or said in ("all", "auto", []):
        return {}
    numbers = said if isinstance(said, list) else []
    if len(numbers) != 2 or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        raise trial.error(f'frame_range of Config.toml is {said!r}; it must be "all", "auto" or two frames ([10, 300])')
    first, last = numbers
    if not 0 <= first < last:
        raise trial.error(f"frame_range of Config.toml is {said}; the second frame must come after the first")
    if rate.frames is None:  # the first file of a folder is the first frame
        low = min(_frames(folders[0]))
        first, last = max(0, first - low), min(last, max(_frames(folders[0])) + 1) - low
    else:
        last = min(last, rate.frames)
    return {"start": first / rate.shown, "end": last / rate.shown}


def _of_person(trial: _Trial, name: str, parameter: str) -> float | None:
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


def _calibration(trial: _Trial) -> Path | None:
    """The calibration file: the newest TOML, as Pose2Sim takes it, else what it would convert."""
    named = trial.said("calib_folder_name")
    for level in trial.levels:
        folders = [one for one in _entries(level) if one.is_dir() and "calib" in one.name.lower()]
        folders.sort(key=lambda one: (one.name != named, one.name))
        for folder in folders[:1]:
            for pattern in _CALIBRATIONS:
                files = sorted((file.stat().st_mtime, file) for file in folder.glob(pattern) if file.is_file())
                if files:
                    newest = files[-1][1]
                    if len(files) > 1:
                        trial.remark("camera", f"{newest} is taken, the newest of {len(files)} calibrations there")
                    return newest
            if any(one.is_file() for one in _entries(folder)):
                raise trial.error(
                    f"{folder} holds no calibration that can be read ({_LOOKED_FOR}); run "
                    "Pose2Sim.calibration(), which writes the TOML"
                )
    trial.remark(
        "camera",
        f"it has no calibration ({_LOOKED_FOR} in a folder with calib in its name, here and above)",
    )
    return None


def _cameras(trial: _Trial, paths: Sequence[Path]) -> dict[str, Any]:
    """The calibration, and which of its cameras took each video: told by the names, else by the order."""
    file = _calibration(trial)
    if file is None:
        return {}
    known = camera_names(file)
    in_order = len(known) == len(paths)
    try:
        names = matched(file, known, paths)
    except InputError as error:
        if not in_order:
            raise trial.error(
                f"{file} holds {len(known)} cameras ({', '.join(known)}), and there are videos or keypoints of "
                f"{len(paths)} ({', '.join(path.name for path in paths)}), which are not called as they are"
            ) from error
        names = known
        trial.remark("camera_name", f"cameras are matched to videos in their order: {_pairs(paths, names)}")
    else:
        if in_order and names != known:
            trial.remark(
                "camera_name", f"cameras are matched by name, where Pose2Sim goes by order: {_pairs(paths, names)}"
            )
    return {"camera": str(file), "camera_name": names}


def _offsets(trial: _Trial, folders: Sequence[Path], fps: float) -> list[float] | None:
    """Seconds by which films begin after the first one's, as Pose2Sim found them; None where it was not asked to.

    It copies each camera's JSON into ``pose-sync`` with other numbers: the last file tells by how many frames.
    """
    place = trial.subfolder(("pose-sync",))
    if place is None or len(folders) < 2 or folders[0].parent == place:
        return None
    shifts = []
    for folder in folders:
        own, moved = _frames(folder), _frames(place / folder.name)
        if not own or not moved:
            return None
        shifts.append(max(own) - max(moved))
        if own[max(own)].stat().st_size != moved[max(moved)].stat().st_size:
            return None  # it was made of other keypoints
    offsets = [(shifts[0] - shift) / fps for shift in shifts[1:]]
    told = ", ".join(f"{offset:+.3f}" for offset in offsets)
    trial.remark("offset", f"offsets of the other films are those of pose-sync: {told} s; offset=... gives others")
    return offsets


def _frames(folder: Path) -> dict[int, Path]:
    """A camera's files of JSON by the last number in their names."""
    files = [file for file in _entries(folder) if file.suffix.lower() == ".json"] if folder.is_dir() else []
    return {int(number): file for file in files if (number := _last_number(file.name)) != float("inf")}


def _entries(folder: Path) -> list[Path]:
    """What a folder holds, but for hidden files.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return sorted(one for one in folder.iterdir() if not one.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {reason(error)}") from error


def _pairs(paths: Sequence[Path], others: Sequence[object]) -> str:
    names = (other.name if isinstance(other, Path) else str(other) for other in others)
    return ", ".join(f"{path.name} and {name}" for path, name in zip(paths, names, strict=True))


def _last_number(name: str) -> float:
    numbers = re.findall(r"\d{1,15}", name)
    return int(numbers[-1]) if numbers else float("inf")
