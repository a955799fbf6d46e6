"""L-BFGS: the inverse Hessian as the last few pairs of steps and changes of the gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.optimizers.line_search import LineSearchDescent

#: The last steps (n,) and changes of the gradient (n,) over them, oldest first.
Pairs = tuple[tuple[np.ndarray, np.ndarray], ...]


@dataclass(frozen=True)
class LBFGS(LineSearchDescent[Pairs]):
    """L-BFGS (Nocedal and Wright, chapter 7).

    Attributes:
        pairs: how many steps are remembered.
    """

    pairs: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(pairs=(1, 10_000))

    def fresh(self, n: int) -> Pairs:
        return ()

    def learn(self, curvature: Pairs, step: Float[np.ndarray, " n"], change: Float[np.ndarray, " n"]) -> Pairs:
        return (*curvature, (step, change))[-self.pairs :]

    def direction(self, curvature: Pairs, gradient: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        q = gradient.copy()
        weights = []
        for step, change in reversed(curvature):
            weight = (step @ q) / (step @ change)
            q -= weight * change
            weights.append(weight)
        if curvature:
            step, change = curvature[-1]
            q *= (step @ change) / (change @ change)
        for (step, change), weight in zip(curvature, reversed(weights), strict=True):
            q += step * (weight - (change @ q) / (step @ change))
        return -q
