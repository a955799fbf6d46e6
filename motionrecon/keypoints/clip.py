"""The keypoint stage on a video: one streaming pass, then one person, mended and marked."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np

from motionrecon.camera_motion import CameraMotion
from motionrecon.errors import InputError
from motionrecon.files import sha256
from motionrecon.keypoints import cache, models
from motionrecon.keypoints.detect import MAX_SIDE, NUM_POSES, Detection, detect, quiet
from motionrecon.keypoints.file import assemble
from motionrecon.keypoints.flips import undo_flips
from motionrecon.keypoints.outliers import doubt_jumps
from motionrecon.keypoints.tracks import Track, follow
from motionrecon.keypoints.types import Keypoints
from motionrecon.landmarks import COUNT
from motionrecon.progress import Progress
from motionrecon.video import VideoInfo, frames, prefetch, probe


def detect_clip(
    video: Path, detector: str, start: float | None, end: float | None, cache_dir: Path | None, progress: Progress
) -> Keypoints:
    """See `motionrecon.keypoints.detect_keypoints`."""
    info = probe(video)
    wanted = info.frame_range(start, end)
    model = models.find(detector)
    cached_at = None
    if cache_dir is not None:
        depends_on = {
            "video": sha256(video),
            "model": models.records()[detector]["sha256"],
            "first": wanted.start,
            "last": wanted.stop,
            "fps": info.fps,
            "num_poses": NUM_POSES,
            "max_side": MAX_SIDE,
            "mediapipe": metadata.version("mediapipe"),
        }
        cached_at = cache.path_for(cache_dir, depends_on)
        cached = cache.load(cached_at, progress)
        if cached is not None:
            return cached

    people, camera_warnings = _watch(info, wanted, model, start, end, progress)
    keypoints = one_person(people, info.fps, info.image_size, video.name)
    warnings = (*info.warnings, *_shortened(info, wanted, len(people)), *keypoints.warnings, *camera_warnings)
    keypoints = replace(keypoints, warnings=warnings)
    if cached_at is not None:
        cache.store(keypoints, cached_at)
    return keypoints


def _watch(
    info: VideoInfo, wanted: range, model: Path, start: float | None, end: float | None, progress: Progress
) -> tuple[list[list[Detection]], tuple[str, ...]]:
    """Everybody in every frame, and what the background says of the camera."""
    camera = CameraMotion(info.fps)
    people: list[list[Detection]] = []
    images = prefetch(frames(info.path, start, end, max_side=MAX_SIDE, info=info))
    with (
        quiet(),
        closing(images),
        closing(detect(images, model, info.fps, info.image_size)) as seen,
        progress.stage("keypoints", len(wanted)) as advance,
    ):
        for frame, found in seen:
            scale = frame.shape[1] / info.image_size[0]
            camera.add(frame, [person.box * scale for person in found])
            people.append(found)
            advance(1)
    return people, camera.warnings()


def one_person(people: list[list[Detection]], fps: float, image_size: tuple[int, int], name: str) -> Keypoints:
    """The person to be followed out of everybody seen in every frame, flips undone and gaps marked.

    Raises:
        InputError: there is nobody.
    """
    track, others = follow(people, fps)
    if len(track.frames) < 2:
        raise InputError(
            f"no person was found in {name}; the whole body must be in view, upright and not too small "
            "(another --start/--end or --detector heavy may help)"
        )
    keypoints, flips = undo_flips(_on_clock(track, len(people), fps, image_size))
    keypoints, _ = doubt_jumps(keypoints)
    warnings = []
    if others:
        shared = len({frame for other in others for frame in other.frames})
        warnings.append(
            f"{name} shows {len(others) + 1} people or more (others in {shared} of {len(people)} frames); the largest "
            f"one that stays longest is followed, in {len(track.frames)} frames"
        )
    missing = int((~keypoints.tracked).sum())
    if missing:
        warnings.append(f"the person is not seen in {missing} of {len(people)} frames of {name}; these are marked")
    exchanged = int(flips.any(1).sum())
    if exchanged:
        warnings.append(
            f"the detector exchanged left and right in {exchanged} of {len(people)} frames of {name}; this was undone"
        )
    return replace(keypoints, warnings=tuple(warnings))


def _on_clock(track: Track, count: int, fps: float, image_size: tuple[int, int]) -> Keypoints:
    """A track as arrays with one row a frame; frames without the person are NaN."""
    pixels = np.full((count, COUNT, 2), np.nan)
    confidence = np.zeros((count, COUNT))
    points_3d = np.full((count, COUNT, 3), np.nan)
    for frame, detection in zip(track.frames, track.detections, strict=True):
        pixels[frame], confidence[frame] = detection.pixels, detection.confidence
        points_3d[frame] = detection.points_3d
    return assemble(pixels, confidence, points_3d, fps, image_size)


def _shortened(info: VideoInfo, wanted: range, count: int) -> tuple[str, ...]:
    """A warning if fewer frames came out of the file than its packets promised."""
    if count >= len(wanted):
        return ()
    return (f"only {count} of {len(wanted)} frames of {info.path.name} could be decoded; the rest is left out",)
