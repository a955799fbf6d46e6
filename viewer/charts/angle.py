"""The joints' angles over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mujoco
import numpy as np

from motionrecon.viewer.charts.base import Chart, by_sides

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

FIRST = ("knee_flexion", "hip_flexion", "ankle_flexion")


def angles(motion: Motion, poses: Poses) -> list[Chart]:
    """The model's hinges, degrees."""
    model = motion.model
    hinges = np.flatnonzero(model.jnt_type == int(mujoco.mjtJoint.mjJNT_HINGE))
    names = tuple(model.joint(int(i)).name for i in hinges)
    return by_sides("Joint angle", "°", names, np.degrees(motion.qpos[:, model.jnt_qposadr[hinges]]), FIRST)
