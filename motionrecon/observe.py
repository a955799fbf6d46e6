"""The first stage: what was seen of the person, in videos or in somebody's keypoints."""

from __future__ import annotations

from motionrecon.cameras.place import check_place
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints, detect_keypoints
from motionrecon.options import Options
from motionrecon.run import Run
from motionrecon.source import Source
from motionrecon.views import View

#: Frames with a person that a motion needs at least.
FEWEST_FRAMES = 4


def observe(run: Run, source: Source, options: Options) -> tuple[View, ...]:
    """What was seen, one view for each camera, all on the first one's clock.

    Raises:
        InputError: nobody is there, or too seldom, or far from where a camera says; or cameras do not fit together.
        ModelError: the detector's model cannot be had.
    """
    with run.timed("keypoints"):
        seen = [_keypoints(run, source, i, options) for i in range(len(source.recordings))]
    if len(seen) == 1:
        views: tuple[View, ...] = (View.of(seen[0], source.leader.camera, source.leader.clock),)
    else:
        from motionrecon.rig.stage import together

        views = together(run, source, seen, options)
    for one in views:
        check_place(one.camera, one.pixels, one.weight, float(options.height))
    return views


def _keypoints(run: Run, source: Source, number: int, options: Options) -> Keypoints:
    """The keypoints of one recording, given or detected."""
    recording, keypoints = source.recordings[number], source.recordings[number].keypoints
    alone = len(source.recordings) == 1
    if keypoints is None:
        assert recording.video is not None
        keypoints = detect_keypoints(
            recording.path,
            options.detector,
            recording.start,
            recording.end,
            run.cache if alone or run.cache is None else run.cache / f"camera_{number + 1}",
            run.progress,
            recording.person,
        )
    for text in keypoints.warnings:
        run.warn(text if alone else f"{recording.name}: {text}")
    seen = int((keypoints.confidence > 0).any(1).sum())  # a file may mark frames in which it is sure of nothing
    if seen < FEWEST_FRAMES:
        what = options.keypoints[number] if options.keypoints else recording.path
        raise InputError(f"{what}: a person is seen in {seen} frames only; a motion needs {FEWEST_FRAMES}")
    return keypoints
