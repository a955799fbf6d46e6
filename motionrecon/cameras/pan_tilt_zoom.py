"""A pinhole camera that turns about its centre and zooms, as on a tripod's head, from frame to frame.

Or one that stands, and of whose picture a window is shown that somebody moved afterwards: it only leans, and zooms, and
the picture is shifted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from motionrecon.cameras.base import NEAREST, Sight
from motionrecon.cameras.pinhole import Pinhole


@dataclass(frozen=True)
class PanTiltZoom:
    """A camera that stays where it is while it turns and zooms in T frames (`motionrecon.cameras.base.Camera`).

    The first axis of what it is given is that of its frames.

    Attributes:
        start: the camera as it would stand still: its lens, and where and how it stood before it was turned.
        turns: (T, 3, 3) from the axes of `start` to those of each frame.
        zoom: (T,) focal length in each frame, in focal lengths of `start`.
        shift: (T, 2) by how many pixels the picture is shifted to the right and down besides; None where it is not. A
            lens's distortion is taken to be shifted with it.
    """

    start: Pinhole
    turns: Float[np.ndarray, "T 3 3"]
    zoom: Float[np.ndarray, " T"]
    shift: Float[np.ndarray, "T 2"] | None = None

    def __len__(self) -> int:
        return len(self.turns)

    @property
    def image_size(self) -> tuple[int, int]:
        return self.start.image_size

    @property
    def calibrated(self) -> bool:
        return self.start.calibrated

    @property
    def axes(self) -> Float[np.ndarray, "T 3 3"]:
        return np.asarray(self.turns @ self.start.R_camera_world)

    @property
    def eye(self) -> Float[np.ndarray, "T 3"]:
        return np.repeat(self.start.eye, len(self), axis=0)

    def at(self, frames: slice | Int[np.ndarray, " N"]) -> PanTiltZoom:
        shift = None if self.shift is None else self.shift[frames]
        return replace(self, turns=self.turns[frames], zoom=self.zoom[frames], shift=shift)

    def to_camera(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 3"]:
        return _each(self.start.to_camera(points), self.turns.transpose(0, 2, 1))

    def to_world(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 3"]:
        return self.start.to_world(_each(points, self.turns))

    def across(self, points: Float[np.ndarray, "T P 3"]) -> Sight:
        in_camera = self.to_camera(points)
        depth = np.maximum(in_camera[..., 2], NEAREST)
        return Sight(in_camera[..., :2] / depth[..., None], depth, self.axes)

    def rays(self, pixels: Float[np.ndarray, "T *P 2"]) -> Float[np.ndarray, "T *P 2"]:
        return np.asarray(self.start.rays(self._shifted(pixels, -1.0)) / self._zooms(pixels)[..., None])

    def project(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 2"]:
        return self._shifted(self.start.project(self._as_at_the_start(points)), 1.0)

    def project_through_lens(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 2"]:
        return self._shifted(self.start.project_through_lens(self._as_at_the_start(points)), 1.0)

    def undistort(self, pixels: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        return self.start.undistort(pixels)

    def pixels_per_metre(self, depth: Float[np.ndarray, " T *P"]) -> Float[np.ndarray, " T *P"]:
        return np.asarray(self.start.pixels_per_metre(depth) * self._zooms(depth[..., None]))

    def in_world(self, turn: Float[np.ndarray, "3 3"], shift: Float[np.ndarray, " 3"]) -> PanTiltZoom:
        return replace(self, start=self.start.in_world(turn, shift))

    def in_picture(self, other: int, pixels: Float[np.ndarray, "n *P 2"], frame: int) -> Float[np.ndarray, "n *P 2"]:
        """Where another frame would show what a frame shows at pixels without distortion; NaN where it is behind."""
        then, there = (self.at(slice(k, k + 1)) for k in (frame, other))
        rays = then.rays(pixels.reshape(1, -1, 2))
        ahead = np.concatenate([rays, np.ones((*rays.shape[:2], 1))], axis=2)
        return there.project(then.to_world(ahead)).reshape(pixels.shape)

    def _zooms(self, each: Float[np.ndarray, ...]) -> Float[np.ndarray, ...]:
        """The frames' zooms, (T, 1, ...), beside values of one axis more."""
        return np.asarray(self.zoom.reshape(-1, *[1] * (each.ndim - 2)))

    def _shifted(self, pixels: Float[np.ndarray, "T *P 2"], sign: float) -> Float[np.ndarray, "T *P 2"]:
        """Pixels that move with the picture, or, for -1, back."""
        if self.shift is None:
            return pixels
        return np.asarray(pixels + sign * self.shift.reshape(-1, *[1] * (pixels.ndim - 2), 2))

    def _as_at_the_start(self, points: Float[np.ndarray, "T *P 3"]) -> Float[np.ndarray, "T *P 3"]:
        """Points that the camera, where it stood at the start, sees where it sees these in their frames."""
        there = self.to_camera(points)
        # The lens bends the picture by places in it, whatever the zoom, so zooming spreads points before it.
        there[..., :2] *= self._zooms(there)[..., None]
        return self.start.to_world(there)


def _each(points: Float[np.ndarray, "T *P 3"], turns: Float[np.ndarray, "T 3 3"]) -> Float[np.ndarray, "T *P 3"]:
    """Each frame's points, rows, times its matrix; a single frame of either serves for all of the other."""
    flat = points.reshape(len(points), -1, 3) @ turns
    return np.asarray(flat.reshape(len(flat), *points.shape[1:]))
