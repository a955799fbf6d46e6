"""Where corners of the background were seen while a video was read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

#: Corners that are kept of each frame.
CORNERS = 64


@dataclass(frozen=True)
class BackgroundTracks:
    """Corners of the background, followed from key frames to other frames; a link is one key frame and one other.

    Links come in the order of their frames, and a frame is reached before links begin at it. Frames without a link lie
    between two that hardly differ, or are those in which nothing could be followed.

    Attributes:
        key, frame: of each of L links, the key frame, and the frame in which its corners were found again.
        start, now: where they were in the one and in the other, pixels of the video; NaN beyond those that there are.
        agree: which of them moved as most of them did.
        shift: by how much the background is displaced since the first frame, in widths of the picture.
        cut: the frame from which on another background is shown, so that nothing is followed any more; -1 if there is
            none.
        looked: how often the background was looked at.
        blank: how often it showed too few corners to say anything.
        pixel: size of the pixels of the smaller pictures that were compared, in pixels of the video.
        first: the frame at which what is used of the clip begins.
    """

    key: Int[np.ndarray, " L"]
    frame: Int[np.ndarray, " L"]
    start: Float[np.ndarray, "L 64 2"]
    now: Float[np.ndarray, "L 64 2"]
    agree: Bool[np.ndarray, "L 64"]
    shift: Float[np.ndarray, " L"]
    cut: int
    looked: int
    blank: int
    pixel: float
    first: int = 0

    def __len__(self) -> int:
        return len(self.key)

    def check(self, count: int) -> None:
        """Raise a ValueError where these cannot be the tracks of a clip of so many frames."""
        if not len(self.key) == len(self.frame) == len(self.start) == len(self.now):
            raise ValueError("the links of 'background' have no one number")
        if len(self) and not (self.key.min() >= 0 and (self.key < self.frame).all() and self.frame.max() < count):
            raise ValueError(f"'background' has links beyond the {count} frames, or not forward in time")
        if not (np.isfinite(self.pixel) and self.pixel > 0 and -1 <= self.cut < count and 0 <= self.first < count):
            raise ValueError("'background' has numbers that make no sense")
        if not np.isfinite(self.shift).all():
            raise ValueError("'background/shift' is not finite")
