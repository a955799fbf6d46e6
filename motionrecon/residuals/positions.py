"""Points must be at given places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Positions:
    """Distance of points from their targets.

    Attributes:
        points: (T, P, 3) in the world.
        target: (T, P, 3) where they should be, metres.
        weight: (T, P) root weights.
        sigma: standard deviation, metres.
    """

    points: Float[np.ndarray, "T P 3"]
    target: Float[np.ndarray, "T P 3"]
    weight: Float[np.ndarray, "T _"]
    sigma: float

    @property
    def value(self) -> Float[np.ndarray, "T P 3"]:
        return np.asarray((self.points - self.target) * (self.weight / self.sigma)[..., None])

    def chain(self, moved: Float[np.ndarray, "T P 3 n"]) -> Float[np.ndarray, "T P 3 n"]:
        return moved * (self.weight / self.sigma)[..., None, None]
