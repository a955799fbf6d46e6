"""Corners of the background: found in one small grey picture, and followed into another by sparse optical flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, UInt8

from motionrecon.background.tracks import CORNERS
from motionrecon.core.boxes import widened

Grey = UInt8[np.ndarray, "H W"]
Points = Float[np.ndarray, "n 2"]
Homography = Float[np.ndarray, "3 3"]

#: Longer side of the small pictures at most, pixels.
_SIDE = 640
#: Corners are spread over so many columns and rows of cells, and so many are looked for before they are.
_CELLS = (8, 5)
_CANDIDATES = 300
#: With fewer corners than this, a background says nothing; so many must at least agree on one displacement.
LEAST, _FEWEST = 16, 10
#: Pixels that a corner may be off after going there and back, and off the transform that most agree on.
_THERE_AND_BACK = 0.7
_FIT = 1.5
#: Share of the visible corners that must be found again, and of these that must agree on one transform.
_FOUND, _AGREE = 0.4, 0.5
#: A picture displaced by more than this share of its width is no longer only shifted, turned and scaled.
_SIMILAR = 0.06
#: Features by which a background is known again, and by how much the best of two must be more like one than the next.
_FEATURES, _CLEARER = 800, 0.75
#: Columns and rows of cells in which pictures are compared, and the mean difference, in standard deviations of the
#: picture, above which one does not follow from the other.
_COARSE, _UNLIKE = (16, 12), 0.4
#: Side of the window that flow compares, and levels of the pyramid with a good guess and without one.
_WINDOW = (15, 15)
_NEAR, _FAR = 1, 4


@dataclass(frozen=True)
class Followed:
    """Corners of one picture in another.

    Attributes:
        now: where they are; NaN where they were not found.
        agree: which of them moved as most did.
        transform: of the background, as most corners have it.
        share: of the corners that could be seen, those that were found and agree.
    """

    now: Points
    agree: Bool[np.ndarray, " n"]
    transform: Homography
    share: float


def factor_of(shape: tuple[int, ...]) -> int:
    """How many pixels of a picture of this shape one pixel of its small one is."""
    factor = 1
    while max(shape[:2]) // factor > _SIDE and min(shape[:2]) // factor >= 4:
        factor *= 2
    return factor


def small(frame: UInt8[np.ndarray, "H W 3"]) -> Grey:
    """A grey picture that is smaller by `factor_of` its shape."""
    import cv2

    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    for _ in range(factor_of(frame.shape).bit_length() - 1):
        height, width = (side // 2 * 2 for side in grey.shape)
        grey = cv2.resize(grey[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA)  # quick
    return np.asarray(grey)


def outside(shape: tuple[int, ...], boxes: Sequence[Float[np.ndarray, " 4"]]) -> Grey:
    """255 where nobody is, 0 elsewhere."""
    mask = np.full(shape[:2], 255, dtype=np.uint8)
    for x0, y0, x1, y1 in map(widened, boxes):
        top, left = max(0, int(y0)), max(0, int(x0))
        mask[top : max(0, int(y1) + 1), left : max(0, int(x1) + 1)] = 0
    return mask


def corners(grey: Grey, background: Grey) -> Points:
    """The clearest corners of the background, at most `CORNERS`, spread over the picture; none if there are too few."""
    import cv2

    found = cv2.goodFeaturesToTrack(grey, _CANDIDATES, 0.02, 8, mask=background)
    if found is None or len(found) < LEAST:
        return np.zeros((0, 2), np.float32)
    points = found[:, 0]
    cell = (points * _CELLS / np.array(grey.shape[::-1])).astype(int) @ [1, _CELLS[0]]
    # They come clearest first: by how many of its cell come before it, then by clearness.
    before = [int((cell[:i] == c).sum()) for i, c in enumerate(cell)]
    return np.asarray(points[np.argsort(before, kind="stable")[:CORNERS]])


def follow(
    key: Grey, start: Points, grey: Grey, background: Grey, guess: Homography | None = None, rough: bool = False
) -> Followed | None:
    """Find corners of a key frame in another picture; None where they cannot be found, or do not agree.

    Args:
        key: the key frame.
        start: its corners.
        grey: the other picture.
        background: 255 where nobody is in that.
        guess: about how the background is displaced since the key frame; None if nobody knows.
        rough: whether that may be wrong by many pixels.
    """
    levels = _FAR if guess is None or rough else _NEAR
    there = _flow(key, grey, start, None if guess is None else apply(guess, start).astype(np.float32), levels)
    back = _flow(grey, key, np.nan_to_num(there), start if guess is not None else None, levels)
    x, y = np.clip(np.nan_to_num(there).astype(int), 0, np.array(grey.shape[::-1]) - 1).T
    expected = there if guess is None else apply(guess, start)
    inside = ((expected >= 0) & (expected < grey.shape[::-1])).all(1)
    visible = (background[y, x] > 0) & inside
    near = np.linalg.norm(np.nan_to_num(back, nan=np.inf) - start, axis=1) < _THERE_AND_BACK
    good = visible & near & np.isfinite(there).all(1)
    if good.sum() < max(_FEWEST, _FOUND * visible.sum()):
        return None
    transform, fits = _agreed(start[good], there[good], grey.shape[1])
    if transform is None or fits.sum() < max(_FEWEST, _AGREE * good.sum()):
        return None
    agree = np.zeros(len(start), bool)
    agree[good] = fits
    return Followed(np.where(good[:, None], there, np.nan), agree, transform, float(fits.sum() / max(1, visible.sum())))


def recognised(key: Grey, shown: Grey, grey: Grey, background: Grey) -> Homography | None:
    """How the background of a picture is displaced in another, however far; None where it is not known again.

    Binary features are compared (ORB, Rublee and others 2011), which takes some hundredths of a second.

    Args:
        key: the one picture.
        shown: 255 where nobody is in that.
        grey, background: the same of the other.
    """
    import cv2

    orb = cv2.ORB.create(_FEATURES)
    (there, words), (here, others) = orb.detectAndCompute(key, shown), orb.detectAndCompute(grey, background)
    if words is None or others is None or len(there) < LEAST or len(here) < LEAST:
        return None
    pairs = [two for two in cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(words, others, k=2) if len(two) == 2]
    clear = [one for one, next_best in pairs if one.distance < _CLEARER * next_best.distance]
    if len(clear) < LEAST:
        return None
    start = np.array([there[match.queryIdx].pt for match in clear], np.float32)
    now = np.array([here[match.trainIdx].pt for match in clear], np.float32)
    fit, agree = cv2.estimateAffinePartial2D(start, now, ransacReprojThreshold=4 * _FIT)
    return None if fit is None or agree.sum() < LEAST else np.vstack([fit, [0.0, 0.0, 1.0]])


def unlike(picture: Grey, other: Grey) -> bool:
    """Whether two pictures that follow each other are too different for one: as at a cut, or in the blur of a pan.

    Their brightness does not count, nor what is small: both are compared in coarse cells.
    """
    import cv2

    if picture.shape != other.shape:
        return True
    cells = [cv2.resize(one, _COARSE, interpolation=cv2.INTER_AREA).astype(float) for one in (picture, other)]
    spread = 0.5 * sum(one.std() for one in cells)
    return bool(np.abs((cells[0] - cells[0].mean()) - (cells[1] - cells[1].mean())).mean() > _UNLIKE * spread)


def apply(transform: Homography, points: Points) -> Points:
    """Where a transform of the plane takes points."""
    there = points @ transform[:, :2].T + transform[:, 2]
    return np.asarray(there[:, :2] / np.where(np.abs(there[:, 2:]) > 1e-9, there[:, 2:], np.nan))


def displacement(transform: Homography, shape: tuple[int, ...]) -> float:
    """Mean displacement of four points half-way to the picture's corners, in widths of the picture."""
    height, width = shape[:2]
    points = np.array([(x * width, y * height) for x in (0.25, 0.75) for y in (0.25, 0.75)])
    return float(np.linalg.norm(apply(transform, points) - points, axis=1).mean() / width)


