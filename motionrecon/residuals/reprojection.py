"""Points must be seen where the detector saw them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.base import Camera, Sight


@dataclass(frozen=True)
class Reprojection:
    """Distance between points and keypoints, across the line of sight, in metres at the person's depth.

    The depth that turns angles into metres is taken as given, otherwise coming closer would pay.

    Attributes:
        camera: where they are seen from.
        points: (T, P, 3) in the world.
        pixels: (T, P, 2) undistorted keypoints, NaN where unseen.
        weight: (T, P) root weights.
        sigma: standard deviation of a confident keypoint, metres.
        depth: (T,) of the person along the line of sight, metres.
    """

    camera: Camera
    points: Float[np.ndarray, "T P 3"]
    pixels: Float[np.ndarray, "T P 2"]
    weight: Float[np.ndarray, "T P"]
    sigma: float
    depth: Float[np.ndarray, " T"]

    @property
    def value(self) -> Float[np.ndarray, "T P 2"]:
        return np.asarray(self._error_and_gain[0] * self._error_and_gain[1])

    def chain(self, moved: Float[np.ndarray, "T P 3 n"]) -> Float[np.ndarray, "T P 2 n"]:
        by_point = self._sight.by_point * self._error_and_gain[1][..., None]
        return np.asarray(by_point @ moved)

    @cached_property
    def _sight(self) -> Sight:
        return self.camera.across(self.points)

    @cached_property
    def _error_and_gain(self) -> tuple[Float[np.ndarray, "T P 2"], Float[np.ndarray, "T P 2"]]:
        """The error on the image plane, 0 where nothing was seen, and what a unit of it is worth."""
        error = self._sight.image - self.camera.rays(self.pixels)
        seen = np.isfinite(error)
        gain = self.weight[..., None] * self.depth[:, None, None] / self.sigma
        return np.where(seen, error, 0.0), np.where(seen, gain, 0.0)
