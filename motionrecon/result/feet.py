"""The floor's force on each foot, and where it acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.body.points import Points
from motionrecon.body.pose import Pose

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


@dataclass(frozen=True)
class FootForces:
    """What pushes the F feet, the bodies that carry a motion's foot points, in T frames.

    Attributes:
        names: (F,) of the bodies.
        force: (T, F, 3) of the floor on each foot, newtons.
        pressure: (T, F, 3) where it acts (the centre of pressure), metres: the mean of the foot points' lowest ends,
            weighted by what they bear; the plain mean where they bear nothing.
    """

    names: tuple[str, ...]
    force: Float[np.ndarray, "T F 3"]
    pressure: Float[np.ndarray, "T F 3"]


def foot_forces(motion: Motion, at: Pose, frames: slice = slice(None)) -> FootForces:
    """The foot forces of some frames of a motion, whose pose ``at`` has as many rows."""
    points = Points.geoms(motion.model, motion.contact_names)
    places = at.at(points)
    places[..., 2] -= points.radii  # the floor presses on a ball at its lowest point
    pushes = motion.contact_force[frames]
    names, force, pressure = [], [], []
    for body in dict.fromkeys(points.bodies.tolist()):
        here = points.bodies == body
        names.append(motion.model.body(body).name)
        force.append(pushes[:, here].sum(axis=1))
        pressure.append(_centre(places[:, here], pushes[:, here, 2]))
    nothing = np.zeros((len(places), 0, 3))
    return FootForces(
        tuple(names), np.stack(force, 1) if force else nothing, np.stack(pressure, 1) if pressure else nothing
    )


def _centre(points: Float[np.ndarray, "T P 3"], load: Float[np.ndarray, "T P"]) -> Float[np.ndarray, "T 3"]:
    load = np.clip(load, 0.0, None)
    total = load.sum(axis=1, keepdims=True)
    share = np.where(total > 0, load / np.where(total > 0, total, 1.0), 1.0 / load.shape[1])
    return np.asarray((share[..., None] * points).sum(axis=1))
