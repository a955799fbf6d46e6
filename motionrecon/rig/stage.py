"""What several cameras know together: from what each of them saw to views of one person on one clock, in one world."""

from __future__ import annotations

from collections.abc import Sequence

from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints
from motionrecon.options import Options
from motionrecon.rig.agreement import agreed
from motionrecon.rig.resampling import on_clock
from motionrecon.rig.synchrony import offsets
from motionrecon.run import Run
from motionrecon.source import Recording, Source
from motionrecon.views import View


def together(run: Run, source: Source, seen: Sequence[Keypoints], options: Options) -> tuple[View, ...]:
    """Views of one person from several cameras, on the clock of the first.

    Args:
        run: told what the user should know.
        source: the recordings.
        seen: what was seen in each of them.
        options: what the user knows of offsets.

    Raises:
        InputError: the cameras do not fit together.
    """
    if not source.posed:
        raise InputError("it is not known where the cameras are to each other; give a calibration with camera=...")
    names = [recording.name for recording in source.recordings]
    with run.timed("cameras"):
        offsets = _offsets(run, source, seen, options, names)
        views = [
            _view(source.leader, recording, len(seen[0]), keypoints, offset)
            for recording, keypoints, offset in zip(source.recordings, seen, offsets, strict=True)
        ]
        found = agreed(views)
        for remark in found.remarks(names):
            run.warn(remark)
    return found.views


def _offsets(
    run: Run, source: Source, seen: Sequence[Keypoints], options: Options, names: Sequence[str]
) -> list[float]:
    """By how many seconds each recording begins after the first, in the player's time."""
    slower = source.leader.clock.fps / source.leader.clock.shown_fps  # slow motion: the person's time and the player's
    given = [offset / slower for offset in options.offset]
    own = [View.of(k, recording.camera, recording.clock) for k, recording in zip(seen, source.recordings, strict=True)]
    found = offsets(own, source.posed, given, names)
    for doubt in found.doubts:
        run.warn(doubt)
    return [float(seconds) * slower for seconds in found.seconds]


def _view(leader: Recording, own: Recording, count: int, seen: Keypoints, offset: float) -> View:
    """What one camera saw at the times of the leader's frames; the offset is in the player's time."""
    filmed = offset * leader.clock.shown_fps / leader.clock.fps  # slow motion: the person's time
    return View.of(on_clock(seen, own.clock, leader.clock, count, filmed), own.camera, leader.clock, offset)
