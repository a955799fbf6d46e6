"""Vectors of one unit of length."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

_NOTHING = 1e-12  # a length below it has no direction


def unit(vectors: Float[np.ndarray, "*n d"]) -> Float[np.ndarray, "*n d"]:
    """The vectors' directions; zero for those without one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _NOTHING))
