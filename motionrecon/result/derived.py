"""What ``motion.npz`` tells beyond the motion itself: names of its columns, and what follows from it.

All of it is for those who read the file without motionrecon. It is never read back, since it follows from the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motionrecon.result.mechanics import mechanics

if TYPE_CHECKING:
    import mujoco

    from motionrecon.result.motion import Motion

_ROOT_QPOS = ("root_x", "root_y", "root_z", "root_qw", "root_qx", "root_qy", "root_qz")
_ROOT_QVEL = ("root_vx", "root_vy", "root_vz", "root_wx", "root_wy", "root_wz")


def derived(motion: Motion) -> dict[str, np.ndarray]:
    """The arrays by their keys; `docs/formats.md` says what each is."""
    found, model = mechanics(motion), motion.model
    feet = found.feet
    return {
        "qpos_names": np.array(qpos_names(model)),
        "qvel_names": np.array((*_ROOT_QVEL, *_hinges(model))),
        "ctrl_names": np.array([model.actuator(i).name for i in range(model.nu)]),
        "contact_point": found.contact_point,
        "com": found.com,
        "com_velocity": found.com_velocity,
        "foot_names": np.array(feet.names),
        "foot_force": feet.force,
        "foot_moment": feet.moment,
        "cop": np.where(feet.loaded[..., None], feet.pressure, np.nan),
        "angle_names": np.array(found.angles.names),
        "angle": found.angles.values,
        "moment_names": np.array(found.moments.names),
        "moment": found.moments.values,
        "power_names": np.array(found.moments.joint_names),
        "power": found.moments.power,
    }


def qpos_names(model: mujoco.MjModel) -> tuple[str, ...]:
    """Of the columns of qpos: the root's place and quaternion, then the hinges."""
    return (*_ROOT_QPOS, *_hinges(model))


def _hinges(model: mujoco.MjModel) -> tuple[str, ...]:
    return tuple(model.joint(j).name for j in range(1, model.njnt))
