"""The films of a trial: how quick they are, and which part of them is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from motionrecon.cameras.files.names import natural_order
from motionrecon.projects.pose2sim.keypoints import frames_in
from motionrecon.projects.pose2sim.trial import Trial, entries

#: Suffixes of what Pose2Sim takes for videos and for pictures.
VIDEOS = frozenset([".mp4", ".avi", ".mov", ".mkv", ".wmv", ".flv", ".webm", ".m4v", ".mpeg", ".mpg"])
PICTURES = frozenset([".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"])
#: Rates that differ by less than this share are the same.
_SAME_RATE = 0.01
#: How many times slower than the person a film in slow motion is, from and to.
_SLOWED = (3, 40)


def place_of(trial: Trial) -> Path | None:
    """The folder of the films; None where there is none."""
    return trial.subfolder((trial.said("rawImg_folder_name"), "videos", "raw-2d"))


def videos_of(trial: Trial) -> list[Path]:
    """The films of a trial, in natural order."""
    place = place_of(trial)
    files = [] if place is None else entries(place)
    films = [file for file in files if file.suffix.lower() in VIDEOS and file.is_file()]
    return sorted(films, key=lambda file: natural_order(file.name))


@dataclass(frozen=True)
class Rate:
    """How quick the films are.

    Attributes:
        shown: frames per second of the first film, as a player shows it.
        filmed: frames per second at which all films were taken, or each; None where they are shown as they were taken.
        frames: of the first film; None where there is none.
    """

    shown: float
    filmed: float | list[float] | None
    frames: int | None


def rate_of(trial: Trial, videos: Sequence[Path]) -> Rate:
    """How quick the films are, or the keypoints where there are none.

    Raises:
        InputError: there are keypoints only, and nobody says their rate; or a film cannot be read.
    """
    said = trial.said("frame_rate")
    rate = float(said) if isinstance(said, int | float) and not isinstance(said, bool) and 0 < said < 1e9 else None
    if not videos:
        if rate is None:
            raise trial.error(
                "there are keypoints without videos; say in Config.toml how many frames per second they have "
                "(frame_rate = 60), or add the videos"
            )
        return Rate(rate, rate, None)
    from motionrecon.video import probe

    films = [probe(video) for video in videos]
    first, shown = films[0], [film.fps for film in films]
    others = [k for k, fps in enumerate(shown) if rate is not None and abs(rate / fps - 1) > _SAME_RATE]
    if rate is None or not others:
        return Rate(first.fps, None, first.frame_count)
    text = f"Config.toml says frame_rate = {rate:g}, {videos[others[0]].name} plays at {shown[others[0]]:g}"
    if not all(_is_slow(rate, shown[k]) for k in others):
        advice = "; give filmed_fps=... if that is slow motion" if rate > shown[others[0]] else ""
        trial.remark("filmed_fps", f"{text}: films are taken to be as quick as they play{advice}")
        return Rate(first.fps, None, first.frame_count)
    filmed = [rate if k in others else fps for k, fps in enumerate(shown)]
    trial.remark("filmed_fps", f"{text}: it is taken for slow motion; give filmed_fps={_each(shown)} if it is not")
    return Rate(first.fps, rate if len(others) == len(shown) else filmed, first.frame_count)


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


def range_of(trial: Trial, rate: Rate, folders: Sequence[Path]) -> dict[str, float]:
    """``frame_range``, or ``frames_range`` as it was called once, in seconds: up to but not including the last.

    Raises:
        InputError: it is no range, or none of its frames is there.
    """
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
        there = frames_in(folders[0])
        low, beyond = min(there), max(there) + 1
    else:
        low, beyond = 0, rate.frames
    first, last = max(first, low), min(last, beyond)
    if first >= last:
        raise trial.error(f"frame_range of Config.toml is {said}, and there are frames {low} to {beyond - 1}")
    first, last = first - low, last - low
    return {"start": first / rate.shown, "end": last / rate.shown}
