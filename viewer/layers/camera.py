"""Where the videos were taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motionrecon.result.films import films_of
from motionrecon.viewer.colours import CAMERA
from motionrecon.viewer.filming import frame_of
from motionrecon.viewer.layers.base import Layer
from motionrecon.viewer.parts import LinePart, Part, WordPart

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_DEEP = 0.25  # metres from a camera to the base of its pyramid
_ABOVE = 0.14  # metres from a camera to its name
_EDGES = np.array([(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (3, 4), (4, 1)])


def cameras(motion: Motion, poses: Poses) -> list[Part]:
    """The pyramids that the videos' cameras saw, near their tips, and the cameras' names."""
    found: list[Part] = []
    for film in films_of(motion):
        camera = film.camera
        (x0, y0), (x1, y1) = np.moveaxis(frame_of(camera), 0, -1)
        ahead, tip = np.ones_like(x0), np.zeros_like(x0)
        corners = np.array([[tip] * 3, [x0, y0, ahead], [x1, y0, ahead], [x1, y1, ahead], [x0, y1, ahead]])
        points = camera.eye[:, None] + _DEEP * corners.transpose(2, 0, 1) @ camera.axes
        found.append(LinePart(points.astype(np.float32), _EDGES, CAMERA, 0.008))
        name = film.name or "camera"
        found.append(WordPart(name, (camera.eye + np.array([0.0, 0.0, _ABOVE])).astype(np.float32)))
    return found


LAYER = Layer("Video cameras", cameras, at_start=False)
