"""The films that a motion was seen in: which of their moments are its frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.base import Camera
from motionrecon.core.files import sha256
from motionrecon.errors import InputError
from motionrecon.result.report import CameraOfSeveral

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


@dataclass(frozen=True)
class Film:
    """What one camera filmed of a motion, in the time of a player that shows it.

    Attributes:
        name: of the camera; empty where there is only one.
        camera: that filmed it.
        video: path of the film; None where there is none.
        sha256: of the film that the motion was made from; None where the report does not know it.
        start: seconds of the film at which the motion's first frame was taken; below 0 if that was before the film.
        fps: frames of the motion in a second of the film.
    """

    name: str
    camera: Camera
    video: Path | None
    start: float
    fps: float
    sha256: str | None = None

    def times(self, count: int) -> Float[np.ndarray, " count"]:
        """Seconds of the film at which the motion's first `count` frames were taken."""
        return np.asarray(self.start + np.arange(count) / self.fps)


def films_of(motion: Motion) -> tuple[Film, ...]:
    """One film for each of the motion's cameras, as far as its report knows them."""
    clock, known = motion.clock, motion.report.cameras or ()
    start, fps = clock.shown_at(0), clock.shown_fps
    if len(motion.cameras) == 1 or len(known) != len(motion.cameras):
        source = motion.report.source
        video = Path(source.video) if source is not None and source.video else None
        names = [f"camera {i + 1}" for i in range(len(motion.cameras))] if motion.further_cameras else [""]
        first, *others = zip(names, motion.cameras, strict=True)
        digest = None if source is None else source.sha256
        return (Film(*first, video, start, fps, digest), *(Film(*one, None, start, fps) for one in others))
    films = []
    for one, camera in zip(known, motion.cameras, strict=True):
        own = fps if one is known[0] else clock.fps * _pace(one)
        own_start = (start - one.offset) * fps / own
        films.append(Film(one.name, camera, Path(one.video) if one.video else None, own_start, own, one.sha256))
    return tuple(films)


def check_recorded(film: Film) -> None:
    """Refuse to hand on a film that is not the one that the motion was made from.

    A report may be a stranger's, and name any file of this machine. Who could write a film's hash into it has had that
    film, so that nothing private goes with it into what is sent.

    Raises:
        InputError: the film's SHA-256 is not the one in the report, or it cannot be read.
    """
    if film.video is not None and (film.sha256 is None or sha256(film.video) != film.sha256):
        raise InputError(f"{film.video} is not the film that the report knows by its SHA-256; put that film there")


def _pace(one: CameraOfSeveral) -> float:
    """Seconds of the person's time in one of a film: 1 but in slow motion."""
    shown, filmed = one.fps or np.nan, one.filmed_fps or np.nan
    return float(shown / filmed) if 0 < shown < np.inf and 0 < filmed < np.inf else 1.0
