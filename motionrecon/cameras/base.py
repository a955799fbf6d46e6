"""What the rest of motionrecon knows of a camera: where it looks from, and what it sees where.

The world is Z-up, in metres. A camera's own axes are OpenCV's: +x right, +y down, +z forward. The *image plane* lies
one metre ahead: a point (x, y, z) in the camera's axes is seen at (x / z, y / z) there, whatever the lens. Pixels are
those of the camera without its lens's distortion, unless a name says otherwise.

Points come as (T, P, 3), P points in each of T frames, so that a camera may move from frame to frame. How a camera
keeps what it knows (matrices, paths, coefficients) is its own affair; only files and renderers of other programs ask a
`motionrecon.cameras.pinhole.Pinhole` for its matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float, Int

#: Nobody is nearer than this, metres: what a fit puts nearer, or behind the camera, is seen as if it were here.
NEAREST = 0.1


@dataclass(frozen=True)
class Sight:
    """Points as a camera sees them.

    Attributes:
        image: (T, P, 2) where they are seen on the image plane.
        depth: (T, P) how far away along the line of sight, metres; at least `NEAREST`.
        axes: (T or 1, 3, 3) the camera's axes, as rows in the world.
    """

    image: Float[np.ndarray, "T P 2"]
    depth: Float[np.ndarray, "T P"]
    axes: Float[np.ndarray, "#T 3 3"]

    @cached_property
    def by_point(self) -> Float[np.ndarray, "T P 2 3"]:
        """Derivative of `image` with respect to the points in the world."""
        to_image = np.zeros((*self.image.shape, 3))
        to_image[..., 0, 0] = to_image[..., 1, 1] = 1.0
        to_image[..., 2] = -self.image
        to_image /= self.depth[..., None, None]
        return np.asarray(to_image @ (self.axes[0] if len(self.axes) == 1 else self.axes[:, None]))


class Camera(Protocol):
    """A camera in a world.

    An implementation is a dataclass whose fields are arrays and plain values (or dataclasses of such): checkpoints
    depend on all of them, and `motionrecon.core.arrays.pack` takes them apart.
    """

    @property
    def image_size(self) -> tuple[int, int]:
        """(width, height), pixels."""

    @property
    def calibrated(self) -> bool:
        """Whether the pose came from a calibration, so that the world's up and its ground are known, not estimated."""

    @property
    def axes(self) -> Float[np.ndarray, "#T 3 3"]:
        """The camera's axes right, down and forward as rows in the world: (1, 3, 3), or (T, 3, 3) if it moves."""

    @property
    def eye(self) -> Float[np.ndarray, "#T 3"]:
        """Where the camera is in the world, metres: (1, 3), or (T, 3) if it moves."""

    def at(self, frames: slice | Int[np.ndarray, " N"]) -> Camera:
        """The camera of some of the frames; one that stands still returns itself."""

    def to_camera(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 3"]:
        """World points in the camera's axes, metres."""

    def to_world(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 3"]:
        """Points in the camera's axes in the world: the inverse of `to_camera`."""

    def across(self, points: Float[np.ndarray, "T P 3"]) -> Sight:
        """Where world points are seen on the image plane, how far away, and how that changes as they move."""

    def rays(self, pixels: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        """Where pixels lie on the image plane; NaN stays NaN."""

    def project(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 2"]:
        """Pixels of world points; NaN for points behind the camera."""

    def project_through_lens(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 2"]:
        """Pixels of world points in the picture as it was taken, lens distortion included; NaN behind the camera."""

    def undistort(self, pixels: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        """Pixels of a picture as seen by the same camera without its lens's distortion; NaN stays NaN."""

    def pixels_per_metre(self, depth: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        """How many pixels a metre across the line of sight takes at a depth, metres."""

    def in_world(self, turn: Float[np.ndarray, "3 3"], shift: Float[np.ndarray, " 3"]) -> Camera:
        """The same camera in a world in which what was at ``p`` is at ``turn @ p + shift``: it sees the same."""


def in_picture(camera: Camera, points: Float[np.ndarray, "T P 3"]) -> Bool[np.ndarray, "T P"]:
    """Which world points lie within a camera's picture; none behind it does."""
    pixels = camera.project(points)
    return np.asarray(((pixels >= 0) & (pixels < np.array(camera.image_size))).all(-1))
