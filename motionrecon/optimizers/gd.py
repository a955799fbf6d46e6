"""Gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.optimizers.first_order import FirstOrder


@dataclass(frozen=True)
class GradientDescent(FirstOrder[None]):
    """x <- x - rate * g / rms(g at the start)."""

    def fresh(self, n: int) -> None:
        return None

    def descend(
        self, gradient: Float[np.ndarray, "*batch n"], carry: None
    ) -> tuple[Float[np.ndarray, "*batch n"], None]:
        return -gradient, None
