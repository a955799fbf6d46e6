"""Where the videos were taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import viser
from scipy.spatial.transform import Rotation

from motionrecon.result.films import Film, films_of
from motionrecon.viewer.layers.base import Layer

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_COLOUR, _CHOSEN = (90, 96, 110), (44, 98, 170)
_SIZE = 0.12  # viser's scale: about the height of a camera on its tripod
_ABOVE = 0.14  # metres from a camera to its name


class CameraLayer(Layer):
    """The pyramids that the videos' cameras saw, near their tips; of several, their names and which one is chosen."""

    def __init__(self, scene: viser.SceneApi, node: str, motion: Motion, poses: Poses) -> None:
        super().__init__(scene, node, motion, poses)
        films = films_of(motion)
        self.label = "Video camera" if len(films) == 1 else "Video cameras"
        several = len(films) > 1
        self._drawn = [_DrawnFilm(scene, f"{node}/{i}", film, several) for i, film in enumerate(films)]
        if several:
            self.choose(0)

    def draw(self, frame: int) -> None:
        for drawn in self._drawn:
            drawn.move(frame)

    def choose(self, camera: int) -> None:
        for i, drawn in enumerate(self._drawn if len(self._drawn) > 1 else ()):
            drawn.pyramid.color = _CHOSEN if i == camera else _COLOUR


class _DrawnFilm:
    """One camera in the scene."""

    def __init__(self, scene: viser.SceneApi, node: str, film: Film, named: bool) -> None:
        camera = film.camera
        width, height = camera.image_size
        self._eye, self._turn = camera.eye, Rotation.from_matrix(camera.axes).inv().as_quat(scalar_first=True)
        self.pyramid = scene.add_camera_frustum(
            f"{node}/pyramid",
            fov=2 * float(np.arctan(height / 2 / camera.pixels_per_metre(np.ones(1))[0])),
            aspect=width / height,
            scale=_SIZE,
            thickness=0.005,
            color=_COLOUR,
            wxyz=self._turn[0],
            position=self._eye[0],
        )
        self._name = scene.add_label(f"{node}/name", film.name, anchor="bottom-center") if named else None
        self.move(0)

    def move(self, frame: int) -> None:
        """Bring it to where it is in a frame."""
        i = frame if len(self._eye) > 1 else 0  # a camera that moves
        self.pyramid.position, self.pyramid.wxyz = self._eye[i], self._turn[i]
        if self._name is not None:
            self._name.position = self._eye[i] + [0.0, 0.0, _ABOVE]
