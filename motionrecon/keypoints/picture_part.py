"""A part of a picture, also beyond its edges."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8


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
