"""A motion's controls, played again in plain MuJoCo: the proof that what was saved is what was simulated."""

from __future__ import annotations

import mujoco
import numpy as np
from jaxtyping import Float

from motionrecon.result.motion import Motion


def replay(motion: Motion) -> Float[np.ndarray, "T nq"]:
    """Simulate the controls of ``motion`` from its segments, with ``model_xml`` as it is.

    Returns:
        qpos (T, nq) at every frame; NaN in frames that no simulated stretch covers (all of a kinematic motion).
    """
    model = motion.model
    data = mujoco.MjData(model)
    per_frame = motion.steps_per_frame
    starts = {int(row[0]): row[1:] for row in motion.segments}
    qpos = np.full(motion.qpos.shape, np.nan)
    running = False
    for step in range((len(motion) - 1) * per_frame + 1):
        if step in starts:
            mujoco.mj_resetData(model, data)
            data.qpos[:], data.qvel[:] = np.split(starts[step], [model.nq])
            running = True
        frame = step // per_frame
        if running and step % per_frame == 0:
            qpos[frame] = data.qpos
        running = running and step < len(motion.ctrl) and not np.isnan(motion.ctrl[step]).any()
        if running:
            data.ctrl[:] = motion.ctrl[step]
            data.qfrc_applied[:6] = motion.root_wrench[frame]
            mujoco.mj_step(model, data)
    return qpos
