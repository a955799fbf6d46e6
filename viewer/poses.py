"""Where a motion's bodies, foot forces and centre of mass are in every frame, by its body's forward kinematics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.pose import Pose
from motionrecon.mechanics.summary import Mechanics, mechanics

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


@dataclass(frozen=True)
class Poses:
    """A motion, ready to be drawn: T frames of B bodies (the world is body 0) and F feet.

    Attributes:
        position: (T, B, 3) origins of the bodies, metres.
        wxyz: (T, B, 4) their orientations.
        forward: (T, 3) unit vectors along the root's x axis, where the person faces.
        com: (T, 3) centre of mass, metres.
        feet: F names of the bodies that carry the foot points.
        force: (T, F, 3) force of the floor on each foot, newtons.
        pressure: (T, F, 3) where that force acts (the centre of pressure), metres.
        weight: the body's weight, newtons.
        mechanics: what follows from the motion.
    """

    position: Float[np.ndarray, "T B 3"]
    wxyz: Float[np.ndarray, "T B 4"]
    forward: Float[np.ndarray, "T 3"]
    com: Float[np.ndarray, "T 3"]
    feet: tuple[str, ...]
    force: Float[np.ndarray, "T F 3"]
    pressure: Float[np.ndarray, "T F 3"]
    weight: float
    mechanics: Mechanics


def compute_poses(motion: Motion) -> Poses:
    """Forward kinematics of every frame of `motion`."""
    found = mechanics(motion)
    at, feet = found.at, found.feet
    return Poses(
        position=at.origins,
        wxyz=turns_of(at),
        forward=at.rotations[:, 1, :, 0],
        com=at.com,
        feet=feet.names,
        force=feet.force,
        pressure=feet.pressure,
        weight=found.weight,
        mechanics=found,
    )


def turns_of(at: Pose) -> Float[np.ndarray, "T B 4"]:
    """The bodies' orientations as unit quaternions (wxyz)."""
    wxyz = Rotation.from_matrix(at.rotations.reshape(-1, 3, 3)).as_quat(scalar_first=True)
    return np.asarray(wxyz.reshape(*at.rotations.shape[:2], 4))
