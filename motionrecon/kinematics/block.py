"""What a residual term hands to the solver: residuals of some frames, linearized, whitened and already robust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Block:
    """Residuals of N runs of frames.

    The solver minimizes the sum of squares of `residual`, and compares `cost`, which for a robust term is the robust
    cost whose local quadratic model the residuals are (iteratively reweighted least squares).

    Attributes:
        residual: (N, m), dimensionless: divided by the standard deviation of the evidence.
        jacobians: one (N, m, nv) per frame of the run (at most three): derivative with respect to the configuration
            of frame ``frames + offset``; None where a frame has none.
        frames: (N,) the first frame of each run; no frame twice.
        cost: the term's value.
        shared: (N, m, size) derivative with respect to each of the shared unknowns, by its name, that it depends on.
    """

    residual: Float[np.ndarray, "N m"]
    jacobians: tuple[Float[np.ndarray, "N m nv"] | None, ...]
    frames: Int[np.ndarray, " N"]
    cost: float
    shared: Mapping[str, Float[np.ndarray, "N m _"]] = field(default_factory=dict)