def _flow(grey: Grey, other: Grey, start: Points, guess: Points | None, levels: int) -> Points:
    """Where points of a picture are in another; NaN where they are lost."""
    import cv2

    flow: Any = cv2.calcOpticalFlowPyrLK  # its stub forbids None for the first guess, which it documents
    flags, first = 0, None
    if guess is not None:
        flags, first = cv2.OPTFLOW_USE_INITIAL_FLOW, np.nan_to_num(guess)[:, None].copy()
    there, found, _ = flow(grey, other, start[:, None], first, winSize=_WINDOW, maxLevel=levels, flags=flags)
    return np.where(found > 0, there[:, 0], np.nan).astype(np.float32)


def _agreed(start: Points, there: Points, width: int) -> tuple[Homography | None, Bool[np.ndarray, " n"]]:
    """The transform that most corners agree on, and which do."""
    import cv2

    far = float(np.median(np.linalg.norm(there - start, axis=1))) > _SIMILAR * width
    if not far:
        fit, agree = cv2.estimateAffinePartial2D(start, there, ransacReprojThreshold=_FIT)
        fit = None if fit is None else np.vstack([fit, [0.0, 0.0, 1.0]])
    if far or fit is None or agree.sum() < _AGREE * len(start):
        fit, agree = cv2.findHomography(start, there, cv2.RANSAC, _FIT)
    if fit is None or agree is None or not np.isfinite(fit).all():
        return None, np.zeros(len(start), bool)
    return np.asarray(fit, float), agree[:, 0] > 0
