"""Standing where a camera stood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.base import NEAREST, Camera


@dataclass(frozen=True)
class Look:
    """Where the viewer's own camera stands and looks.

    Attributes:
        position: (3,) metres.
        look_at: (3,) what it turns about, in the middle of its picture.
        up: (3,) what is up in its picture.
        fov: vertical field of view, radians.
    """

    position: Float[np.ndarray, " 3"]
    look_at: Float[np.ndarray, " 3"]
    up: Float[np.ndarray, " 3"]
    fov: float


def look_through(camera: Camera, person: Float[np.ndarray, "1 P 3"], aspect: float) -> Look:
    """The look in which all is where the camera saw it, and as much of the world as it saw, or more, is in sight.

    Args:
        camera: of one frame.
        person: (1, P, 3) where they are: to turn about.
        aspect: width over height of the viewer's picture.
    """
    eye, (_, down, ahead) = camera.eye[0], camera.axes[0]
    away = max(float(camera.to_camera(person)[..., 2].mean()), NEAREST)
    across, upwards = np.abs(frame_of(camera)).max(axis=0)
    return Look(eye, eye + away * ahead, -down, 2 * float(np.arctan(max(upwards, across / aspect))))


def frame_of(camera: Camera) -> Float[np.ndarray, "2 2"]:
    """The upper left and the lower right corner of a camera's picture on its image plane."""
    return np.asarray(camera.rays(np.array([[0.0, 0.0], camera.image_size]) - 0.5))
