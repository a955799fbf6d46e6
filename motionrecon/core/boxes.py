"""Boxes about persons in pictures."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

#: A person's box is widened by this share on each side: hair, hands, shadows.
_MARGIN = 0.15


def widened(box: Float[np.ndarray, " 4"]) -> tuple[float, float, float, float]:
    """A box (x0, y0, x1, y1) about what was seen of a person as one that has all of them in it."""
    x0, y0, x1, y1 = box
    dx, dy = _MARGIN * (x1 - x0), _MARGIN * (y1 - y0)
    return float(x0 - dx), float(y0 - dy), float(x1 + dx), float(y1 + dy)
