"""What somebody rests on who is not on their feet: hands, knees, seat, back or head, judged from a trajectory.

Whoever does not fly is on something with what is lowest of them. Of who stands these are the soles, which are judged
for themselves (`motionrecon.kinematics.standing`); of who crawls, kneels or lies it is something else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.kinematics.standing import held_up, speed
from motionrecon.kinematics.state import Trajectory

#: How surely the lowest point is on the ground, and how far others are over it, metres, for which the chance is 1 / e.
_SURE, _FLAT = 0.5, 0.02
#: Speed, m/s, at which the chance that a point rests is down to one half. What one rolls over hardly moves.
_SPEED = 1.0
#: How far over the lowest point of a body, metres, what may be on the ground is. Before a person's distance is found,
#: all of them may be below it.
_LOW = 0.15


@dataclass(frozen=True)
class Lying:
    """What of a body's hull may be on the ground.

    Attributes:
        over: (T, P) how far each point is over the ground, metres.
        resting: (T, P) in [0, 1], how surely each is on it.
        low: (T, P) which are so low in the body that they would be on the ground if the body's height were right.
    """

    over: Float[np.ndarray, "T P"]
    resting: Float[np.ndarray, "T P"]
    low: Bool[np.ndarray, "T P"]


def lying_points(x: Trajectory, fps: float, within: float) -> Lying:
    """How surely each point of the hull is what somebody rests on.

    Args:
        x: a trajectory.
        fps: frames per second.
        within: how far from the floor the lowest point of the body may be, metres: beyond, it may be on something else.

    Returns:
        of `body.hull`, in its order.
    """
    places = x.pose.at(x.body.hull)
    over = x.ground.gap(places)[0] - x.body.hull.radii
    lowest = np.minimum(over.min(axis=1), x.over.min(axis=1))[:, None]
    rests = np.exp((lowest - over) / _FLAT) / (1.0 + (speed(places, fps) / _SPEED) ** 4)
    resting = _SURE * held_up(x, fps)[:, None] * rests * (lowest < within)
    return Lying(over, np.asarray(resting), np.asarray(over < lowest + _LOW))
