"""What several cameras know together: from what each of them saw to views of one person on one clock, in one world."""

from __future__ import annotations

from collections.abc import Sequence

from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints
from motionrecon.options import Options
from motionrecon.run import Run
from motionrecon.source import Source
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
    offsets = [0.0, *(options.each("offset", len(seen) - 1) if options.offset else [0.0] * (len(seen) - 1))]
    leader = source.leader
    return tuple(
        View.of(keypoints, recording.camera, leader.clock, offset)
        for keypoints, recording, offset in zip(seen, source.recordings, offsets, strict=True)
    )
