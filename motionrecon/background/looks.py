"""What is kept of a video while its background is followed: small pictures, key frames, and where corners were seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.background.features import Grey, Homography, Points, outside, small
from motionrecon.background.tracks import CORNERS


@dataclass(frozen=True)
class Key:
    """A key frame: its number, small picture, where nobody is in that, and its corners; which background it shows, and
    by how much that is displaced since it was first shown."""

    frame: int
    grey: Grey
    background: Grey
    points: Points
    scene: int
    base: Homography


@dataclass(frozen=True)
class Picture:
    """A picture that may be gone through later, and where people are in it, small pixels.

    It is made small when it is looked at, which most are not while the camera stands.
    """

    frame: int
    image: UInt8[np.ndarray, "H W 3"]
    boxes: list[Float[np.ndarray, " 4"]]

    @cached_property
    def grey(self) -> Grey:
        return small(self.image)

    @cached_property
    def background(self) -> Grey:
        return outside(self.grey.shape, self.boxes)

    def kept(self) -> Picture:
        """The same without the large picture, to be looked at later."""
        light = Picture(self.frame, self.image[:0], self.boxes)
        light.__dict__.update(grey=self.grey, background=self.background)  # where cached properties are
        return light


@dataclass
class Links:
    """What is kept of what was followed."""

    key: list[int] = field(default_factory=list)
    frame: list[int] = field(default_factory=list)
    start: list[Points] = field(default_factory=list)
    now: list[Points] = field(default_factory=list)
    agree: list[np.ndarray] = field(default_factory=list)
    shift: list[float] = field(default_factory=list)


def padded(rows: Sequence[Points], pixel: float) -> Float[np.ndarray, "L 64 2"]:
    """Points of small pictures in pixels of the video, whose middle stays the same place; filled up with NaN."""
    out = np.full((len(rows), CORNERS, 2), np.nan, np.float32)
    for row, points in zip(out, rows, strict=True):
        row[: len(points)] = (points + 0.5) * pixel - 0.5
    return out
