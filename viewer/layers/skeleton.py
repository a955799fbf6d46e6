"""Landmarks and the bones between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motionrecon.core import landmarks
from motionrecon.viewer.colours import BONE
from motionrecon.viewer.layers.base import Layer, Swatch
from motionrecon.viewer.parts import BallPart, LinePart, Part

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses


def skeleton(motion: Motion, poses: Poses) -> list[Part]:
    """The joints that `motion.joints` holds; no clutter of face and fingers."""
    index = {name: i for i, name in enumerate(landmarks.BODY)}
    rows = [motion.joint_names.index(name) for name in landmarks.BODY]
    points = motion.joints[:, rows].astype(np.float32)
    bones = np.array([(index[a], index[b]) for a, b in landmarks.BONES])
    return [LinePart(points, bones, BONE, 0.014), BallPart(points, BONE, 0.018)]


LAYER = Layer("Skeleton", skeleton, (Swatch(BONE, "between the joints' centres"),), "s", at_start=False)
