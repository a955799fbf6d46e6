"""Following a background from picture to picture, and another one after a cut.

Corners of the background (outside everybody's box) are followed from a key frame. Where they have moved since the last
look, the pictures in between are gone through, too, so that quick pans and a hand's trembling are followed, and a
camera that stands still costs next to nothing. Following from key frames, not from each frame to the next, keeps errors
from adding up, and a key frame that comes into view again is used again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from motionrecon.background.features import (
    LEAST,
    Followed,
    Homography,
    Points,
    corners,
    displacement,
    follow,
    recognised,
    unlike,
)
from motionrecon.background.looks import Key, Links, Picture, padded
from motionrecon.background.tracks import CORNERS, BackgroundTracks

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
#: Seconds for which something may hide the background, or a flash change it, before it counts as another one; and for
#: which another one must be shown, to be one, before the same comes back.
_HIDDEN, _SHOWN = 1.0, 0.1
#: Looks whose pictures are kept after the background was lost: more than are needed to know that it is another.
_MISSED = 8


class Following:
    """Shown pictures in order, look after look; `tracks` is what was followed.

    Args:
        fps: of the clip.
        stride: frames from one picture to the next.
    """

    def __init__(self, fps: float, stride: int) -> None:
        self._fps, self._stride = fps, stride
        self._links = Links()
        self._blank = 0  # looks at too little to say anything
        self._last: Picture | None = None
        self._key: Key | None = None
        self._old: list[Key] = []
        self._now: Homography = np.eye(3)  # the background since it was first shown
        self._pace: Homography = np.eye(3)  # the same since the picture before
        self._moves = False
        self._scene = 0  # which background is followed
        self._left: dict[int, Homography] = {}  # where others were last
        self._cuts: list[tuple[int, int]] = []  # frames from which on another one is shown, and which
        self._lost: int | None = None  # the frame since which nothing is followed
        self._since: list[list[Picture]] = []  # looks since then, if it was lost at once, as at a cut
        self._sudden = self._plain = False  # whether it was; and whether too little was shown since

    @property
    def begun(self) -> bool:
        """Whether there is a background that is followed."""
        return self._key is not None

    def tracks(self, looked: int, pixel: float) -> BackgroundTracks:
        """What was followed so far.

        Args:
            looked: how often it was looked.
            pixel: size of a small picture's pixels, in pixels of the video.
        """
        while self._lost is not None and self._sudden and self._last is not None and self._shows_enough(self._last):
            self._cut(self._lost)
        links = self._links
        agree = [np.pad(each, (0, CORNERS - len(each))) for each in links.agree]
        return BackgroundTracks(
            key=np.array(links.key, np.int64),
            frame=np.array(links.frame, np.int64),
            start=padded(links.start, pixel),
            now=padded(links.now, pixel),
            agree=np.array(agree, bool).reshape(-1, CORNERS),
            shift=np.array(links.shift, float),
            cuts=np.array([frame for frame, _ in self._cuts], np.int64),
            scenes=np.array([scene for _, scene in self._cuts], np.int64),
            looked=looked,
            blank=self._blank,
            pixel=pixel,
        )

    def look(self, pictures: list[Picture]) -> None:
        """Follow the background to the last of the pictures since the last look, over the others where it moves."""
        if self._lost is not None:
            self._search(pictures)
        elif self._key is None:
            self._begin(pictures)
        elif self._moves or not self._still(pictures[-1]):
            for i, picture in enumerate(pictures):
                self._follow(picture)
                if self._lost is not None:
                    self._since = [[one.kept() for one in pictures[i:]]] if self._sudden else []
                    break
        self._last = pictures[-1]

    def _begin(self, pictures: list[Picture]) -> None:
        """Take the first picture that shows enough for the first key frame, and look at those after it."""
        for i, picture in enumerate(pictures):
            points = self._corners(picture)
            if len(points):
                self._change(self._key_of(picture, points))
                self._last = picture
                if pictures[i + 1 :]:
                    self.look(pictures[i + 1 :])
                return
        self._blank += 1

    def _still(self, now: Picture) -> bool:
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

    def _follow(self, now: Picture) -> None:
        """Follow the background to the next picture, from a new key frame where the old one does not serve."""
        for key, guess in self._ways(now):
            found = follow(key.grey, key.points, now.grey, now.background, guess)
            if found is not None:
                self._keep(key, now, found)
                break
        else:
            self._lost, self._plain = now.frame, False
            self._sudden = self._last is None or unlike(self._last.grey, now.grey)
        self._last = now

    def _ways(self, now: Picture) -> Iterator[tuple[Key, Homography | None]]:
        """Key frames to follow from, and guesses of how far the background is from them, the likeliest first."""
        key, last = self._key, self._last
        assert key is not None
        yield key, self._pace @ self._now @ np.linalg.inv(key.base)
        yield key, None
        if last is not None and last.frame > key.frame:
            points = self._corners(last)
            if len(points):
                self._change(self._key_of(last, points))
                yield self._old[-1], None
        again = recognised(key.grey, key.background, now.grey, now.background)
        if again is not None:
            yield key, again

    def _keep(self, key: Key, now: Picture, found: Followed) -> None:
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
        if far or stale or found.agree.sum() < max(_RENEW_SHARE * len(key.points), LEAST):
            self._renew(now)

    def _renew(self, now: Picture) -> None:
        """Follow from an old key frame that is in view again, or else from this picture on."""
        for key in self._old:
            since = self._now @ np.linalg.inv(key.base)
            if key is self._key or key.scene != self._scene or displacement(since, now.grey.shape) > _AGAIN:
                continue
            found = follow(key.grey, key.points, now.grey, now.background, since)
            if found is not None and found.agree.sum() >= 2 * LEAST:
                self._key = key
                return
        points = self._corners(now)
        if len(points):
            self._change(self._key_of(now, points))

    def _search(self, pictures: list[Picture]) -> None:
        """Look for what was known before something hid it; where it does not come back, the background is another."""
        assert self._lost is not None
        now = pictures[-1]
        for key, guess in self._places(now):
            found = follow(key.grey, key.points, now.grey, now.background, guess, rough=True)
            if found is not None:
                self._come_back(key, found.transform, pictures)
                return
        if self._sudden:
            self._since = [*self._since[1 - _MISSED :], [one.kept() for one in pictures]]
        if not self._shows_enough(now):
            self._blank += 1
            self._plain = True
        elif self._sudden and now.frame - self._lost > _HIDDEN * self._fps:
            self._cut(self._lost)

    def _places(self, now: Picture) -> Iterator[tuple[Key, Homography]]:
        """Key frames that may be in view again, and guesses of how far the background is from them."""
        assert self._lost is not None
        mine = [key for key in self._old if key.scene == self._scene]
        went_on = np.linalg.matrix_power(self._pace, 1 + (now.frame - self._lost) // self._stride) @ self._now
        for there in (went_on, self._now):
            for key in mine[: -_SEARCHED - 1 : -1]:
                yield key, there @ np.linalg.inv(key.base)
        others = {key.scene: key for key in self._old if self._sudden and key.scene != self._scene}
        for scene, key in others.items():
            yield key, self._left[scene] @ np.linalg.inv(key.base)
        for key in mine[-1:]:
            again = recognised(key.grey, key.background, now.grey, now.background)
            if again is not None:
                yield key, again

    def _come_back(self, key: Key, there: Homography, pictures: list[Picture]) -> None:
        """Go on where a background that was lost, or an earlier one, is shown again; what was shown between is another.

        Args:
            key: a key frame of it.
            there: by how much it is displaced since then in the last of the pictures.
            pictures: since the last look.
        """
        assert self._lost is not None
        missed = [one for group in self._since for one in group] + pictures
        seen = (follow(key.grey, key.points, one.grey, one.background, there, rough=True) for one in missed)
        first = next((i for i, found in enumerate(seen) if found is not None), len(missed) - 1)
        lasted = missed[first].frame - self._lost
        if self._sudden and (key.scene != self._scene or not (self._plain or self._moves)):
            if lasted > _SHOWN * self._fps:
                self._cuts.append((self._lost, self._new_scene()))
            if lasted > _SHOWN * self._fps or key.scene != self._scene:
                self._cuts.append((missed[first].frame if lasted > _SHOWN * self._fps else self._lost, key.scene))
        self._leave(key.scene, there @ key.base)
        self._key = key
        for picture in missed[first:]:
            self._follow(picture)
            if self._lost is not None:
                break
        self._pace = np.eye(3)

    def _cut(self, frame: int) -> None:
        """Follow another background from a frame on."""
        groups = self._since
        scene = self._new_scene()
        self._cuts.append((frame, scene))
        self._leave(scene, np.eye(3))
        self._key, self._last = None, None
        for pictures in groups:
            self.look(pictures)

    def _leave(self, scene: int, there: Homography) -> None:
        """Turn to a background, and remember where the one is that was followed so far."""
        self._left[self._scene] = self._now
        if scene != self._scene:
            self._moves = False
        self._scene, self._now, self._pace = scene, there, np.eye(3)
        self._lost, self._since = None, []

    def _new_scene(self) -> int:
        return 1 + max((scene for _, scene in self._cuts), default=0)

    def _key_of(self, picture: Picture, points: Points) -> Key:
        return Key(picture.frame, picture.grey, picture.background, points, self._scene, self._now)

    def _shows_enough(self, picture: Picture) -> bool:
        return len(self._corners(picture)) >= 2 * LEAST

    def _change(self, key: Key) -> None:
        self._key = key
        self._old = [*self._old[1 - _KEPT :], key]

    @staticmethod
    def _corners(picture: Picture) -> Points:
        return corners(picture.grey, picture.background)
