"""What the joints do: moments about the anatomical axes, and power.

**Moments** are internal ones, N m: what muscles and tendons (here the model's actuators) exert on the distal segment.
Each has the name and the sign of the angle that it drives (`motionrecon.mechanics.angles`): a positive
``left_knee_flexion`` moment flexes the knee, and a person who stands up from a squat has negative ones. They are the
moment's projections on the axes of the joint coordinate system (Desroches et al. 2010, J. Biomech. 43, 2429-2433), so
that each times its angle's rate is its power, where one joint of the model is all that turns between the segments.

Where a body's joint has fewer hinges than three, what bones and ligaments bear about the other axes is not told (a
knee's adduction moment, of a body whose knee is one hinge): it is no control of the simulation. Of a spine of several
joints, the trunk's moments are those at the lowest joint that turns about each axis.

**Power**, W, is what the actuators do at each joint: torque times velocity of all hinges between the two segments,
positive where they drive the motion, negative where they brake it.

Of a motion without physics, all are zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.pose import Pose, zero_pose
from motionrecon.mechanics.angles import Articulation, articulations, hinges_of

if TYPE_CHECKING:
    import mujoco

    from motionrecon.result.motion import Motion

#: Hinges whose axes come nearer to one plane than this (least singular value over the largest) exert nothing at right
#: angles to it: there the moment that their torques stand for is not defined.
_FLAT = 0.05


@dataclass(frozen=True)
class JointMoments:
    """The moments and the power of a motion.

    Attributes:
        names: (A,) of the moments: those of the angles, but the pelvis's, which nothing drives.
        values: (T, A) newton metres.
        joint_names: (J,) ``left_knee``.
        power: (T, J) watts.
    """

    names: tuple[str, ...]
    values: Float[np.ndarray, "T A"]
    joint_names: tuple[str, ...]
    power: Float[np.ndarray, "T J"]


def joint_moments(motion: Motion, at: Pose) -> JointMoments:
    """The moments and the power of a motion, whose pose ``at`` is."""
    joints = [one for one in articulations(motion.body) if one.proximal is not None]
    torque = np.zeros(motion.qvel.shape)
    torque[:, actuated(motion.model)] = motion.joint_torque
    names = tuple(name for one in joints for name in one.names)
    none = np.zeros((len(torque), 0))  # of a body without joints
    values = np.concatenate([none, *(_projected(one, at, torque) for one in joints)], axis=1)
    work = torque * motion.qvel
    driven = [[hinge for body in one.bodies for hinge in hinges_of(motion.model, body)] for one in joints]
    power = np.column_stack([none, *(work[:, hinges].sum(axis=1) for hinges in driven)])
    return JointMoments(names, values, tuple(one.name for one in joints), power)


def actuated(model: mujoco.MjModel) -> Int[np.ndarray, " nu"]:
    """The degree of freedom (index into qvel) that each actuator drives."""
    return np.asarray(model.jnt_dofadr[model.actuator_trnid[:, 0]])


def _projected(one: Articulation, at: Pose, torque: Float[np.ndarray, "T nv"]) -> Float[np.ndarray, "T k"]:
    """The moment at a joint along the axes of its angles."""
    hinges = driving(one, at.model)
    axes = at.axes[:, hinges, :3]
    moment = np.linalg.pinv(axes, rcond=_FLAT) @ torque[:, hinges, None]
    return np.asarray((one.axes(at) @ moment)[..., 0])


def driving(one: Articulation, model: mujoco.MjModel) -> list[int]:
    """The hinges (indices into qvel) whose torques make a joint's moment: at most three, about different axes.

    Of several joints in a row (a spine, a forearm that turns beyond its elbow) it is about each axis the first one from
    the pelvis on, or, where the joint is not `AnatomicalJoint.at_first`, the last one before the distal segment.
    """
    axes = zero_pose(model).axes[0, :, :3]
    every = [hinge for body in one.bodies for hinge in hinges_of(model, body)]
    chosen: list[int] = []
    for hinge in every if one.joint.at_first else reversed(every):
        if np.linalg.matrix_rank(axes[[*chosen, hinge]], tol=_FLAT) > len(chosen):
            chosen.append(hinge)
    return sorted(chosen)
