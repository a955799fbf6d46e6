"""What the page must know of a camera, to look through it and to hang its film behind the person."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float32

from motionrecon.cameras.base import Camera

_STRAIGHT = 0.25  # pixels of the picture by which a lens may bend it unseen
_NODES = 33  # along each side, between which a lens's distortion is taken for linear


@dataclass(frozen=True)
class Filming:
    """A camera as the page knows it: T frames, or 1 where it stands still.

    Attributes:
        name: of the camera; empty where there is only one.
        missing: why there is no film; empty where there is one.
        size: (width, height) of its picture, pixels.
        eye: (t, 3) where it is, metres.
        axes: (t, 3, 3) rows to the right, down and ahead of it.
        frame: (t, 2, 2) the upper left and the lower right corner of its picture, on the image plane at depth 1.
        bend: (N, N, 2) where in the film (0 to 1) the nodes of a grid over the picture without the lens's distortion
            are taken; empty if just there.
        points: (T, 33, 2) keypoints in the picture without the lens's distortion (0 to 1), NaN where unseen; empty
            where they are not shown.
    """

    name: str
    missing: str
    size: tuple[int, int]
    eye: Float32[np.ndarray, "t 3"]
    axes: Float32[np.ndarray, "t 3 3"]
    frame: Float32[np.ndarray, "t 2 2"]
    bend: Float32[np.ndarray, "N M 2"]
    points: Float32[np.ndarray, "f p 2"] = field(default_factory=lambda: np.zeros((0, 0, 2), np.float32))


def filming(camera: Camera, name: str, missing: str) -> Filming:
    """What the page must know of a camera."""
    return Filming(
        name,
        missing,
        camera.image_size,
        camera.eye.astype(np.float32),
        camera.axes.astype(np.float32),
        frame_of(camera).astype(np.float32),
        bend_of(camera.at(slice(0, 1))),
    )


def frame_of(camera: Camera) -> Float[np.ndarray, "t 2 2"]:
    """The upper left and the lower right corner of a camera's picture on its image plane, in each of its frames."""
    ends = np.array([[0.0, 0.0], camera.image_size]) - 0.5
    return np.asarray(camera.rays(np.tile(ends, (len(camera.axes), 1, 1))))


def bend_of(camera: Camera) -> Float32[np.ndarray, "N M 2"]:
    """(N, N, 2) where in the film each node of a grid over the undistorted picture is taken; empty if just there."""
    size = np.array(camera.image_size)
    nodes = np.stack(np.meshgrid(*2 * [np.linspace(0, 1, _NODES)]), axis=-1).reshape(-1, 2)
    rays = camera.rays((nodes * size - 0.5)[None])
    points = camera.to_world(np.concatenate([rays, np.ones((*rays.shape[:2], 1))], axis=2))
    taken = (camera.project_through_lens(points)[0] + 0.5) / size
    if not np.isfinite(taken).all() or np.abs((taken - nodes) * size).max() < _STRAIGHT:
        return np.zeros((0, 0, 2), np.float32)
    return np.asarray(taken.reshape(_NODES, _NODES, 2), np.float32)
