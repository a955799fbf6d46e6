"""Noticing that the camera moves, from the background.

motionrecon takes the camera to be static. A few times a second, corners of the background (outside everybody's box)
are followed from a reference frame by sparse optical flow, and a similarity transform is fitted to them robustly. What
most corners agree on is the camera's doing (pan, zoom, roll, drift in the hand); what few do is somebody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

_Grey = UInt8[np.ndarray, "H W"]
_Corners = Float[np.ndarray, "n 1 2"]
_Transform = Float[np.ndarray, "3 3"]

#: Looks a second, and the longer side of the grey frames that are compared, pixels.
_LOOKS_PER_SECOND = 4.0
_SIDE = 512
#: Corners followed; with fewer than the least, a background says nothing.
_CORNERS = 150
_LEAST = 16
#: A person's box is widened by this share on each side: hair, hands, shadows.
_MARGIN = 0.15
#: Pixels (small frame) that a corner may be off after going there and back, and off the fitted transform.
_THERE_AND_BACK = 0.7
_FIT = 1.5
#: Share of the corners that must agree on one transform.
_AGREE = 0.5
#: The reference frame is replaced after a displacement of this share of the width, or this many seconds.
_RENEW_AT = 0.06
_RENEW_AFTER = 8.0
#: Share of the image's width that a background may stray before the camera counts as moving.
_MOVES = 0.006


class CameraMotion:
    """Fed every frame of a clip in order; looks at a few, and sums up in `warnings`."""

    def __init__(self, fps: float) -> None:
        self._every = max(1, round(fps / _LOOKS_PER_SECOND))
        self._seconds = self._every / fps
        self._count = 0
        self._reference: tuple[_Grey, _Corners, int] | None = None  # and the look it is of
        self._base: _Transform = np.eye(3)  # first frame -> reference
        self._shifts: list[float] = []  # displacement from the first frame, share of the width, at each look
        self._rates: list[float] = []  # displacement between looks, share of the width per second
        self._last: _Transform | None = None
        self._breaks = 0

    def add(self, frame: UInt8[np.ndarray, "H W 3"], boxes: Sequence[Float[np.ndarray, " 4"]]) -> None:
        """Take the next frame, RGB, and the boxes (x0, y0, x1, y1) of the people in it, pixels."""
        due = self._count % self._every == 0
        self._count += 1
        if due:
            self._look(frame, boxes)

    def warnings(self) -> tuple[str, ...]:
        """What the user should know; empty for a static camera."""
        found = []
        shift = max(self._shifts, default=0.0)
        if shift > _MOVES:
            rate = float(np.median(self._rates)) if self._rates else 0.0
            found.append(
                f"the camera seems to move: the background strays by {100 * shift:.1f} % of the image's width "
                f"({100 * rate:.1f} % per second); motionrecon takes the camera to be static, so expect a body that "
                "drifts or leans (use a tripod)"
            )
        if self._breaks:
            found.append(
                f"the background changes abruptly {self._breaks} time(s) (a cut, or a fast pan); give one uncut shot "
                "with start=... and end=..."
            )
        return tuple(found)

    def _look(self, frame: UInt8[np.ndarray, "H W 3"], boxes: Sequence[Float[np.ndarray, " 4"]]) -> None:
        import cv2

        height, width = frame.shape[:2]
        scale = min(1.0, _SIDE / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        background = _background(grey.shape, [box * scale for box in boxes])
        look = (self._count - 1) // self._every
        if self._reference is None:
            self._renew(grey, background, look)
            return

        reference, corners, since = self._reference
        moved, corners_left = _similarity(reference, grey, corners, background)
        if moved is None:
            # Too few corners say nothing; many that disagree are another scene.
            self._breaks += corners_left >= 2 * _LEAST
            self._last = None
            self._renew(grey, background, look)
            return
        whole = moved @ self._base
        self._shifts.append(_displacement(whole, size))
        if self._last is not None:
            step = whole @ np.linalg.inv(self._last)
            self._rates.append(_displacement(step, size) / self._seconds)
        self._last = whole
        stale = (look - since) * self._seconds > _RENEW_AFTER or corners_left < 0.5 * len(corners)
        if stale or _displacement(moved, size) > _RENEW_AT:
            self._base = whole
            self._renew(grey, background, look)

    def _renew(self, grey: _Grey, background: _Grey, look: int) -> None:
        import cv2

        corners = cv2.goodFeaturesToTrack(grey, _CORNERS, 0.02, 8, mask=background)
        enough = corners is not None and len(corners) >= _LEAST
        self._reference = (grey, corners, look) if enough else None


def _background(shape: tuple[int, ...], boxes: Sequence[Float[np.ndarray, " 4"]]) -> _Grey:
    """255 where nobody is, 0 elsewhere."""
    mask = np.full(shape[:2], 255, dtype=np.uint8)
    for x0, y0, x1, y1 in boxes:
        dx, dy = _MARGIN * (x1 - x0), _MARGIN * (y1 - y0)
        top, left = max(0, int(y0 - dy)), max(0, int(x0 - dx))
        mask[top : max(0, int(y1 + dy) + 1), left : max(0, int(x1 + dx) + 1)] = 0
    return mask


def _similarity(reference: _Grey, grey: _Grey, corners: _Corners, background: _Grey) -> tuple[_Transform | None, int]:
    """The transform of the background from reference to grey, None if there is none; and the corners used."""
    import cv2

    flow: Any = cv2.calcOpticalFlowPyrLK  # its stub forbids None for the first guess, which it documents
    there, found, _ = flow(reference, grey, corners, None, winSize=(15, 15), maxLevel=4)
    back, found_back, _ = flow(grey, reference, there, None, winSize=(15, 15), maxLevel=4)
    there, start = there[:, 0], corners[:, 0]
    x, y = np.clip(np.nan_to_num(there).astype(int), 0, np.array(background.shape[::-1]) - 1).T
    visible = background[y, x] > 0
    good = (found[:, 0] > 0) & (found_back[:, 0] > 0) & visible
    good &= np.linalg.norm(back[:, 0] - start, axis=1) < _THERE_AND_BACK
    candidates = int(visible.sum())
    if good.sum() < max(_LEAST, 0.4 * candidates):
        return None, candidates
    fit, agree = cv2.estimateAffinePartial2D(start[good], there[good], ransacReprojThreshold=_FIT)
    if fit is None or agree.sum() < max(_LEAST, _AGREE * good.sum()):
        return None, candidates
    return np.vstack([fit, [0.0, 0.0, 1.0]]), int(good.sum())


def _displacement(transform: _Transform, size: tuple[int, int]) -> float:
    """Mean displacement of four points half-way to the image's corners, as a share of its width."""
    width, height = size
    points = np.array([(x * width, y * height, 1.0) for x in (0.25, 0.75) for y in (0.25, 0.75)])
    moved = points @ transform[:2].T
    return float(np.linalg.norm(moved - points[:, :2], axis=1).mean() / width)
