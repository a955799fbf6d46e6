"""Everybody in several recordings, drawn with the numbers that are theirs in all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from motionrecon.core.progress import Progress
from motionrecon.errors import InputError
from motionrecon.keypoints.picture import check_ours, draw_numbered
from motionrecon.options import Options
from motionrecon.projects import opened
from motionrecon.rig.following import company
from motionrecon.run import Run
from motionrecon.source import Source, look


def list_everybody(given: Mapping[str, Any], folder: Path, progress: Progress) -> tuple[list[str], list[Path]]:
    """Everybody whom ``person`` can choose in several videos.

    Args:
        given: all parameters of `motionrecon.pipeline.reconstruct`; the video is a list, or the folder of a project.
        folder: for a picture of each video.
        progress: told how far the detection has come.

    Returns:
        a line for each person and each camera that shows them, and the pictures.

    Raises:
        InputError: what was given cannot be used, or shows nobody.
        OutputError: a picture cannot be written.
    """
    found, _ = opened(given)
    options = Options.of(found)
    source = look(Run(progress), found["video"], options)
    for recording in source.recordings:
        if recording.video is None:
            raise InputError(
                f"{recording.path} is not a video, into whose pictures people could be drawn; give that too"
            )
    pictures = [folder / f"{name}_people.png" for name in _stems(source)]
    for picture in pictures:
        check_ours(picture)
    people = company(source, options, [None] * len(source.recordings), progress)
    lines = people.lines([recording.name or recording.path.stem for recording in source.recordings])
    if not lines:
        raise InputError("no person was found in the videos; the whole body must be in view and not too small")
    drawn = []
    for view, (recording, picture) in enumerate(zip(source.recordings, pictures, strict=True)):
        numbers = {row: j for row, j in enumerate(people.rows[:, view].tolist(), start=1) if j >= 0}
        if numbers and recording.video is not None:
            tracks = {number: people.tracks[view][j] for number, j in numbers.items()}
            every = round(people.looks[view].every * recording.video.fps)
            cut = (recording.start, recording.end) if recording.keypoints is None else (None, None)
            draw_numbered(recording.video, tracks, *cut, every, picture)
            drawn.append(picture)
    return lines, drawn


def _stems(source: Source) -> list[str]:
    """What each recording's picture is called after: its video, or its camera where two videos are called the same."""
    stems = [recording.path.stem for recording in source.recordings]
    many = Counter(stems)
    return [
        stem if many[stem] == 1 else recording.name for stem, recording in zip(stems, source.recordings, strict=True)
    ]
