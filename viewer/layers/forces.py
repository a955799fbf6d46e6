"""The floor's force on each foot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motionrecon.mechanics.arrows import LEAST_WEIGHT, METRES_PER_WEIGHT
from motionrecon.viewer.colours import FORCE
from motionrecon.viewer.layers.base import Layer, Swatch
from motionrecon.viewer.parts import ArrowPart, Part

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses


def forces(motion: Motion, poses: Poses) -> list[Part]:
    """An arrow at each foot from where the floor pushes it; nothing in a motion without simulated forces."""
    if not poses.force.any():
        return []
    return [
        ArrowPart(
            name=foot.replace("_", " "),
            origin=poses.pressure[:, i].astype(np.float32),
            vector=poses.force[:, i].astype(np.float32),
            metres_per_newton=METRES_PER_WEIGHT / poses.weight,
            least=LEAST_WEIGHT * poses.weight,
            colour=FORCE,
        )
        for i, foot in enumerate(poses.feet)
    ]


LAYER = Layer(
    "Floor's push",
    forces,
    (Swatch(FORCE, f"floor's push, {100 * METRES_PER_WEIGHT:.0f} cm for one body weight (BW)"),),
    "v",
)
