"""Following the background while a video is read.

A few times a second corners of the background (outside everybody's box) are followed from a key frame. Where they have
moved, the frames in between are gone through, too, so that quick pans and a hand's trembling are followed, and a camera
that stands still costs next to nothing. Following from key frames, not from each frame to the next, keeps errors from
adding up, and a key frame that comes into view again is used again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.background.features import (
    LEAST,
    Followed,
    Grey,
    Homography,
    Points,
    corners,
    displacement,
    factor_of,
    follow,
    outside,
    small,
)
from motionrecon.background.tracks import CORNERS, BackgroundTracks

#: Looks a second at a background that stands still, and pictures a second that are compared where it moves.
_LOOKS_PER_SECOND = 4.0
_PICTURES_PER_SECOND = 30.0
#: Displacement between two looks, in widths of the picture, above which the frames in between are gone through.
_QUIET = 0.0015
#: Displacement from the first frame from which on all frames are gone through: `motionrecon.background.motion.MOVES`.
_MOVED = 0.006
#: A new key frame is taken after a displacement of this share of the width, when so few of its corners are followed
#: still, or after this many seconds.
_RENEW_AT, _RENEW_SHARE, _RENEW_AFTER = 0.3, 0.4, 8.0
#: An old key frame serves again when it is displaced by less than this share of the width; so many are kept.
_AGAIN, _KEPT = 0.12, 24
#: Key frames that are looked for after the background was lost.
_SEARCHED = 3
#: Seconds for which something may hide the background, or a flash change it, before it counts as another one.
_HIDDEN = 1.0


@dataclass(frozen=True)
class _Key:
    """A key frame: its number, small picture, corners and displacement from the first frame."""

    frame: int
    grey: Grey
    points: Points
    base: Homography


@dataclass(frozen=True)
class _Picture:
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


@dataclass
class _Links:
    """What is kept of what was followed."""

    key: list[int] = field(default_factory=list)
    frame: list[int] = field(default_factory=list)
    start: list[Points] = field(default_factory=list)
    now: list[Points] = field(default_factory=list)
    agree: list[np.ndarray] = field(default_factory=list)
    shift: list[float] = field(default_factory=list)


class BackgroundWatch:
    """Fed every frame of a clip in order; `tracks` is what was followed.

    Args:
        fps: of the clip.
        scale: the size of the frames that it is shown, in sizes of the video's.
    """

    def __init__(self, fps: float, scale: float = 1.0) -> None:
        self._every = max(1, round(fps / _LOOKS_PER_SECOND))
        self._stride = max(1, round(fps / _PICTURES_PER_SECOND))
        self._fps, self._scale, self._pixel = fps, scale, 1.0
        self._links = _Links()
        self._looked = self._blank = 0
        self._waiting: list[_Picture] = []
        self._around: list[Float[np.ndarray, " 4"]] = []
        self._last: _Picture | None = None
        self._key: _Key | None = None
        self._old: list[_Key] = []
        self._now: Homography = np.eye(3)  # the background since the first frame
        self._pace: Homography = np.eye(3)  # the same since the picture before
        self._moves = False
        self._lost: int | None = None  # the frame since which nothing is followed
        self._cut: int | None = None  # the same, where the background is another one

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
        if self._cut is not None or (not look and k % self._stride) or (held and self._key is not None):
            return
        self._pixel = float(factor_of(frame.shape))
        where = [np.asarray(box, float) / self._pixel for box in (*boxes, *([] if look else self._around))]
        self._waiting.append(_Picture(k, frame, where))
        if look:
            self._look()

    def tracks(self) -> BackgroundTracks:
        """What was followed so far."""
        if self._waiting:
            self._look()
        ends = self._last is not None and len(self._corners(self._last)) >= 2 * LEAST
        if self._lost is not None and ends and not self._moves:
            self._cut = self._lost
        links, pixel = self._links, self._pixel / self._scale
        agree = [np.pad(each, (0, CORNERS - len(each))) for each in links.agree]
        return BackgroundTracks(
            key=np.array(links.key, np.int64),
            frame=np.array(links.frame, np.int64),
            start=_padded(links.start, pixel),
            now=_padded(links.now, pixel),
            agree=np.array(agree, bool).reshape(-1, CORNERS),
            shift=np.array(links.shift, float),
            cut=-1 if self._cut is None else self._cut,
            looked=self._looked,
            blank=self._blank,
            pixel=pixel,
        )

    def _look(self) -> None:
        """Follow the background to the newest picture, over those in between where it moves."""
        pictures, self._waiting = self._waiting, []
        self._looked += 1
        if self._key is None:
            self._begin(pictures[-1])
        elif self._lost is not None:
            self._search(pictures[-1])
        elif self._moves or not self._still(pictures[-1]):
            for picture in pictures:
                if self._lost is None:
                    self._follow(picture)
        self._last = pictures[-1]

    def _begin(self, first: _Picture) -> None:
        """Take a picture for the first key frame, if it shows enough."""
        points = self._corners(first)
        if len(points):
            self._change(_Key(first.frame, first.grey, points, self._now))
        else:
            self._blank += 1

    def _still(self, now: _Picture) -> bool:
        """Follow the background to a picture in which it is about where it was; False where it is not."""
        key = self._key
        assert key is not None
        found = follow(key.grey, key.points, now.grey, now.background)
        if found is None:
            return False
        since = found.transform @ key.base @ np.linalg.inv(self._now)
        if displacement(since, now.grey.shape) > _QUIET:
            return False
        self._keep(key, now, found)
        return True

    def _follow(self, now: _Picture) -> None:
        """Follow the background to the next picture, from a new key frame where the old one does not serve."""
        for key, guess in self._ways():
            found = follow(key.grey, key.points, now.grey, now.background, guess)
            if found is not None:
                self._keep(key, now, found)
                break
        else:
            self._lost = now.frame
        self._last = now

    def _ways(self) -> Iterator[tuple[_Key, Homography | None]]:
        """Key frames to follow from, and guesses of how far the background is from them, the likeliest first."""
        key, last = self._key, self._last
        assert key is not None
        yield key, self._pace @ self._now @ np.linalg.inv(key.base)
        yield key, None
        if last is not None and last.frame > key.frame:
            points = self._corners(last)
            if len(points):
                self._change(_Key(last.frame, last.grey, points, self._now))
                yield self._old[-1], None

    def _keep(self, key: _Key, now: _Picture, found: Followed) -> None:
        """Note a link, and take another key frame where this one has served its time."""
        links, shape = self._links, now.grey.shape
        whole = found.transform @ key.base
        self._pace, self._now = whole @ np.linalg.inv(self._now), whole
        links.key.append(key.frame)
        links.frame.append(now.frame)
        links.start.append(key.points)
        links.now.append(found.now)
        links.agree.append(found.agree)
        links.shift.append(displacement(whole, shape))
        self._moves = self._moves or links.shift[-1] > _MOVED
        far = displacement(found.transform, shape) > _RENEW_AT
        stale = now.frame - key.frame > _RENEW_AFTER * self._fps
        if far or stale or found.agree.sum() < _RENEW_SHARE * len(key.points):
            self._renew(now)

    def _renew(self, now: _Picture) -> None:
        """Follow from an old key frame that is in view again, or else from this picture on."""
        for key in self._old:
            since = self._now @ np.linalg.inv(key.base)
            if key is self._key or displacement(since, now.grey.shape) > _AGAIN:
                continue
            found = follow(key.grey, key.points, now.grey, now.background, since)
            if found is not None and found.agree.sum() >= 2 * LEAST:
                self._key = key
                return
        points = self._corners(now)
        if len(points):
            self._change(_Key(now.frame, now.grey, points, self._now))

    def _search(self, now: _Picture) -> None:
        """Look for what was known before something hid it; where it does not come back, the background is another."""
        assert self._lost is not None
        went_on = np.linalg.matrix_power(self._pace, 1 + (now.frame - self._lost) // self._stride) @ self._now
        for there in (went_on, self._now):
            for key in self._old[: -_SEARCHED - 1 : -1]:
                guess = there @ np.linalg.inv(key.base)
                found = follow(key.grey, key.points, now.grey, now.background, guess, rough=True)
                if found is not None:
                    self._key, self._lost = key, None
                    self._keep(key, now, found)
                    self._pace = np.eye(3)
                    return
        if len(self._corners(now)) < 2 * LEAST:
            self._blank += 1
        elif now.frame - self._lost > _HIDDEN * self._fps:
            self._cut = self._lost

    def _change(self, key: _Key) -> None:
        self._key = key
        self._old = [*self._old[1 - _KEPT :], key]

    @staticmethod
    def _corners(picture: _Picture) -> Points:
        return corners(picture.grey, picture.background)


def _padded(rows: Sequence[Points], pixel: float) -> Float[np.ndarray, "L 64 2"]:
    """Points of small pictures in pixels of the video, whose middle stays the same place; filled up with NaN."""
    out = np.full((len(rows), CORNERS, 2), np.nan, np.float32)
    for row, points in zip(out, rows, strict=True):
        row[: len(points)] = (points + 0.5) * pixel - 0.5
    return out
