"""What a reconstruction is made from: all inputs, looked at before any work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.base import Camera
from motionrecon.cameras.default import default_camera
from motionrecon.cameras.files import Assumptions, assumptions, camera_names, camera_size, load_camera, load_rig
from motionrecon.cameras.files.names import matched, own_names
from motionrecon.core.clock import Clock
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints, is_foreign, load_keypoints
from motionrecon.keypoints.choice import LARGEST
from motionrecon.options import Options
from motionrecon.run import Run
from motionrecon.video import VideoInfo, probe

#: Seconds on each side of the chosen range in which cameras that do not lead are looked at, too.
_BESIDE = 0.5


@dataclass(frozen=True)
class Recording:
    """What one camera recorded.

    Attributes:
        name: of the camera; empty where there is only one.
        video: the video, if one was given.
        keypoints: those that were given instead of detection, cut to the chosen range.
        camera: posed, or with a pose that is yet unknown.
        clock: of the chosen range.
        start, end: that range, seconds as a player shows it; None for the beginning and the end.
        person: whom to follow.
        lens_error: standard deviation of the logarithm of the camera's focal length, where that was found before the
            camera is posed; 0 where it was not.
        boxes: where they are in each frame, pixels, if the detector does not find them by itself.
        path: of the video, or of the keypoints where there is none.
    """

    name: str
    video: VideoInfo | None
    keypoints: Keypoints | None
    camera: Camera
    clock: Clock
    start: float | None
    end: float | None
    person: str
    path: Path
    boxes: Float[np.ndarray, "T 4"] | None = None
    lens_error: float = 0.0


@dataclass(frozen=True)
class Source:
    """What a reconstruction is made from.

    Attributes:
        recordings: one for each camera. The first leads: its frames are those of the motion.
        posed: whether it is known where the cameras are to each other.
        assumed: what of the cameras nobody knows: their focal lengths, or the scale of a calibration.
    """

    recordings: tuple[Recording, ...]
    posed: bool
    assumed: Assumptions = field(default_factory=Assumptions)

    @property
    def leader(self) -> Recording:
        """The recording whose frames are those of the motion."""
        return self.recordings[0]


def look(run: Run, video: str | Path | Sequence[str | Path] | None, options: Options) -> Source:
    """Look at all inputs before any work.

    Raises:
        InputError: one of them cannot be used.
    """
    videos = [] if video is None else [video] if isinstance(video, str | os.PathLike) else list(video)
    count = max(len(videos), len(options.keypoints))
    if count == 0:
        raise InputError("no video given: give a video file, or keypoints=...")
    check_counts(videos, options, count)
    films: list[str | Path | None] = [*videos] or [None] * count
    paths = [Path(path) for path in videos or options.keypoints]
    names = _names(options, paths)
    # Whom one choice for several cameras means in each of them shows later, but in files of one person each.
    at_once = count in (1, len(options.person)) or (options.keypoints and not any(map(is_foreign, options.keypoints)))
    first = options.each("person", count) if at_once else [LARGEST] * count
    filmed = options.each("filmed_fps", count)
    each = zip(films, options.each("keypoints", count), first, names, filmed, strict=True)
    seen = [_seen(*one, options.camera) for one in each]
    clocks = [_clock(*one, fps) for one, fps in zip(seen, filmed, strict=True)]
    sizes = [(keypoints or info).image_size for info, keypoints in seen]  # type: ignore[union-attr]
    cameras, posed = _cameras(run, options, names, sizes)
    cameras = _above_floor(options, cameras)
    people = options.each("person", count)
    recordings = []
    for i, (name, (info, keypoints), camera, path) in enumerate(zip(names, seen, cameras, paths, strict=True)):
        start, end = _range(options, clocks, i, _length(info, keypoints), path)
        called = name if count > 1 else ""
        recordings.append(_recording(called, info, keypoints, camera, clocks[i], start, end, people[i], path))
    return Source(tuple(recordings), posed, _assumed(run, options))


def check_counts(videos: Sequence[str | Path], options: Options, count: int) -> None:
    """Raise an InputError where what is given for each camera is not as many as cameras."""
    if videos and options.keypoints and len(options.keypoints) != len(videos):
        raise InputError(
            f"keypoints=... was given {_times(len(options.keypoints))} for {_videos(len(videos))}; give it for each "
            "video, or leave it out"
        )
    same = {Path(path).resolve() for path in videos or options.keypoints}
    if len(same) < count:
        raise InputError("the same file was given twice; give each camera's own")
    if options.offset and len(options.offset) != count - 1:
        raise InputError(
            f"offset=... was given {_times(len(options.offset))} for {_videos(count)}; give it for each but the first"
        )
    for name in ("fov", "focal_px", "filmed_fps", "person"):
        options.each(name, count)
    if options.camera_name and len(options.camera_name) != count:
        raise InputError(
            f"camera_name=... was given {_times(len(options.camera_name))} for {_videos(count)}; give it for each, in "
            "the videos' order, or not at all where cameras are called as the videos are"
        )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _videos(count: int) -> str:
    return "1 video" if count == 1 else f"{count} videos"


def _seen(
    video: str | Path | None, path: Path | None, person: str, name: str, filmed: float | None, camera: Path | None
) -> tuple[VideoInfo | None, Keypoints | None]:
    """What a video is, and what is known to be seen in it."""
    info = None if video is None else probe(video)
    if path is None:
        return info, None
    if info is not None:
        keypoints = load_keypoints(path, video, person=person)
        _check_same_clip(keypoints, info, path)
        return info, keypoints
    # Other tools' files do not say these; motionrecon's own does, and is believed.
    size = None if camera is None else camera_size(camera, name or None)
    if is_foreign(path):
        from motionrecon.keypoints.foreign import not_told

        if filmed is None:
            raise not_told(path, "frame rate", "filmed_fps=...")
        if size is None:
            raise not_told(path, "image size", "a camera=... file that tells it")
    return None, load_keypoints(path, None, filmed, size, person)


def _clock(info: VideoInfo | None, keypoints: Keypoints | None, filmed: float | None) -> Clock:
    """The clock of a recording from its first frame on."""
    whole = keypoints or info
    assert whole is not None
    return Clock(whole.fps).filmed_at(filmed)


def _names(options: Options, paths: Sequence[Path]) -> list[str]:
    """What the cameras of recordings are called; one that is alone may have no name."""
    if options.camera_name:
        return list(options.camera_name)
    if len(paths) == 1:
        return [""]
    return own_names(paths) if options.camera is None else matched(options.camera, camera_names(options.camera), paths)


def _cameras(
    run: Run, options: Options, names: Sequence[str], sizes: Sequence[tuple[int, int]]
) -> tuple[list[Camera], bool]:
    """The cameras of recordings, and whether it is known where they are to each other."""
    count = len(names)
    if options.camera is None:
        lenses = zip(sizes, options.each("fov", count), options.each("focal_px", count), strict=True)
        return [default_camera(*lens) for lens in lenses], count == 1
    if count == 1:
        return [load_camera(options.camera, names[0] or None, sizes[0], run)], True
    cameras, posed = load_rig(options.camera, names, sizes, run)
    return list(cameras), posed


def _above_floor(options: Options, cameras: list[Camera]) -> list[Camera]:
    """The cameras in a world whose floor is at z = 0.

    Raises:
        InputError: the floor's height was given in a world that nobody knows.
    """
    if options.floor is None:
        return cameras
    if not all(camera.calibrated for camera in cameras):
        raise InputError(
            f"floor={options.floor:g} needs a calibration whose world's z axis points up, and {options.camera} does "
            "not say where cameras are in such a world; leave the floor out, and it is found"
        )
    return [camera.in_world(np.eye(3), np.array([0.0, 0.0, -options.floor])) for camera in cameras]


def _assumed(run: Run, options: Options) -> Assumptions:
    """What nobody knows of the cameras, and a warning where a calibration is of such."""
    if options.camera is None:
        return Assumptions(focal_length=not options.gives_focal_length)
    found = assumptions(options.camera)
    height = "" if found.height is None else f"an assumed height of {found.height:.2f} m"
    lens = "assumed focal lengths" if found.focal_length else ""
    if height or lens:
        run.warn(
            f"the cameras of {options.camera} were found with {' and '.join(filter(None, (height, lens)))}, and "
            f"distances are only as good as that; find them again with {'height=...' if height else ''}"
            f"{' and ' if height and lens else ''}{'focal_px=...' if lens else ''} where you know better"
        )
    return found


def _recording(
    name: str,
    info: VideoInfo | None,
    keypoints: Keypoints | None,
    camera: Camera,
    clock: Clock,
    start: float | None,
    end: float | None,
    person: str,
    path: Path,
) -> Recording:
    """One recording, cut to a range of it."""
    if info is not None:
        chosen = info.frame_range(start, end)  # beside keypoints too: the overlay needs it at the end
    if keypoints is not None:
        last = end
        if info is not None and last is not None:
            last = min(last, len(keypoints) / keypoints.fps)
        chosen = Clock(keypoints.fps).cut(len(keypoints), start, last, str(path))
        keypoints = keypoints.cut(chosen)
    return Recording(name, info, keypoints, camera, replace(clock, first=chosen.start), start, end, person, path)


def _range(
    options: Options, clocks: Sequence[Clock], number: int, length: float, path: Path
) -> tuple[float | None, float | None]:
    """Where the chosen range lies in a recording, in its player's time; all of it where its offset is to be found.

    Args:
        options: say start and end, and by how much recordings begin after the first, in the first one's player's time.
        clocks: of all recordings.
        number, length, path: of the one that is meant.
    """
    if number == 0:
        return options.start, options.end
    if not options.offset:
        return None, None
    offset = options.offset[number - 1]
    leads, own = clocks[0], clocks[number]
    start = None if options.start is None else max(0.0, own.shown(leads.lived(options.start - offset)) - _BESIDE)
    end = None if options.end is None else min(length, own.shown(leads.lived(options.end - offset)) + _BESIDE)
    if (start or 0.0) >= (length if end is None else end):
        raise InputError(f"{path}, which begins {offset:g} s after the first video, has no picture in the chosen range")
    return start, end


def _length(info: VideoInfo | None, keypoints: Keypoints | None) -> float:
    """Seconds that a recording lasts, in the player's time."""
    if keypoints is not None:
        return len(keypoints) / keypoints.fps
    return 0.0 if info is None else info.duration


def _check_same_clip(keypoints: Keypoints, video: VideoInfo, path: Path) -> None:
    """Raise an InputError where keypoints cannot be of this video."""
    length = len(keypoints) / keypoints.fps
    if keypoints.image_size != video.image_size:
        theirs, ours = ("x".join(map(str, size)) for size in (keypoints.image_size, video.image_size))
        raise InputError(f"keypoints={path} is for images of {theirs}, {video.path} has {ours}; give the right video")
    if abs(length - video.duration) > max(0.1 * video.duration, 2 / keypoints.fps):
        raise InputError(
            f"keypoints={path} lasts {length:.2f} s ({len(keypoints)} frames at {keypoints.fps:g} fps), "
            f"{video.path} lasts {video.duration:.2f} s; give the right video"
        )
