"""Which pictures of a video its background is followed in, while the video is read.

A few times a second the background is looked at (`motionrecon.background.following`). What is shown in between is kept
until then, so that it can be gone through where the background moves, and is not even made small where it stands.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.background.features import factor_of
from motionrecon.background.following import Following
from motionrecon.background.looks import Picture
from motionrecon.background.tracks import BackgroundTracks

#: Looks a second at a background that stands still, and pictures a second that are compared where it moves.
_LOOKS_PER_SECOND = 4.0
_PICTURES_PER_SECOND = 30.0


class BackgroundWatch:
    """Fed every frame of a clip in order; `tracks` is what was followed.

    Args:
        fps: of the clip.
        scale: the size of the frames that it is shown, in sizes of the video's.
    """

    def __init__(self, fps: float, scale: float = 1.0) -> None:
        self._every = max(1, round(fps / _LOOKS_PER_SECOND))
        self._stride = max(1, round(fps / _PICTURES_PER_SECOND))
        self._scale, self._pixel = scale, 1.0
        self._following = Following(fps, self._stride)
        self._looked = 0
        self._waiting: list[Picture] = []
        self._around: list[Float[np.ndarray, " 4"]] = []

    def add(
        self, k: int, frame: UInt8[np.ndarray, "H W 3"], boxes: Sequence[Float[np.ndarray, " 4"]], held: bool = False
    ) -> None:
        """Take frame `k`, RGB, and the boxes (x0, y0, x1, y1) of the people in it, pixels.

        Between looks these may be of some of the people only.

        Args:
            held: whether the frame only repeats the one before.
        """
        look = k % self._every == 0
        if look:
            self._around = list(boxes)
        if (not look and k % self._stride) or (held and self._following.begun):
            return
        self._pixel = float(factor_of(frame.shape))
        where = [np.asarray(box, float) / self._pixel for box in (*boxes, *([] if look else self._around))]
        self._waiting.append(Picture(k, frame, where))
        if look:
            self._look()

    def tracks(self) -> BackgroundTracks:
        """What was followed so far."""
        if self._waiting:
            self._look()
        return self._following.tracks(self._looked, self._pixel / self._scale)

    def _look(self) -> None:
        """Follow the background to the newest picture, over those in between where it moves."""
        pictures, self._waiting = self._waiting, []
        self._looked += 1
        self._following.look(pictures)
