"""Where a motion's bodies, foot forces and centre of mass are in every frame, by its body's forward kinematics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
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
        mechanics: what follows from the motion.
        shown: the bodies, and after them what else the person's surface follows: fingers, where hands are tracked.
    """

    mechanics: Mechanics
    shown: Pose

    @property
    def position(self) -> Float[np.ndarray, "T B 3"]:
        """Origins of the bodies, metres."""
        return self.shown.origins

    @cached_property
    def wxyz(self) -> Float[np.ndarray, "T B 4"]:
        """Their orientations."""
        return turns_of(self.shown)

    @property
    def forward(self) -> Float[np.ndarray, "T 3"]:
        """Unit vectors along the root's x axis, where the person faces."""
        return self.mechanics.at.rotations[:, 1, :, 0]

    @property
    def com(self) -> Float[np.ndarray, "T 3"]:
        """Centre of mass, metres."""
        return self.mechanics.com

    @property
    def feet(self) -> tuple[str, ...]:
        """F names of the bodies that carry the foot points."""
        return self.mechanics.feet.names

    @property
    def force(self) -> Float[np.ndarray, "T F 3"]:
        """Force of the floor on each foot, newtons."""
        return self.mechanics.feet.force

    @property
    def pressure(self) -> Float[np.ndarray, "T F 3"]:
        """Where that force acts (the centre of pressure), metres."""
        return self.mechanics.feet.pressure

    @property
    def weight(self) -> float:
        """The body's weight, newtons."""
        return self.mechanics.weight


def compute_poses(motion: Motion) -> Poses:
    """Forward kinematics of every frame of `motion`."""
    found = mechanics(motion)
    return Poses(found, motion.shown(found.at))


def turns_of(at: Pose) -> Float[np.ndarray, "T B 4"]:
    """The bodies' orientations as unit quaternions (wxyz)."""
    wxyz = Rotation.from_matrix(at.rotations.reshape(-1, 3, 3)).as_quat(scalar_first=True)
    return np.asarray(wxyz.reshape(*at.rotations.shape[:2], 4))
