"""A part of a picture, also beyond its edges, and a picture less those who are painted over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

#: A painted-over person's box is widened by this share.
_MARGIN = 0.15


def cropped(
    frame: UInt8[np.ndarray, "H W 3"], corner: Float[np.ndarray, " 2"], side: int
) -> UInt8[np.ndarray, "S S 3"]:
    """The square part of a frame whose upper left corner is (x, y); black where there is no frame."""
    x, y = (round(float(c)) for c in corner)
    part = np.zeros((side, side, 3), dtype=np.uint8)
    rows, columns = slice(max(y, 0), max(y + side, 0)), slice(max(x, 0), max(x + side, 0))
    shown = frame[rows, columns]
    top, left = max(-y, 0), max(-x, 0)
    part[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    return part


def painted(
    frame: UInt8[np.ndarray, "H W 3"],
    boxes: Sequence[Float[np.ndarray, " 4"]],
    keep: Sequence[Float[np.ndarray, " 4"]] = (),
) -> UInt8[np.ndarray, "H W 3"]:
    """A copy of the frame with the boxes grey, except where they overlap those to keep."""
    hidden = np.zeros(frame.shape[:2], dtype=bool)
    for group, value in ((boxes, True), (keep, False)):
        for x0, y0, x1, y1 in group:
            dx, dy = _MARGIN * (x1 - x0), _MARGIN * (y1 - y0)
            rows = slice(max(0, int(y0 - dy)), max(0, int(y1 + dy) + 1))
            hidden[rows, max(0, int(x0 - dx)) : max(0, int(x1 + dx) + 1)] = value
    painted = frame.copy()
    painted[hidden] = 128
    return painted
