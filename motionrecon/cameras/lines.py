"""Straight lines of what stands behind a person: edges of doors, walls and furniture, as a picture shows them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8

from motionrecon.core.boxes import widened

#: Longer side of the grey picture in which lines are looked for, pixels, and the shortest line as a share of it.
_SIDE, _SHORTEST = 960, 0.025
#: Lines that lie within these pixels and this angle (radians) of a longer one are the same edge, or its other side.
_BESIDE, _ALIKE = 8.0, 0.04


def lines(image: UInt8[np.ndarray, "H W 3"], people: Sequence[Float[np.ndarray, " 4"]]) -> Float[np.ndarray, "N 2 2"]:
    """The ends of straight lines in a picture, pixels, the longest first; edges that lie along one another count once.

    They are found by LSD (von Gioi, Jakubowicz, Morel, Randall 2010), which has no thresholds to set: what is found in
    noise is bounded by its own test.

    Args:
        image: RGB.
        people: boxes (x0, y0, x1, y1) in which nothing counts, pixels.
    """
    import cv2

    height, width = image.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(grey)[0]
    if found is None:
        return np.zeros((0, 2, 2))
    ends = np.asarray(found, dtype=float).reshape(-1, 2, 2)
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    keep = length >= _SHORTEST * max(size)
    middle = ends.mean(axis=1)
    for box in people:
        x0, y0, x1, y1 = widened(np.asarray(box) * scale)
        inside = (middle > (x0, y0)).all(axis=1) & (middle < (x1, y1)).all(axis=1)
        keep &= ~inside
    return distinct(ends[keep] / scale, image.shape[1::-1])


def distinct(ends: Float[np.ndarray, "N 2 2"], image_size: Sequence[int]) -> Float[np.ndarray, "K 2 2"]:
    """The lines of which none lies along a longer one, the longest first.

    Args:
        ends: of lines, pixels.
        image_size: width and height of the picture, pixels.
    """
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    ends = ends[np.argsort(-length, kind="stable")]
    scale = min(1.0, _SIDE / max(image_size))
    return np.asarray(ends[_apart(ends * scale)])


def _apart(ends: Float[np.ndarray, "N 2 2"]) -> Bool[np.ndarray, " N"]:
    """Which lines do not lie along a longer one that counts; the longest come first."""
    along = ends[:, 1] - ends[:, 0]
    length = np.linalg.norm(along, axis=1)
    along = along / np.maximum(length, 1e-9)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    middle = ends.mean(axis=1)
    kept = np.ones(len(ends), dtype=bool)
    for i in range(len(ends)):
        if not kept[i]:
            continue
        away = middle[i + 1 :] - middle[i]
        near = np.abs(away @ across[i]) < _BESIDE
        near &= np.abs(away @ along[i]) < length[i]  # farther along it is another thing, though in line
        kept[i + 1 :] &= ~(near & (np.abs(along[i + 1 :] @ across[i]) < _ALIKE))
    return kept
