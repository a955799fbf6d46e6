"""Stretches of frames."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool


def spans(marked: Bool[np.ndarray, " T"]) -> list[slice]:
    """The stretches of frames that are marked, such as those in which the person is tracked."""
    edges = np.diff(np.concatenate([[False], marked, [False]]).astype(int))
    return [slice(int(a), int(b)) for a, b in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True)]
