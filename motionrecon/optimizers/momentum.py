"""Gradient descent with heavy-ball momentum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.optimizers.first_order import FirstOrder


@dataclass(frozen=True)
class Momentum(FirstOrder[np.ndarray]):
    """v <- decay * v + g / rms(g at the start);  x <- x - rate * v.

    Attributes:
        decay: share of the velocity that is kept.
    """

    decay: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(decay=(0, 0.9999))

    def fresh(self, n: int) -> Float[np.ndarray, " n"]:
        return np.zeros(n)

    def descend(
        self, gradient: Float[np.ndarray, "*batch n"], carry: Float[np.ndarray, "*batch n"]
    ) -> tuple[Float[np.ndarray, "*batch n"], Float[np.ndarray, "*batch n"]]:
        velocity = self.decay * carry + gradient
        return -velocity, velocity
