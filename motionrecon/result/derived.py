"""What ``motion.npz`` tells beyond the motion itself: names of its columns, and what follows from it.

All of it is for those who read the file without motionrecon. It is never read back, since it follows from the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motionrecon.errors import InputError
from motionrecon.mechanics.names import ctrl_names, qpos_names, qvel_names
from motionrecon.mechanics.summary import mechanics

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def derived(motion: Motion) -> dict[str, np.ndarray]:
    """The arrays by their keys; `docs/formats.md` says what each is."""
    model = motion.model
    names = {
        "qpos_names": np.array(qpos_names(model)),
        "qvel_names": np.array(qvel_names(model)),
        "ctrl_names": np.array(ctrl_names(model)),
    }
    try:
        found = mechanics(motion)
    except InputError:  # of a model that is no person's, which its owner may keep all the same
        return names
    feet = found.feet
    return names | {
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
