"""Where a motion's bodies and foot forces are in every frame, by its body's forward kinematics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.points import Points
from motionrecon.body.pose import pose

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


@dataclass(frozen=True)
class Poses:
    """A motion, ready to be drawn: T frames of B bodies (the world is body 0) and F feet.

    Attributes:
        position: (T, B, 3) origins of the bodies, metres.
        wxyz: (T, B, 4) their orientations.
        forward: (T, 3) unit vectors along the root's x axis, where the person faces.
        feet: F names of the bodies that carry the foot points.
        force: (T, F, 3) force of the floor on each foot, newtons.
        pressure: (T, F, 3) where that force acts (the centre of pressure), metres.
        weight: the body's weight, newtons.
    """

    position: Float[np.ndarray, "T B 3"]
    wxyz: Float[np.ndarray, "T B 4"]
    forward: Float[np.ndarray, "T 3"]
    feet: tuple[str, ...]
    force: Float[np.ndarray, "T F 3"]
    pressure: Float[np.ndarray, "T F 3"]
    weight: float


def compute_poses(motion: Motion) -> Poses:
    """Forward kinematics of every frame of `motion`."""
    model, frames = motion.model, len(motion)
    points = Points.geoms(model, motion.contact_names)
    at = pose(model, motion.qpos)
    point = at.at(points)
    point[..., 2] -= points.radii  # the floor presses on a sphere at its lowest point
    wxyz = Rotation.from_matrix(at.rotations.reshape(-1, 3, 3)).as_quat(scalar_first=True)

    feet = points.bodies
    names, force, pressure = [], [], []
    for body in dict.fromkeys(feet.tolist()):
        here = feet == body
        pushes = motion.contact_force[:, here]
        names.append(model.body(body).name)
        force.append(pushes.sum(axis=1))
        pressure.append(_centre_of_pressure(point[:, here], pushes[..., 2]))
    return Poses(
        position=at.origins,
        wxyz=wxyz.reshape(frames, model.nbody, 4),
        forward=at.rotations[:, 1, :, 0],
        feet=tuple(names),
        force=np.stack(force, axis=1) if force else np.zeros((frames, 0, 3)),
        pressure=np.stack(pressure, axis=1) if pressure else np.zeros((frames, 0, 3)),
        weight=float(model.body_mass.sum() * np.linalg.norm(model.opt.gravity)),
    )


def _centre_of_pressure(points: Float[np.ndarray, "T P 3"], load: Float[np.ndarray, "T P"]) -> Float[np.ndarray, "T 3"]:
    """Mean of points weighted by their vertical load; the plain mean where nothing presses."""
    load = np.clip(load, 0.0, None)
    total = load.sum(axis=1, keepdims=True)
    share = np.where(total > 0, load / np.where(total > 0, total, 1.0), 1.0 / load.shape[1])
    return np.asarray((share[..., None] * points).sum(axis=1))
