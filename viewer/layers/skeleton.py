"""Landmarks and the bones between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import viser

from motionrecon.core import landmarks
from motionrecon.viewer.layers.base import Layer

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_BONE, _JOINT = (40, 44, 52), (20, 22, 28)


class SkeletonLayer(Layer):
    """The joints that `motion.joints` holds; no clutter of face and fingers."""

    label = "Skeleton"

    def __init__(self, scene: viser.SceneApi, node: str, motion: Motion, poses: Poses) -> None:
        super().__init__(scene, node, motion, poses)
        index = {name: i for i, name in enumerate(motion.joint_names)}
        self._joints = motion.joints.astype(np.float32)
        self._bones = np.array([(index[a], index[b]) for a, b in landmarks.BONES])
        self._dots = np.array([index[name] for name in landmarks.BODY])
        self._lines = scene.add_line_segments(f"{node}/bones", self._joints[0, self._bones], _BONE, thickness=0.008)
        self._points = scene.add_point_cloud(
            f"{node}/joints", self._joints[0, self._dots], _JOINT, point_size=0.025, point_shape="circle"
        )

    @property
    def at_start(self) -> bool:
        return False

    @property
    def lies_in(self) -> frozenset[int]:
        return frozenset(range(1, self.motion.model.nbody))

    def draw(self, frame: int) -> None:
        self._lines.points = self._joints[frame][self._bones]
        self._points.points = self._joints[frame][self._dots]
