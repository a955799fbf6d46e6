"""Where the feet of a person who is a mesh touch the ground."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from motionrecon.body.mjcf import FOOT_POINTS

#: The balls under a foot, `FOOT_POINTS`: how far from the heel's landmark to the toes' tip and from the line through
#: the ankle outwards, in shares of the foot's length.
_BALLS = {"heel": (0.06, 0.0), "ball_inner": (0.74, -0.14), "ball_outer": (0.66, 0.16), "toe": (0.96, -0.05)}


def under_foot(
    ankle: Float[np.ndarray, " 3"],
    heel: Float[np.ndarray, " 3"],
    tip: Float[np.ndarray, " 3"],
    outwards: float,
    sole: float,
) -> Float[np.ndarray, "4 3"]:
    """The lowest points of the balls under a foot, in the order of `FOOT_POINTS`.

    Args:
        ankle: the joint's centre.
        heel, tip: the landmarks of heel and toes.
        outwards: 1 for the left foot, -1 for the right one.
        sole: its height.
    """
    way = (tip - heel)[:2]
    length = float(np.linalg.norm(way))
    forward = way / length
    side = outwards * np.array([-forward[1], forward[0]])
    behind = float((heel - ankle)[:2] @ forward)
    places = []
    for name in FOOT_POINTS:
        along, out = _BALLS[name]
        places.append([*(ankle[:2] + (behind + along * length) * forward + out * length * side), sole])
    return np.array(places)
