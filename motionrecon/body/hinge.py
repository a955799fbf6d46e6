"""A hinge of a body: its axis, anatomical range, actuator gain, and what is known of its angle beforehand."""

from __future__ import annotations

import math
from dataclasses import dataclass

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Hinge:
    """One hinge.

    Attributes:
        name: without its side.
        axis: unit vector in the T pose, on the left.
        range: degrees.
        gain: stiffness of its position actuator, N m/rad per kg of body mass.
        rest: degrees; the angle of a relaxed standing person.
        spread: radians; standard deviation about it where the picture shows the hinge poorly, infinite where it is
            free.
        follows: whether its control in a window is what leads it along its kinematic angle, no unknown: it moves little
            mass and bears none, so nothing else depends on it.
        damping: velocity gain of the actuator over its stiffness, seconds. Little where little mass is moved: an
            implicit integrator takes damping that outweighs the mass for mass, and the floor's friction stops the less.
        part_of: the capsule person's hinge that it does a share of, and that share; empty where it is that hinge.
    """

    name: str
    axis: Vector
    range: tuple[float, float]
    gain: float
    rest: float = 0.0
    spread: float = math.inf
    part_of: tuple[str, float] | None = None
    follows: bool = False
    damping: float = 0.03


def mirrored(axis: Vector) -> Vector:
    """The axis that makes the mirror image of a left-hand rotation on the right."""
    x, y, z = axis
    return (-x, y, -z)
