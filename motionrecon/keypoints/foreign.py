"""Keypoints from what other tools wrote: a folder of JSON, one file a frame, or one JSON file for a clip.

`motionrecon.keypoints.numbering` tells which frame is which, `formats` reads the people, `layouts` knows their points.
Frames without a file, without people or with a file that is damaged are marked as not tracked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.core.files import read_json
from motionrecon.core.landmarks import COUNT
from motionrecon.errors import InputError
from motionrecon.keypoints import formats, layouts
from motionrecon.keypoints.bounds import check_clock, check_pixels, check_size
from motionrecon.keypoints.choice import Choice
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.folder import files_of_clip
from motionrecon.keypoints.formats import People
from motionrecon.keypoints.numbering import clips, first_frame
from motionrecon.keypoints.person import crowd_warning, mended
from motionrecon.keypoints.tracks import Looks, everybody
from motionrecon.keypoints.types import Keypoints

#: Share of the files that may be damaged (and at least one): an interrupted tool leaves its last one cut short.
_DAMAGED = 0.05


@dataclass(frozen=True)
class Crowd:
    """Everybody in every frame of a clip, as another tool saw them.

    Attributes:
        frames: the people in each frame of the clip.
        fps: frames per second.
        image_size: (width, height) in pixels.
        warnings: how the files were read, where that is not obvious.
    """

    frames: list[list[Detection]]
    fps: float
    image_size: tuple[int, int]
    warnings: tuple[str, ...]


def load_foreign(
    path: Path, video: str | Path | None, fps: float | None, image_size: tuple[int, int] | None, choice: Choice
) -> Keypoints:
    """See `motionrecon.keypoints.load_keypoints`."""
    crowd = read_crowd(path, video, fps, image_size)
    person, others = choice.among(everybody(crowd.frames, crowd.fps), Looks(1 / crowd.fps), path.name)
    if len(person.frames) < 2:
        raise InputError(f"no person was found in {path.name}; give keypoints of a video that shows the whole body")
    keypoints = mended(person, len(crowd.frames), crowd.fps, crowd.image_size, path.name)
    crowded = crowd_warning(person, others, path.name, choice)
    return replace(keypoints, warnings=(*crowd.warnings, *crowded, *keypoints.warnings))


def not_told(path: Path, what: str, instead: str) -> InputError:
    """That the files do not say what they never say, and nobody else does: give the video, or something instead."""
    return InputError(f"{path} does not say its {what}; give the video as well, or {instead}")


def read_crowd(path: Path, video: str | Path | None, fps: float | None, image_size: tuple[int, int] | None) -> Crowd:
    """Everybody whom the files show.

    Raises:
        InputError: there are no such files, too many are damaged, or the frame rate or the image size is neither given
            nor known from a video.
    """
    video_frames = None
    if video is not None:
        from motionrecon.video import probe

        info = probe(video)
        fps, image_size = fps or info.fps, image_size or info.image_size
        video_frames = info.frame_count
    for value, what, instead in ((fps, "frame rate", "fps=..."), (image_size, "image size", "image_size=...")):
        if value is None:
            raise not_told(path, what, instead)
    clock, size = check_clock(str(path), fps), check_size(str(path), image_size)
    name = None if video is None else Path(video).stem
    people, base, warnings = _folder(path, name) if path.is_dir() else _file(path)
    first, why = first_frame(list(people), video_frames, path.name, base)
    people = {number - first: crowd for number, crowd in people.items() if number >= first}
    detections = _detections(people, path)
    pixels = np.array([d.pixels for crowd in detections.values() for d in crowd]).reshape(-1, 2)
    check_pixels(str(path), pixels, size)
    count = max(video_frames or 0, max(people, default=0) + 1)
    frames = [detections.get(frame, []) for frame in range(count)]
    return Crowd(frames, clock, size, (*warnings, *([why] if why else [])))


def _folder(path: Path, clip_name: str | None) -> tuple[dict[int, People], int | None, list[str]]:
    """The people of each frame by its number, the first frame's number if it is known, and what was passed over."""
    files, warnings = files_of_clip(path, clip_name)
    (only, *more) = files.values()
    if not more and _is_clip(only):
        return _file(only)
    people: dict[int, People] = {}
    damaged: list[str] = []
    for number, file in files.items():
        try:
            people[number] = formats.people_in(read_json(file))
        except (OSError, ValueError) as error:
            people[number] = []
            damaged.append(f"{file.name} ({str(error)[:120] or type(error).__name__})")
    if len(damaged) > max(1, _DAMAGED * len(files)) or len(damaged) == len(files):
        raise InputError(
            f"{len(damaged)} of {len(files)} files in {path} are not OpenPose JSON that can be read: {damaged[0]}; "
            "write them again"
        )
    if damaged:
        warnings.append(
            f"{len(damaged)} of {len(files)} files in {path.name} cannot be read and count as frames without a person: "
            + ", ".join(damaged[:3])
        )
    return people, None, warnings


def _file(path: Path) -> tuple[dict[int, People], int | None, list[str]]:
    """As `_folder`, of one file for the whole clip."""
    try:
        document = read_json(path)
        clip = formats.clip_in(document)
        if clip is None:
            formats.people_in(document)  # says what is wrong with it
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not OpenPose JSON or that of a clip ({str(error)[:200]})") from error
    if clip is None:
        raise InputError(f"{path} is one frame; give the folder with the files of all frames")
    frames, base = clip
    found = clips(list(frames))
    if not found:
        raise InputError(f"{path}: none of its frames has a number; expected image_id or frame_id with one")
    if len(found) > 1:
        raise InputError(f"{path} holds several clips ({_some(found)}); give a file with one clip")
    (numbered,) = found.values()
    return {number: frames[name] for number, name in numbered.items()}, base, []


def _is_clip(path: Path) -> bool:
    """Whether a file holds a whole clip."""
    try:
        return formats.clip_in(read_json(path)) is not None
    except (OSError, ValueError):
        return False


def _some(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:6]) + (", ..." if len(shown) > 6 else "")


def _detections(people: Mapping[int, People], path: Path) -> dict[int, list[Detection]]:
    """Everybody's points on the BlazePose landmarks."""
    crowd = [person for frame in people.values() for person in frame]
    counts = sorted({len(person) for person in crowd})
    if len(counts) > 1:
        raise InputError(f"{path} has people of {counts[0]} and of {counts[1]} points; give keypoints of one kind")
    layout = layouts.of(crowd)
    if layout is None:
        if crowd:
            raise InputError(f"{path} has {counts[0]} points a person; expected one of {layouts.known()}")
        return {}
    landmarks, places = layout.rows

    def detection(points: Float[np.ndarray, "n 3"]) -> Detection | None:
        pixels, confidence = np.full((COUNT, 2), np.nan), np.zeros(COUNT)
        values = points[places]
        seen = values[:, 2] > 0  # OpenPose writes 0, 0, 0 for what it did not find
        pixels[landmarks[seen]], confidence[landmarks[seen]] = values[seen, :2], np.minimum(1.0, values[seen, 2])
        return Detection(pixels, confidence, np.full((COUNT, 3), np.nan)) if seen.any() else None

    found = {frame: [detection(person) for person in people[frame]] for frame in people}
    return {frame: [one for one in row if one is not None] for frame, row in found.items()}
