"""The floor's force over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.core.sides import side_of
from motionrecon.viewer.charts.base import Chart, Curve

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_AXES = ("Sideways ground force (x)", "Sideways ground force (y)", "Vertical ground force")


def forces(motion: Motion, poses: Poses) -> list[Chart]:
    """The force on each foot, upwards and along the world's x and y, and its size; only where it was simulated."""
    if not poses.force.any():
        return []
    known = np.where(motion.left_out[:, None, None], np.nan, poses.force)
    size = np.linalg.norm(known, axis=-1)
    charts = [Chart("Ground force", _AXES[i], "N", _curves(poses, known[..., i])) for i in (2, 0, 1)]
    return [charts[0], Chart("Ground force", "Total ground force", "N", _curves(poses, size)), *charts[1:]]


def _curves(poses: Poses, values: Float[np.ndarray, "T F"]) -> tuple[Curve, ...]:
    return tuple(
        Curve(foot.replace("_", " "), side_of(foot), values[:, i].astype(np.float32))
        for i, foot in enumerate(poses.feet)
    )
