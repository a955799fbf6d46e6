"""Some frames of many, where neighbours say the same."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int


def spread_out(count: int, most: int) -> Int[np.ndarray, " n"]:
    """Up to `most` of `count` numbers from 0, ascending, the first and the last among them, evenly spread."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, most)).round().astype(int))
