"""What several cameras know together: from what each of them saw to views of one person on one clock, in one world."""

from __future__ import annotations

from collections.abc import Sequence

from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints
from motionrecon.options import Options
from motionrecon.rig.resampling import on_clock
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
    offsets = [0.0, *(options.offset or [0.0] * (len(seen) - 1))]
    return tuple(
        _view(source.leader, recording, len(seen[0]), keypoints, offset)
        for recording, keypoints, offset in zip(source.recordings, seen, offsets, strict=True)
    )


def _view(leader: Recording, own: Recording, count: int, seen: Keypoints, offset: float) -> View:
    """What one camera saw at the times of the leader's frames; the offset is in the player's time."""
    filmed = offset * leader.clock.shown_fps / leader.clock.fps
    return View.of(on_clock(seen, own.clock, leader.clock, count, filmed), own.camera, leader.clock, offset)
