"""The films of a motion's cameras, as pictures for the page."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from motionrecon.errors import InputError
from motionrecon.result.films import Film, check_recorded, films_of
from motionrecon.viewer.source_video import LONGER_SIDE, SourceVideo

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def open_source(motion: Motion, camera: int = 0, longer_side: int = LONGER_SIDE) -> SourceVideo:
    """The video of a camera that is named in the motion's report.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    films = films_of(motion)
    return _opened(films[camera], len(motion), len(films) == 1, longer_side)


def _opened(film: Film, count: int, alone: bool, longer_side: int) -> SourceVideo:
    if film.video is None:
        raise InputError(f"{film.name} has no video" if film.name else "this motion was made without a video")
    return SourceVideo(
        film.video,
        count=count,
        fps=film.fps,
        image_size=film.camera.image_size,
        start=film.start,
        holds=alone,
        longer_side=longer_side,
    )


class Films:
    """The pictures of all cameras of a motion; any thread may ask.

    Args:
        films: one for each camera.
        count: frames of the motion.
        longer_side: of the pictures, pixels.
        sent: whether they go into what is sent to others, where only recorded films belong (`check_recorded`).

    Attributes:
        missing: of each camera, why it has no film; empty where it has one.
    """

    def __init__(self, films: Sequence[Film], count: int, longer_side: int = LONGER_SIDE, sent: bool = False) -> None:
        self.missing: list[str] = []
        self._count = count
        self._sources: list[SourceVideo | None] = []
        self._locks = [threading.Lock() for _ in films]
        for film in films:
            try:
                source = _opened(film, count, len(films) == 1, longer_side)
                if sent:
                    check_recorded(film)
                self._sources.append(source)
                self.missing.append("")
            except InputError as error:
                self._sources.append(None)
                self.missing.append(str(error)[:1].upper() + str(error)[1:])

    @classmethod
    def of(cls, motion: Motion, longer_side: int = LONGER_SIDE, sent: bool = False) -> Films:
        """Those of a motion."""
        return cls(films_of(motion), len(motion), longer_side, sent)

    def __len__(self) -> int:
        return len(self._sources)

    def picture(self, camera: int, frame: int) -> bytes | None:
        """The JPEG of a frame of the motion; None where the camera has none.

        Raises:
            InputError: the film cannot be read.
        """
        source = self._sources[camera]
        if source is None or not 0 <= frame < self._count:
            return None
        with self._locks[camera]:
            if not source.has(frame):
                return None
            while (jpeg := source.cached(frame)) is None:
                source.decode_towards(frame)
            return jpeg

    def close(self) -> None:
        """Let go of the files."""
        for source, lock in zip(self._sources, self._locks, strict=True):
            with lock:
                if source is not None:
                    source.close()
