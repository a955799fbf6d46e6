"""What a residual of points in the world gives to a solver."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from jaxtyping import Float


class PointResidual(Protocol):
    """Residuals of P points in T frames, Q vectors of length d in each."""

    @property
    def value(self) -> Float[np.ndarray, "T Q d"]:
        """Dimensionless: divided by the standard deviation of the evidence; 0 where there is none."""

    def chain(self, moved: Float[np.ndarray, "T P 3 n"]) -> Float[np.ndarray, "T Q d n"]:
        """Derivative of `value` by n unknowns that move the points so."""
