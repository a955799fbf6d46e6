"""Where corners of the background were seen while a video was read."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
        cuts: the frames from which on another background is shown: C cuts.
        scenes: which: 0 is the first frame's, others are counted from 1; one that is shown again has its own.
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
    cuts: Int[np.ndarray, " C"]
    scenes: Int[np.ndarray, " C"]
    looked: int
    blank: int
    pixel: float
    first: int = 0

    def __len__(self) -> int:
        return len(self.key)

    def scene_of(self, frames: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
        """Which background each frame shows."""
        return np.append(0, self.scenes)[np.searchsorted(self.cuts, frames, side="right")]

    def of_scene(self, scene: int) -> BackgroundTracks:
        """What was followed of one background, without the cuts to it and from it."""
        none = np.zeros(0, np.int64)
        return replace(self.some(self.scene_of(self.frame) == scene), cuts=none, scenes=none)

    def some(self, links: Bool[np.ndarray, " L"]) -> BackgroundTracks:
        """The same with some of the links only."""
        kept = {name: getattr(self, name)[links] for name in ("key", "frame", "start", "now", "agree", "shift")}
        return replace(self, **kept)

    def check(self, count: int) -> None:
        """Raise a ValueError where these cannot be the tracks of a clip of so many frames."""
        if not len(self.key) == len(self.frame) == len(self.start) == len(self.now):
            raise ValueError("the links of 'background' have no one number")
        if len(self) and not (self.key.min() >= 0 and (self.key < self.frame).all() and self.frame.max() < count):
            raise ValueError(f"'background' has links beyond the {count} frames, or not forward in time")
        if not (np.isfinite(self.pixel) and self.pixel > 0 and 0 <= self.first < count):
            raise ValueError("'background' has numbers that make no sense")
        forward = (np.diff(self.cuts) > 0).all() and (self.cuts > 0).all() and (self.cuts < count).all()
        if not (forward and len(self.cuts) == len(self.scenes) and (self.scenes >= 0).all()):
            raise ValueError("'background' has cuts that make no sense")
        if not np.isfinite(self.shift).all():
            raise ValueError("'background/shift' is not finite")
