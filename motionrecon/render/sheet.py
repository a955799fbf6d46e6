"""A contact sheet: moments of a motion in one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

_GAP = 6  # pixels


def sheet(images: Sequence[UInt8[np.ndarray, "H W 3"]], columns: int = 6) -> UInt8[np.ndarray, "h w 3"]:
    """Pictures of one size in rows, from left to right and downwards, on white."""
    height, width, _ = images[0].shape
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    found = np.full((rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, 3), 255, np.uint8)
    for i, image in enumerate(images):
        y, x = i // columns * (height + _GAP), i % columns * (width + _GAP)
        found[y : y + height, x : x + width] = image
    return found
