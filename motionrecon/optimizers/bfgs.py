"""BFGS: the inverse Hessian as a dense matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.optimizers.line_search import LineSearchDescent


@dataclass(frozen=True)
class BFGS(LineSearchDescent[np.ndarray | None]):
    """BFGS (Nocedal and Wright, chapter 6); its curvature is the inverse Hessian (n, n), None before the first step."""

    def fresh(self, n: int) -> None:
        return None

    def learn(
        self, curvature: np.ndarray | None, step: Float[np.ndarray, " n"], change: Float[np.ndarray, " n"]
    ) -> np.ndarray:
        product = step @ change
        if curvature is None:  # the scale of the first matrix comes from the first pair
            curvature = np.eye(len(step)) * (product / (change @ change))
        H_change = curvature @ change
        mixed = np.outer(H_change, step) / product
        update: np.ndarray = np.outer(step, step) * ((1 + change @ H_change / product) / product)
        learned: np.ndarray = curvature - mixed - mixed.T + update
        return learned

    def direction(self, curvature: np.ndarray | None, gradient: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        found: np.ndarray = -gradient if curvature is None else -curvature @ gradient
        return found
