"""All that movement scientists ask of a motion, found once: angles, moments, power, forces, centres, events, gait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.body.pose import Pose, pose
from motionrecon.cameras.carried import Carried, velocity
from motionrecon.core.gravity import GRAVITY
from motionrecon.mechanics.angles import JointAngles, joint_angles
from motionrecon.mechanics.events import FootEvents
from motionrecon.mechanics.feet import FootForces, contact_points, foot_forces
from motionrecon.mechanics.gait import Gait, events_of, gait_of
from motionrecon.mechanics.moments import JointMoments, joint_moments

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


@dataclass(frozen=True)
class Mechanics:
    """What follows from a motion of T frames; world axes, metres, newtons, radians, watts.

    Attributes:
        at: the body's pose in each frame.
        mass: of the person, kilograms.
        angles: anatomical joint angles.
        moments: internal joint moments about the same axes, and each joint's power.
        feet: the floor's force on each foot, and where it acts.
        contact_point: (T, P, 3) where each foot point is pressed.
        com: (T, 3) centre of mass.
        com_velocity: (T, 3) metres per second.
        events: of each foot, in the order of ``feet.names``.
        gait: strides and steps, where somebody walks or runs.
        belt: m/s at which one walks over a treadmill's belt, in the world's x and y; None on a floor.
    """

    at: Pose
    mass: float
    angles: JointAngles
    moments: JointMoments
    feet: FootForces
    contact_point: Float[np.ndarray, "T P 3"]
    com: Float[np.ndarray, "T 3"]
    com_velocity: Float[np.ndarray, "T 3"]
    events: tuple[FootEvents, ...]
    gait: Gait
    belt: Float[np.ndarray, " 2"] | None = None

    @property
    def weight(self) -> float:
        """What a person who stands still presses on the floor with, newtons."""
        return self.mass * GRAVITY

    @property
    def heading(self) -> Float[np.ndarray, "2 2"]:
        """Forward and leftward of the person in the world's x and y, as rows.

        Forward is where the pelvis looks on average, and on a treadmill the way that one walks over its belt.
        """
        looks = self.at.rotations[:, 1, :2, 0].mean(axis=0) if self.belt is None else self.belt
        x, y = looks / max(float(np.linalg.norm(looks)), 1e-9)
        return np.array([[x, y], [-y, x]])


def mechanics(motion: Motion) -> Mechanics:
    """What follows from a motion."""
    at = pose(motion.model, motion.qpos)
    feet = foot_forces(motion, at)
    events = events_of(motion, feet)
    return Mechanics(
        at=at,
        mass=float(motion.model.body_mass.sum()),
        angles=joint_angles(motion.body, at),
        moments=joint_moments(motion, at),
        feet=feet,
        contact_point=contact_points(motion, at),
        com=at.com,
        com_velocity=np.einsum("tij,tj->ti", at.com_jacobian, motion.qvel),
        events=events,
        gait=gait_of(motion, events),
        belt=velocity(motion.camera.path, motion.fps)[:2] if isinstance(motion.camera, Carried) else None,
    )
