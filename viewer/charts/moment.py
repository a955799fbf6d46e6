"""The joints' moments and power over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motionrecon.viewer.charts.angle import FIRST
from motionrecon.viewer.charts.base import Chart, by_sides

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses


def moments(motion: Motion, poses: Poses) -> list[Chart]:
    """Internal joint moments about the angles' axes, and each joint's power; nothing where nothing was simulated."""
    if not motion.joint_torque.any():
        return []
    found, known = poses.mechanics.moments, motion.simulated[:, None]
    values, power = np.where(known, found.values, np.nan), np.where(known, found.power, np.nan)
    powers = by_sides("Joint moment", "", "W", tuple(f"{name}_power" for name in found.joint_names), power)
    return [*by_sides("Joint moment", "moment", "N m", found.names, values, FIRST), *powers]
