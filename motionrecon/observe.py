"""The first stage: what was seen of the person, in videos or in somebody's keypoints."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.lines import lines
from motionrecon.core.progress import OfOne
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints, detect_keypoints
from motionrecon.keypoints.clip import detect_there
from motionrecon.keypoints.types import HandKeypoints
from motionrecon.options import Options
from motionrecon.run import Run
from motionrecon.source import Recording, Source
from motionrecon.video import frames
from motionrecon.views import View

#: Frames with a person that a motion needs at least.
FEWEST_FRAMES = 4
#: Pictures of a film that are searched for straight lines: one for so many seconds, and no more than so many.
_LOOK_EVERY, _LOOKS = 5.0, 3


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
    hands = tuple(one.hands if options.hands else None for one in seen)
    if len(seen) == 1:
        return _with_lines(run, source, seen, (View.of(seen[0], source.leader.camera, source.leader.clock),)), hands
    from motionrecon.rig.stage import together

    return _with_lines(run, source, seen, together(run, source, seen, options)), hands


def _with_lines(run: Run, source: Source, seen: Sequence[Keypoints], views: tuple[View, ...]) -> tuple[View, ...]:
    """The views with the straight lines behind the person, where these are needed to know which way is up."""
    if all(view.camera.calibrated for view in views):
        return views
    with run.timed("lines"):
        each = zip(views, source.recordings, seen, strict=True)
        return tuple(replace(view, lines=behind(recording, keypoints)) for view, recording, keypoints in each)


def behind(recording: Recording, keypoints: Keypoints) -> Float[np.ndarray, "L 2 2"]:
    """Ends of straight lines behind the person in some pictures of a film, without the lens's distortion; none without
    a film."""
    found = [np.zeros((0, 2, 2))]
    if recording.video is not None:
        fps, count = recording.video.fps, len(keypoints)
        first = recording.video.frame_range(recording.start, recording.end).start
        looks = min(_LOOKS, 1 + int(count / fps / _LOOK_EVERY))
        for frame in np.linspace(0, count, looks, endpoint=False).astype(int).tolist():
            start = (first + frame) / fps
            around = keypoints.pixels[frame]
            known = np.isfinite(around).all(axis=1)
            people = [np.concatenate([around[known].min(axis=0), around[known].max(axis=0)])] if known.any() else []
            with closing(frames(recording.video.path, start, info=recording.video)) as pictures:
                found += [lines(picture, people) for picture in [next(pictures, None)] if picture is not None]
    ends = np.concatenate(found)
    return np.asarray(recording.camera.undistort(ends.reshape(1, -1, 2)).reshape(-1, 2, 2))


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
        what = (recording.path, options.detector, recording.start, recording.end)
        progress = run.progress if alone else OfOne(run.progress, recording.name)
        if recording.boxes is None:
            keypoints = detect_keypoints(*what, kept, progress, recording.person, options.hands)
        else:
            keypoints = detect_there(*what, recording.boxes, kept, progress, options.hands)
    for text in keypoints.warnings:
        run.warn(text if alone else f"{recording.name}: {text}")
    seen = int((keypoints.confidence > 0).any(1).sum())  # a file may mark frames in which it is sure of nothing
    if seen < FEWEST_FRAMES:
        where = options.keypoints[number] if options.keypoints else recording.path
        raise InputError(f"{where}: a person is seen in {seen} frames only; a motion needs {FEWEST_FRAMES}")
    return keypoints
