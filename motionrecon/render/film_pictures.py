"""The pictures of a motion's films, one for each of its frames."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from motionrecon.core.prefetch import prefetch
from motionrecon.result.films import Film
from motionrecon.video import frames, frames_from

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: RGB, or None where there is no picture; it goes on for ever.
Shown = Generator[UInt8[np.ndarray, "H W 3"] | None, None, None]


def leading(motion: Motion, video: str | Path | None, side: int, start: float | None, end: float | None) -> Shown:
    """The pictures of the first video, whose frames are the motion's; the last one stays where it ends early."""
    picture: UInt8[np.ndarray, "H W 3"] | None = None
    if video is not None:
        with closing(prefetch(frames(video, start, end, motion.clock.shown_fps, max_side=side))) as pictures:
            for picture in pictures:
                yield picture
    yield from repeat(picture)


def in_step(film: Film, video: str | Path | None, side: int) -> Shown:
    """The pictures of another camera's film at the times of the motion's frames; None where it has none."""
    if video is not None:
        with closing(prefetch(frames_from(video, film.start, film.fps, max_side=side))) as pictures:
            yield from pictures
    yield from repeat(None)
