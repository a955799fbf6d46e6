"""Forces of a simulated motion: on the feet from the ground, and in the joints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float

from motionrecon.core.mujoco_log import quiet_mujoco
from motionrecon.physics.rollout import Rollout


@dataclass(frozen=True)
class Forces:
    """Forces that acted during each of the S steps of a rollout.

    Attributes:
        contact: (S, P, 3) total contact force on each of P geoms, newtons, world axes.
        joint_torque: (S, nu) torque (N m; N for a slide) that each actuator puts on its joint.
    """

    contact: Float[np.ndarray, "S P 3"]
    joint_torque: Float[np.ndarray, "S nu"]


def forces(model: mujoco.MjModel, rollout: Rollout, geom_names: Sequence[str]) -> Forces:
    """The forces of a rollout, recomputed from its states.

    Args:
        model: the model that was simulated; its actuators act on joints.
        rollout: a rollout that ran through.
        geom_names: the P geoms whose contact forces are wanted.

    Raises:
        ValueError: if the rollout failed.
        KeyError: if the model has no geom of such a name.
    """
    if not rollout.ok:
        raise ValueError(f"the rollout failed in step {rollout.failed_step}; it has no forces")
    column = {model.geom(name).id: p for p, name in enumerate(geom_names)}
    contact = np.zeros((len(rollout), len(geom_names), 3))
    torque = np.zeros((len(rollout), model.nu))
    data = mujoco.MjData(model)
    local = np.zeros(6)
    with quiet_mujoco():
        for t in range(len(rollout)):
            data.qpos[:] = rollout.qpos[t]
            data.qvel[:] = rollout.qvel[t]
            data.ctrl[:] = rollout.ctrl[t]
            data.qfrc_applied[:6] = rollout.wrench[t]
            data.qacc_warmstart[:] = rollout.warmstart[t]
            mujoco.mj_forward(model, data)
            torque[t] = data.actuator_force * model.actuator_gear[:, 0]
            for i in range(data.ncon):
                touching = data.contact[i]
                # MuJoCo gives the force on the second geom, in a frame whose rows are world vectors.
                for geom, sign in ((touching.geom1, -1.0), (touching.geom2, 1.0)):
                    if geom in column:
                        mujoco.mj_contactForce(model, data, i, local)
                        contact[t, column[geom]] += sign * (local[:3] @ touching.frame.reshape(3, 3))
    return Forces(contact, torque)
