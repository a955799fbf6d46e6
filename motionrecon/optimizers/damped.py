"""What methods with damped Gauss-Newton steps share: the range of the damping, and when they are done.

LM and Optimus stop by the same tests, so that a comparison of them compares their steps.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from jaxtyping import Float

from motionrecon.optimizers.base import Result, State

#: Damping beyond which steps are too short to matter, and below which it does nothing.
MU_MAX, MU_MIN = 1e12, 1e-12
#: A sum of squares that is this share of the start's is zero to rounding.
ZERO = 1e-20


class DampedMemory(Protocol):
    """What the tests look at.

    Attributes:
        model: the Gauss-Newton model at x, or None if the next step has to evaluate a Jacobian.
        mu: damping.
        slope: `largest_cosine` at the last Jacobian evaluated.
        jacobian_x, jacobian_value: the point (n,) of that Jacobian, and f there.
        start_value: f at the start.
    """

    @property
    def model(self) -> Any: ...
    @property
    def mu(self) -> float: ...
    @property
    def slope(self) -> float: ...
    @property
    def jacobian_x(self) -> np.ndarray: ...
    @property
    def jacobian_value(self) -> float: ...
    @property
    def start_value(self) -> float: ...


def largest_cosine(
    r: Float[np.ndarray, " m"], gradient: Float[np.ndarray, " n"], normal: Float[np.ndarray, "n n"]
) -> float:
    """Largest cosine between r (m,) and a column of J, from J'r (n,) and J'J (n, n): 0 at a minimum, without units."""
    lengths = np.sqrt(normal.diagonal().astype(float)) * np.linalg.norm(r)
    return float(np.max(np.divide(np.abs(gradient), lengths, out=np.zeros(len(lengths)), where=lengths > 0)))


def why_finished(state: State[Any], gtol: float, xtol: float, ftol: float) -> Result | None:
    """Why to stop at ``state``, whose memory is a `DampedMemory`; None to go on.

    Args:
        state: where the minimization stands.
        gtol: converged once no column of J has a larger cosine with r.
        xtol: converged once the steps since the last Jacobian are shorter than this share of |x|.
        ftol: converged once the value decreased by less than this share since the last Jacobian.
    """
    memory: DampedMemory = state.memory
    if state.value <= ZERO * memory.start_value:
        return Result.ZERO
    if memory.slope <= gtol:
        return Result.GRADIENT
    if memory.mu >= MU_MAX:
        return Result.STALLED
    if memory.model is None:  # the Jacobian has served: was it worth its price?
        if np.linalg.norm(state.x - memory.jacobian_x) <= xtol * (np.linalg.norm(state.x) + xtol):
            return Result.SMALL_STEP
        if memory.jacobian_value - state.value <= ftol * memory.jacobian_value:
            return Result.SMALL_DECREASE
    return None
