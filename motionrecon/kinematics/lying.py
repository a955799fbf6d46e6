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
#: all of them may be below it. Who has nothing but soles so low stands, and their soles are judged by that alone.
_LOW = 0.15


@dataclass(frozen=True)
class Lying:
    """What of a body may be on the ground.

    Attributes:
        over: (T, P) how far each point is over the ground, metres.
        resting: (T, P) in [0, 1], how surely each is on it.
        low: (T, P) which are so low in the body that they would be on the ground if the body's height were right.
        soles: (T, S) in [0, 1], how surely each point of the soles is on it, of somebody who does not stand.
    """

    over: Float[np.ndarray, "T P"]
    resting: Float[np.ndarray, "T P"]
    low: Bool[np.ndarray, "T P"]
    soles: Float[np.ndarray, "T S"]


def lying_points(x: Trajectory, fps: float, within: float) -> Lying:
    """How surely each point of a body is what somebody rests on who does not stand.

    Args:
        x: a trajectory.
        fps: frames per second.
        within: how far from the floor the lowest point of the body may be, metres: beyond, it may be on something else.

    Returns:
        of `body.hull` and `body.soles`, in their order.
    """
    places = x.pose.at(x.body.hull)
    over = x.ground.gap(places)[0] - x.body.hull.radii
    lowest = np.minimum(over.min(axis=1, initial=np.inf), x.over.min(axis=1))[:, None]  # some bodies have soles only
    low = over < lowest + _LOW
    sure = _SURE * held_up(x, fps)[:, None] * (lowest < within)

    def on(places: Float[np.ndarray, "T P 3"], over: Float[np.ndarray, "T P"]) -> Float[np.ndarray, "T P"]:
        return np.asarray(sure * np.exp((lowest - over) / _FLAT) / (1.0 + (speed(places, fps) / _SPEED) ** 4))

    lies = low.any(axis=1)
    soles = on(x.feet, x.over) * lies[:, None] if lies.any() else np.zeros(x.over.shape)
    return Lying(over, on(places, over), low, soles)
