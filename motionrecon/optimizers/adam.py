"""Adam (Kingma and Ba, 2015)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.optimizers.first_order import FirstOrder


@dataclass(frozen=True)
class Moments:
    """Running means of the gradient (n,) and of its square (n,), after ``count`` gradients."""

    first: Float[np.ndarray, "*batch n"]
    second: Float[np.ndarray, "*batch n"]
    count: int = 0


@dataclass(frozen=True)
class Adam(FirstOrder[Moments]):
    """Adam on the gradient relative to its start, so that ``epsilon`` has no units.

    Attributes:
        decay1: share of the mean gradient that is kept.
        decay2: share of the mean squared gradient that is kept.
        epsilon: added to the root of the latter.
    """

    decay1: float = 0.9
    decay2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(decay1=(0, 0.9999), decay2=(0, 0.999999), epsilon=(0, 1))

    def fresh(self, n: int) -> Moments:
        return Moments(np.zeros(n), np.zeros(n))

    def descend(
        self, gradient: Float[np.ndarray, "*batch n"], carry: Moments
    ) -> tuple[Float[np.ndarray, "*batch n"], Moments]:
        count = carry.count + 1
        first = self.decay1 * carry.first + (1 - self.decay1) * gradient
        second = self.decay2 * carry.second + (1 - self.decay2) * gradient**2
        mean = first / (1 - self.decay1**count)
        root = np.sqrt(second / (1 - self.decay2**count)) + self.epsilon
        # where no gradient ever came and epsilon is 0, stay
        return -np.divide(mean, root, out=np.zeros_like(mean), where=root > 0), Moments(first, second, count)
