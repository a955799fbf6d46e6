"""The centre of mass and its path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motionrecon.viewer.colours import CENTRE
from motionrecon.viewer.layers.base import Layer, Swatch
from motionrecon.viewer.parts import BallPart, LinePart, Part

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses


def centre(motion: Motion, poses: Poses) -> list[Part]:
    """A ball at the centre of mass, a plumb line to the floor, and the path so far, in the air and on the floor."""
    frames = np.arange(len(motion))
    steps = np.column_stack([frames[:-1], frames[1:]])
    com = poses.com.astype(np.float32)
    floor = np.concatenate([com[:, :2], np.full((len(com), 1), 0.004, np.float32)], axis=1)
    plumb = np.stack([com, floor], axis=1)
    return [
        BallPart(com[:, None], CENTRE, 0.035),
        LinePart(plumb, np.array([[0, 1]]), CENTRE, 0.006),
        LinePart(com[None], steps, CENTRE, 0.012, grows=True),
        LinePart(floor[None], steps, CENTRE, 0.008, grows=True),
    ]


LAYER = Layer(
    "Centre of mass",
    centre,
    (Swatch(CENTRE, "centre of mass, its path, and that on the floor"),),
    "m",
    at_start=False,
)
