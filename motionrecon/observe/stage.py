"""The first stage: what was seen of the person, in videos or in somebody's keypoints."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from motionrecon.background.motion import FOUND
from motionrecon.cameras.default import LENS_ERROR
from motionrecon.core.clock import FEWEST_FRAMES
from motionrecon.core.progress import OfOne
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints, detect_keypoints
from motionrecon.keypoints.clip import detect_there
from motionrecon.keypoints.types import HandKeypoints
from motionrecon.kinematics.likely import unlikely
from motionrecon.observe.camera_motion import camera_motion_of, with_background
from motionrecon.observe.edges import lines_behind
from motionrecon.observe.held import held_otherwise
from motionrecon.observe.lens import with_lens, with_lenses
from motionrecon.observe.shots import one_shot
from motionrecon.options import Options
from motionrecon.run import Run
from motionrecon.source import Recording, Source
from motionrecon.video import VideoInfo
from motionrecon.views import View


def observe(run: Run, source: Source, options: Options) -> tuple[tuple[View, ...], tuple[HandKeypoints | None, ...]]:
    """What was seen, one view for each camera, all on the first one's clock; and the hands, in each one's own frames.

    Raises:
        InputError: nobody is there, or too seldom; or cameras do not fit together.
        ModelError: the detector's model cannot be had.
    """
    with run.timed("keypoints"), _kept(run, source) as kept:
        if len(source.recordings) > 1:
            from motionrecon.rig.following import followed

            source = followed(run, source, options, kept)
        seen = [_keypoints(run, source, i, options, kept[i]) for i in range(len(source.recordings))]
    pairs = [(one, with_background(run, source, one, had)) for one, had in zip(source.recordings, seen, strict=True)]
    shots = [one_shot(run, *pair, options, alone=len(pairs) == 1) for pair in pairs]
    seen = [keypoints for keypoints, _ in shots]
    hands = tuple(one.hands if options.hands else None for one in seen)
    each = zip(source.recordings, shots, strict=True)
    motions = [camera_motion_of(run, source, options, recording, *shot) for recording, shot in each]
    lines = lines_behind(run, source, seen, motions)
    if len(seen) == 1:
        view = View.of(seen[0], motions[0].camera, source.leader.clock)
        by_turning = motions[0].lens_found
        view = replace(view, lens_found=by_turning, lens_error=FOUND if by_turning else 0.0, shown=shots[0][1])
        views: tuple[View, ...] = (view,)
    else:
        from motionrecon.rig.stage import together

        source = with_lenses(source, lines)
        views = tuple(
            replace(view, lens_found=recording.lens_error > 0, lens_error=recording.lens_error)
            for view, recording in zip(together(run, source, seen, options), source.recordings, strict=True)
        )
    unsure = LENS_ERROR if source.assumed.focal_length else 0.0
    views = tuple(
        replace(view, camera_motion=motion.kind, lens_error=view.lens_error or unsure, lines=ends)
        for view, motion, ends in zip(views, motions, lines, strict=True)
    )
    views = tuple(_checked(run, one, view) for one, view in zip(source.recordings, views, strict=True))
    return (tuple(with_lens(view) for view in views) if len(views) == 1 else views), hands


def _checked(run: Run, recording: Recording, view: View) -> View:
    """The view, with a warning where lines contradict its camera's calibration."""
    off = held_otherwise(view)
    if off:
        name = recording.name or recording.path.name
        run.warn(
            f"{name}: by the straight lines of the film the camera is held {off:.0f} degrees otherwise than its "
            "calibration says; is it that of this camera (camera_name=...), as it stood then, and is its world's z "
            "axis up?"
        )
    return replace(view, held_otherwise=off)


@contextmanager
def _kept(run: Run, source: Source) -> Iterator[list[Path | None]]:
    """Where each recording's detections are kept: with the run, or else until all cameras agree whom to follow."""
    count = len(source.recordings)
    if count == 1:
        yield [run.cache]
    elif run.cache is not None:
        yield [run.cache / f"camera_{number + 1}" for number in range(count)]
    else:
        with tempfile.TemporaryDirectory(prefix="motionrecon-") as folder:
            yield [Path(folder) / f"camera_{number + 1}" for number in range(count)]


def _keypoints(run: Run, source: Source, number: int, options: Options, kept: Path | None) -> Keypoints:
    """The keypoints of one recording, given or detected."""
    recording, keypoints = source.recordings[number], source.recordings[number].keypoints
    alone = len(source.recordings) == 1
    if keypoints is None:
        assert recording.video is not None
        _check_length(recording, recording.video)
        what = (recording.path, options.detector, recording.start, recording.end)
        progress = run.progress if alone else OfOne(run.progress, recording.name)
        if recording.boxes is None:
            # Of several cameras, the others show who faces where.
            judge = unlikely if alone else None
            keypoints = detect_keypoints(
                *what, kept, progress, recording.person, options.hands, judge, options.mirrored
            )
        else:
            keypoints = detect_there(*what, recording.boxes, kept, progress, options.hands, options.mirrored)
    if options.mirrored and not keypoints.mirrored:
        run.warn(
            f"mirrored=True changes nothing of {recording.path}: its keypoints were given, and nothing is looked at"
        )
    for text in keypoints.warnings:
        run.warn(text if alone else f"{recording.name}: {text}")
    seen = int((keypoints.confidence > 0).any(1).sum())  # a file may mark frames in which it is sure of nothing
    if seen < FEWEST_FRAMES:
        where = options.keypoints[number] if options.keypoints else recording.path
        raise InputError(f"{where}: a person is seen in {seen} frames only; a motion needs {FEWEST_FRAMES}")
    return keypoints


def _check_length(recording: Recording, video: VideoInfo) -> None:
    """Refuse what is too short for a motion, before anything is looked for in it."""
    count = len(video.frame_range(recording.start, recording.end))
    if count < FEWEST_FRAMES:
        more = "give a longer video" if video.frame_count < FEWEST_FRAMES else "widen start=... and end=..."
        raise InputError(f"{recording.path}: {count} frames are no motion, which needs {FEWEST_FRAMES}; {more}")
