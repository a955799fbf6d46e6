"""Points of the simulated person follow where they were seen, and where the kinematic fit has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.base import Camera
from motionrecon.physics.windows.terms.base import Linear, SimulatedFrames
from motionrecon.residuals.positions import Positions
from motionrecon.residuals.reprojection import Reprojection
from motionrecon.residuals.robust import cauchy, cauchy_with_jacobian


@dataclass(frozen=True)
class SeenMarks:
    """The detector's marks must be seen where the detector saw them, as `Reprojection` has it.

    Attributes:
        camera: where the video was taken from, at these F frames.
        pixels: (F, 33, 2) undistorted keypoints, NaN where unseen.
        weight: (F, 33) root weights.
        depth: (F,) distance of the person along the line of sight, metres: turns angles into metres.
        sigma: standard deviation of a confident keypoint, metres.
        scale: in standard deviations, where the robust cost bends, so that a left/right flip does not pull.
    """

    camera: Camera
    pixels: Float[np.ndarray, "F 33 2"]
    weight: Float[np.ndarray, "F 33"]
    depth: Float[np.ndarray, " F"]
    sigma: float
    scale: float = 2.0

    def _of(self, at: SimulatedFrames) -> Reprojection:
        return Reprojection(self.camera, at.marks, self.pixels, self.weight, self.sigma, self.depth)

    def residual(self, at: SimulatedFrames) -> Float[np.ndarray, "F m"]:
        value = self._of(at).value
        return cauchy(value, self.scale).reshape(len(value), -1)

    def linearize(self, at: SimulatedFrames) -> Linear:
        of = self._of(at)
        residual, jacobian = cauchy_with_jacobian(of.value, of.chain(at.mark_jacobian), self.scale)
        return Linear(residual.reshape(len(residual), -1), jacobian.reshape(len(residual), -1, jacobian.shape[-1]))


@dataclass(frozen=True)
class Near:
    """The landmarks stay near where the kinematic fit has them: it knows the depth that one picture does not.

    Attributes:
        target: (F, 33, 3) world positions, metres.
        weight: (F, 33) root weights.
        sigma: standard deviation, metres.
    """

    target: Float[np.ndarray, "F 33 3"]
    weight: Float[np.ndarray, "F 33"]
    sigma: float

    def _of(self, at: SimulatedFrames) -> Positions:
        return Positions(at.landmarks, self.target, self.weight, self.sigma)

    def residual(self, at: SimulatedFrames) -> Float[np.ndarray, "F m"]:
        return self._of(at).value.reshape(len(self.target), -1)

    def linearize(self, at: SimulatedFrames) -> Linear:
        of, frames = self._of(at), len(self.target)
        jacobian = of.chain(at.landmark_jacobian)
        return Linear(of.value.reshape(frames, -1), jacobian.reshape(frames, -1, jacobian.shape[-1]))
