"""Names of the columns of a model's arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mujoco

_ROOT_QPOS = ("root_x", "root_y", "root_z", "root_qw", "root_qx", "root_qy", "root_qz")
_ROOT_QVEL = ("root_vx", "root_vy", "root_vz", "root_wx", "root_wy", "root_wz")


def qpos_names(model: mujoco.MjModel) -> tuple[str, ...]:
    """Of the columns of qpos: the root's place and quaternion, then the hinges."""
    return (*_ROOT_QPOS, *_hinges(model))


def qvel_names(model: mujoco.MjModel) -> tuple[str, ...]:
    """Of the columns of qvel: the root's velocity and angular velocity, then the hinges'."""
    return (*_ROOT_QVEL, *_hinges(model))


def ctrl_names(model: mujoco.MjModel) -> tuple[str, ...]:
    """Of the columns of ctrl and of the joints' torques: the actuators."""
    return tuple(model.actuator(i).name for i in range(model.nu))


def _hinges(model: mujoco.MjModel) -> tuple[str, ...]:
    return tuple(model.joint(j).name for j in range(1, model.njnt))
