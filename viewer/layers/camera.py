"""Where the video was taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import viser
from scipy.spatial.transform import Rotation

from motionrecon.viewer.layers.base import Layer

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_COLOUR = (90, 96, 110)
_SIZE = 0.12  # viser's scale: about the height of a camera on its tripod


class CameraLayer(Layer):
    """The pyramid that the video's camera saw, near its tip."""

    label = "Video camera"

    def __init__(self, scene: viser.SceneApi, node: str, motion: Motion, poses: Poses) -> None:
        super().__init__(scene, node, motion, poses)
        camera = motion.camera
        width, height = camera.image_size
        self._eye, self._turn = camera.eye, Rotation.from_matrix(camera.axes).inv().as_quat(scalar_first=True)
        self._pyramid = scene.add_camera_frustum(
            f"{node}/pyramid",
            fov=2 * float(np.arctan(height / 2 / camera.pixels_per_metre(np.ones(1))[0])),
            aspect=width / height,
            scale=_SIZE,
            thickness=0.005,
            color=_COLOUR,
            wxyz=self._turn[0],
            position=self._eye[0],
        )

    def draw(self, frame: int) -> None:
        if len(self._eye) > 1:  # a camera that moves
            self._pyramid.position, self._pyramid.wxyz = self._eye[frame], self._turn[frame]
