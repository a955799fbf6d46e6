"""The user's own files that a motion was made from, which nothing that is made of it may replace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from motionrecon.errors import OutputError
from motionrecon.result.films import films_of
from motionrecon.result.motion import Motion

#: Options of a run that name files, and what these are.
_FILES = {"keypoints": "the keypoints", "camera": "the calibration", "body_model": "the body model"}


def spare_sources(motion: Motion, files: Sequence[Path]) -> None:
    """Look at what is about to be written, by whatever name or link.

    Args:
        motion: with a report of what it was made from.
        files: that would be written.

    Raises:
        OutputError: one is a film, keypoints, a calibration or a body model that the motion was made from.
    """
    for file in files:
        for source, what in _sources(motion):
            if file.exists() and source.exists() and file.samefile(source):
                raise OutputError(f"{file} is {what} that the motion was made from; choose another name")


def _sources(motion: Motion) -> Iterator[tuple[Path, str]]:
    for film in films_of(motion):
        if film.video is not None:
            yield film.video, "the film"
    for option, what in _FILES.items():
        given = (motion.report.options or {}).get(option)
        for one in given if isinstance(given, list) else [given]:
            if isinstance(one, str):
                yield Path(one), what
