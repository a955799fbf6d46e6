"""The film, where the camera saw it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import cv2
import numpy as np
import viser
from jaxtyping import Float32, UInt8
from scipy.ndimage import zoom
from scipy.spatial.transform import Rotation

from motionrecon.cameras.base import Camera
from motionrecon.viewer.layers.base import Layer, Picture
from motionrecon.viewer.looking import frame_of

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_BEHIND = 1.5  # metres from the person's farthest landmark to the film
_STRAIGHT = 0.25  # pixels of the picture by which a lens may bend it unseen
_NODES = 33  # along each side, between which a lens's distortion is taken for linear: each costs time
_QUALITY = 85


class FilmLayer(Layer):
    """The chosen camera's picture on a canvas behind the person, as large as the camera saw it.

    Whoever looks from where the camera stands sees the body over the film, as the overlay shows it: the canvas holds
    the picture as it would be without the lens's distortion.
    """

    label = "Film"
    legend: ClassVar[str] = "The film hangs behind the person, as large as its camera saw it."

    def __init__(self, scene: viser.SceneApi, node: str, motion: Motion, poses: Poses) -> None:
        super().__init__(scene, node, motion, poses)
        self._canvas: viser.ImageHandle | None = None
        self._camera = 0
        self._frame = 0
        self._bend: Float32[np.ndarray, "h w 2"] | None = None
        self._shown: Picture | None = None

    @property
    def at_start(self) -> bool:
        return False

    @property
    def lies_in(self) -> frozenset[int]:
        """The world, whose floor stands before the film."""
        return frozenset({0})

    def choose(self, camera: int) -> None:
        self._camera, self._bend = camera, None
        self._take_down()

    def show_film(self, picture: Picture | None) -> None:
        if picture is None:
            self._take_down()
        elif self._shown is not picture:
            self._hang(picture)
        self._shown = picture

    def draw(self, frame: int) -> None:
        self._frame = frame
        if self._canvas is not None and len(self._of_motion.eye) > 1:  # a camera that moves
            self._place(self._canvas)

    @property
    def _of_motion(self) -> Camera:
        return self.motion.cameras[self._camera]

    def _take_down(self) -> None:
        if self._canvas is not None:
            self._canvas.remove()
        self._canvas = self._shown = None

    def _hang(self, jpeg: bytes) -> None:
        decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
        assert decoded is not None  # the viewer's own
        image = self._straight(np.asarray(decoded))
        if self._canvas is not None:
            self._canvas.image = image
            return
        self._canvas = self.scene.add_image(
            f"{self.node}/canvas", image, 1.0, 1.0, format="jpeg", jpeg_quality=_QUALITY, cast_shadow=False,
            receive_shadow=False,
        )  # fmt: skip
        self._place(self._canvas)

    def _place(self, canvas: viser.ImageHandle) -> None:
        camera = self._of_motion.at(slice(self._frame, self._frame + 1))
        joints = self.motion.joints
        away = float(self._of_motion.to_camera(joints)[..., 2].max()) + _BEHIND
        low, high = away * frame_of(camera)
        canvas.render_width, canvas.render_height = (float(side) for side in high - low)
        canvas.position = camera.to_world(np.array([[*(low + high) / 2, away]]))[0]
        canvas.wxyz = Rotation.from_matrix(camera.axes[0].T).as_quat(scalar_first=True)

    def _straight(self, picture: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
        """A picture without the lens's distortion."""
        if self._bend is None:
            self._bend = _bend(self._of_motion.at(slice(0, 1)), picture.shape[1], picture.shape[0])
        if not self._bend.size:
            return picture
        return np.asarray(cv2.remap(picture, self._bend, None, cv2.INTER_LINEAR))  # type: ignore[call-overload]


def _bend(camera: Camera, width: int, height: int) -> Float32[np.ndarray, "h w 2"]:
    """(height, width, 2) where in a small picture each pixel of the undistorted one was taken; empty if just there."""
    size, small = np.array(camera.image_size), np.array([width, height])
    nodes = np.stack(np.meshgrid(*(np.linspace(0, side - 1, _NODES) for side in small)), axis=-1).reshape(-1, 2)
    rays = camera.rays((nodes + 0.5) * size / small - 0.5)
    points = camera.to_world(np.concatenate([rays, np.ones((len(rays), 1))], axis=1)[None])
    taken = (camera.project_through_lens(points)[0] + 0.5) / size * small - 0.5
    if np.abs(taken - nodes).max() < _STRAIGHT:
        return np.zeros((0, width, 2), np.float32)
    return np.asarray(
        zoom(taken.reshape(_NODES, _NODES, 2).astype(np.float32), (height / _NODES, width / _NODES, 1), order=1)
    )
