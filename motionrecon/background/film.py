"""Following the background of a film in which the person is known already, from keypoints that somebody gave."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import numpy as np
from jaxtyping import Float

from motionrecon.background.tracks import BackgroundTracks
from motionrecon.background.watch import BackgroundWatch
from motionrecon.core.prefetch import prefetch
from motionrecon.video import VideoInfo, pictures

#: Longer side of the pictures that are read, pixels.
_SIDE = 640


def tracks_of(
    video: VideoInfo,
    start: float | None,
    end: float | None,
    fps: float,
    pixels: Float[np.ndarray, "T 33 2"],
    advance: Callable[[int], None],
) -> BackgroundTracks:
    """What is followed of the background of a part of a film.

    Args:
        video: the film.
        start, end: seconds; None for the beginning and the end.
        fps: of the keypoints.
        pixels: of the person, NaN where unseen.
        advance: told of every frame.

    Raises:
        InputError: the film cannot be read.
    """
    scale = min(1.0, _SIDE / max(video.image_size))
    watch = BackgroundWatch(fps, scale)
    film = pictures(video.path, start, end, fps, max_side=_SIDE, info=video)
    with closing(prefetch(film)) as pictured:
        for k, (picture, person) in enumerate(zip(pictured, pixels, strict=False)):
            known = person[np.isfinite(person).all(axis=1)]
            boxes = [scale * np.concatenate([known.min(axis=0), known.max(axis=0)])] if len(known) else []
            watch.add(k, picture.image, boxes, picture.held)
            advance(1)
    return watch.tracks()
