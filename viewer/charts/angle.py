"""The joints' anatomical angles over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motionrecon.mechanics.angles import broken_at_turns
from motionrecon.viewer.charts.base import Chart, by_sides

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

FIRST = ("knee_flexion", "hip_flexion", "ankle_dorsiflexion")


def angles(motion: Motion, poses: Poses) -> list[Chart]:
    """Joint angles as ISB defines them (`motionrecon.mechanics.angles`), degrees; nothing where nobody was seen."""
    found = poses.mechanics.angles
    known = np.where(motion.told[:, None], broken_at_turns(np.degrees(found.values)), np.nan)
    return by_sides("Joint angle", "angle", "°", found.names, known, FIRST)
