"""The floor's force on each foot, and where it acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.body.anatomical import path_to
from motionrecon.body.points import Points
from motionrecon.body.pose import Pose
from motionrecon.core.gravity import GRAVITY

if TYPE_CHECKING:
    import mujoco

    from motionrecon.result.motion import Motion


def weight_of(model: mujoco.MjModel) -> float:
    """What a person who stands still presses on the floor with, newtons; on Earth, whatever gravity a model says."""
    return float(model.body_mass.sum()) * GRAVITY


@dataclass(frozen=True)
class FootForces:
    """What pushes the F feet in T frames: the limbs that carry a motion's foot points, a foot and its toes being one.

    Attributes:
        names: (F,) of the feet: of each limb's body that has the first foot point.
        force: (T, F, 3) of the floor on each foot, newtons.
        pressure: (T, F, 3) where it acts (the centre of pressure), metres: the mean of the foot points' lowest ends,
            weighted by what they bear; the plain mean where they bear nothing.
        moment: (T, F, 3) moment of the floor on each foot about there, N m. With `force` at `pressure` it is all that
            the floor does to the foot; but for what a foot sinks in, only its vertical part (the free moment) is not 0.
    """

    names: tuple[str, ...]
    force: Float[np.ndarray, "T F 3"]
    pressure: Float[np.ndarray, "T F 3"]
    moment: Float[np.ndarray, "T F 3"]

    @property
    def loaded(self) -> Bool[np.ndarray, "T F"]:
        """Where the floor bears a foot, so that its centre of pressure is one."""
        return self.force[..., 2] > 0

    def total_pressure(self) -> Float[np.ndarray, "T 3"]:
        """The centre of pressure of all feet together; as `pressure` where they bear nothing."""
        return _centre(self.pressure, self.force[..., 2])


def contact_points(motion: Motion, at: Pose) -> Float[np.ndarray, "T P 3"]:
    """Where the floor presses on each foot point, whose force is ``motion.contact_force``: its lowest end, metres."""
    points = Points.geoms(motion.model, motion.contact_names)
    places = at.at(points)
    places[..., 2] -= points.radii  # the floor presses on a ball at its lowest point
    return places


def foot_forces(motion: Motion, at: Pose, frames: slice = slice(None)) -> FootForces:
    """The foot forces of some frames of a motion, whose pose ``at`` has as many rows."""
    places, pushes = contact_points(motion, at), motion.contact_force[frames]
    bodies = Points.geoms(motion.model, motion.contact_names).bodies.tolist()
    limbs = np.array([path_to(motion.model, body)[:2][-1] for body in bodies], int)
    names, force, pressure, moment = [], [], [], []
    for limb in dict.fromkeys(limbs.tolist()):
        here = limbs == limb
        names.append(motion.model.body(bodies[int(np.argmax(here))]).name)
        force.append(pushes[:, here].sum(axis=1))
        pressure.append(_centre(places[:, here], pushes[:, here, 2]))
        moment.append(np.cross(places[:, here] - pressure[-1][:, None], pushes[:, here]).sum(axis=1))
    parts = (force, pressure, moment)
    stacked = (np.stack(part, axis=1) if part else np.zeros((len(places), 0, 3)) for part in parts)
    return FootForces(tuple(names), *stacked)


def _centre(points: Float[np.ndarray, "T P 3"], load: Float[np.ndarray, "T P"]) -> Float[np.ndarray, "T 3"]:
    load = np.clip(load, 0.0, None)
    total = load.sum(axis=1, keepdims=True)
    share = np.where(total > 0, load / np.where(total > 0, total, 1.0), 1.0 / max(load.shape[1], 1))
    return np.asarray((share[..., None] * points).sum(axis=1))


#: Share of the body's weight that a foot carries at least where its sole is loaded.
LOADED = 0.05


def loaded_sole_speed(motion: Motion) -> float:
    """How fast what the floor presses on moves over it, m/s: the mean over a simulated motion's foot points.

    It is the horizontal speed of each foot point's lowest end, a part of the foot (of a sphere that rolls on the floor
    it is 0), weighted by the vertical force there, over all frames in which the foot carries over a twentieth of the
    body's weight; NaN where none ever does.
    """
    import mujoco

    model = motion.model
    data, velocity = mujoco.MjData(model), np.zeros(6)
    points = [model.geom(name).id for name in motion.contact_names]
    radii = Points.geoms(model, motion.contact_names).radii
    feet = np.array([path_to(model, int(model.geom_bodyid[geom]))[:2][-1] for geom in points], int)
    pushes = np.clip(motion.contact_force[..., 2], 0.0, None)
    least = LOADED * weight_of(model)
    moved, weight = 0.0, 0.0
    for t in np.flatnonzero(motion.simulated):
        data.qpos[:], data.qvel[:] = motion.qpos[t], motion.qvel[t]
        mujoco.mj_fwdPosition(model, data)
        mujoco.mj_fwdVelocity(model, data)
        for k, geom in enumerate(points):
            if pushes[t, k] > 0 and pushes[t, feet == feet[k]].sum() > least:
                mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_GEOM, geom, velocity, 0)
                lowest = velocity[3:] + np.cross(velocity[:3], [0.0, 0.0, -radii[k]])
                moved += pushes[t, k] * float(np.hypot(lowest[0], lowest[1]))
                weight += float(pushes[t, k])
    return moved / weight if weight else float("nan")
