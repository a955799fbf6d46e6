"""How long the arrow is that stands for the floor's push on a foot, in every picture, and which pushes have one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

#: Length of the arrow that carries the whole body, metres.
METRES_PER_WEIGHT = 0.6
#: Forces below this share of the weight are not drawn.
LEAST_WEIGHT = 0.02


def pushes(
    force: Float[np.ndarray, "F 3"], pressure: Float[np.ndarray, "F 3"], weight: float
) -> list[tuple[Float[np.ndarray, " 3"], Float[np.ndarray, " 3"]]]:
    """The arrows of the feet that are pushed at all: the force, newtons, and where it acts; `tip` ends its arrow.

    Args:
        force: on each foot, newtons.
        pressure: where it acts, metres.
        weight: of the person, newtons.
    """
    both = zip(force, pressure, strict=True)
    return [(one, at) for one, at in both if np.linalg.norm(one) > LEAST_WEIGHT * weight]


def tip(force: Float[np.ndarray, " 3"], at: Float[np.ndarray, " 3"], weight: float) -> Float[np.ndarray, " 3"]:
    """Where the arrow of a force ends that acts there, metres."""
    return np.asarray(at + METRES_PER_WEIGHT / weight * force)
