"""The kinematic motion beside the simulated one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motionrecon.viewer.colours import GHOST
from motionrecon.viewer.layers.base import Layer, Swatch
from motionrecon.viewer.layers.body import skinned
from motionrecon.viewer.parts import Part

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_OPACITY = 0.35


def ghost(motion: Motion, poses: Poses) -> list[Part]:
    """The body as the video alone would have it, before the simulation; nothing where the result does not know it."""
    if motion.kinematic_qpos is None:
        return []
    return [skinned(motion, "kinematic", GHOST, _OPACITY)]


LAYER = Layer("Kinematic ghost", ghost, (Swatch(GHOST, "fit to the video before physics"),), "g", at_start=False)
