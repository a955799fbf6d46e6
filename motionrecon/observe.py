"""The first stage: what was seen of the person, in a video or in somebody's keypoints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from motionrecon.cameras.base import Camera
from motionrecon.cameras.default import default_camera
from motionrecon.cameras.files import load_camera
from motionrecon.cameras.place import check_place
from motionrecon.core.clock import Clock
from motionrecon.core.landmarks import TRUST
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints, detect_keypoints, load_keypoints
from motionrecon.options import Options
from motionrecon.run import Run
from motionrecon.video import VideoInfo, probe
from motionrecon.views import View

#: Frames with a person that a motion needs at least.
FEWEST_FRAMES = 4


@dataclass(frozen=True)
class Source:
    """What a reconstruction is made from.

    Attributes:
        video: the video, if one was given.
        keypoints: those that were given instead of detection, cut to the chosen range.
        camera: calibrated, or an assumed one whose pose is yet unknown.
        clock: of the chosen range.
    """

    video: VideoInfo | None
    keypoints: Keypoints | None
    camera: Camera
    clock: Clock


def look(run: Run, video: str | Path | None, options: Options) -> Source:
    """Look at all inputs before any work.

    Raises:
        InputError: one of them cannot be used.
    """
    info = None if video is None else probe(video)
    keypoints = None
    if options.keypoints is not None:
        keypoints = load_keypoints(options.keypoints, video, person=options.person)
        if info is not None:
            _check_same_clip(keypoints, info, options.keypoints)
    whole = keypoints or info
    if whole is None:
        raise InputError("no video given: give a video file, or keypoints=...")
    camera: Camera = (
        default_camera(whole.image_size, options.fov, options.focal_px)
        if options.camera is None
        else load_camera(options.camera, options.camera_name, whole.image_size, run)
    )
    end = options.end
    if info is not None:
        chosen = info.frame_range(options.start, end)  # beside keypoints too: the overlay needs it at the end
    if keypoints is not None:
        if info is not None and end is not None:
            end = min(end, len(keypoints) / keypoints.fps)
        chosen = Clock(keypoints.fps).cut(len(keypoints), options.start, end, str(options.keypoints))
        keypoints = cut(keypoints, chosen)
    clock = Clock(whole.fps, first=chosen.start).filmed_at(options.filmed_fps)
    return Source(info, keypoints, camera, clock)


def observe(run: Run, source: Source, options: Options) -> tuple[View, ...]:
    """What was seen, one view for each camera.

    Raises:
        InputError: nobody is there, or too seldom, or far from where the camera says.
        ModelError: the detector's model cannot be had.
    """
    keypoints = source.keypoints
    with run.timed("keypoints"):
        if keypoints is None:
            assert source.video is not None
            range_ = (options.start, options.end)
            keypoints = detect_keypoints(
                source.video.path, options.detector, *range_, run.cache, run.progress, options.person
            )
    for text in keypoints.warnings:
        run.warn(text)
    seen = int((keypoints.confidence > 0).any(1).sum())  # a file may mark frames in which it is sure of nothing
    if seen < FEWEST_FRAMES:
        what = options.keypoints or (source.video and source.video.path)
        raise InputError(f"{what}: a person is seen in {seen} frames only; a motion needs {FEWEST_FRAMES}")
    seen_from = view(keypoints, source.camera, source.clock)
    check_place(seen_from.camera, seen_from.pixels, seen_from.weight, float(options.height))
    return (seen_from,)


def view(keypoints: Keypoints, camera: Camera, clock: Clock) -> View:
    """Keypoints as a camera's view of the person."""
    pixels = camera.undistort(keypoints.pixels)
    confidence = np.where(np.isfinite(pixels).all(2), keypoints.confidence, 0.0)
    return View(camera, clock, pixels, TRUST * np.sqrt(confidence), keypoints.points_3d, keypoints.tracked)


def cut(keypoints: Keypoints, frames: range) -> Keypoints:
    """The keypoints of some of the frames."""
    part = slice(frames.start, frames.stop)
    return replace(
        keypoints,
        pixels=keypoints.pixels[part],
        confidence=keypoints.confidence[part],
        points_3d=keypoints.points_3d[part],
        tracked=keypoints.tracked[part],
    )


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
