"""What a network, or nobody, advises a Gauss-Newton step to change."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from motionrecon.optimus.gauss_newton.model import GaussNewtonModel

#: Signs of the three rank-one terms of an advice.
SIGNS = np.array([1.0, -1.0, 1.0])


class Advice(NamedTuple):
    """What to change of a step -B s.

    Attributes:
        damping: logarithm of each unknown's factor on the damping.
        gradient: s in place of the gradient J'r.
        terms: vectors u of the rank-one terms of B: three, or none.
    """

    damping: Float[np.ndarray, " n"]
    gradient: Float[np.ndarray, " n"]
    terms: Float[np.ndarray, "k n"]


#: Gives advice about a model, the scale by which its damping is measured, and the damping relative to that.
Advise = Callable[[GaussNewtonModel, float, float], Advice]


def none(model: GaussNewtonModel, scale: float, mu: float) -> Advice:
    """No damping of single unknowns, the gradient itself and no terms: the control of every table."""
    return Advice(np.zeros(len(model.gradient)), model.gradient, np.zeros((3, 0)))
