"""The joints' torques over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motionrecon.viewer.charts.angle import FIRST
from motionrecon.viewer.charts.base import Chart, by_sides

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses


def torques(motion: Motion, poses: Poses) -> list[Chart]:
    """The actuators' torques; nothing in a motion that was not simulated."""
    if not motion.joint_torque.any():
        return []
    names = tuple(motion.model.actuator(i).name for i in range(motion.model.nu))
    known = np.where(motion.simulated[:, None], motion.joint_torque, np.nan)
    return by_sides("Joint torque", "N m", names, known, FIRST)
