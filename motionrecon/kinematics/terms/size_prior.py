"""The lengths of a person's segments are those of a person of this height; the camera was hardly tilted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.body.capsules.proportions import Proportions
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import Trajectory


@dataclass(frozen=True)
class SizePrior:
    """Gaussian priors on the shared unknowns.

    Attributes:
        floor: the expected height of the floor in the camera's world, metres, and its standard deviation.
        tilt: standard deviation of the camera's tilt away from the pose it was given, radians; None holds it.
        R_camera_world: the camera's given rotation.
        proportions: False holds the proportions.
        common: relative standard deviation of a factor on all lengths: how well the body height is known, and how
            well the detector's notion of the joints agrees with an anatomist's.
    """

    floor: tuple[float, float]
    tilt: float | None
    R_camera_world: np.ndarray
    proportions: bool = True
    common: float = 0.03

    def __call__(self, x: Trajectory) -> Block:
        from scipy.spatial.transform import Rotation

        k = len(Proportions.names())
        typical = np.log(Proportions.typical(x.body.height).as_array())
        gain = np.zeros((k + 3, k + 3))
        covariance = np.diag(Proportions.spread() ** 2) + self.common**2
        gain[:k, :k] = np.linalg.inv(np.linalg.cholesky(covariance)) if self.proportions else 1e6 * np.eye(k)
        gain[k, k] = 1.0 / self.floor[1]
        gain[k + 1, k + 1] = gain[k + 2, k + 2] = 1.0 / self.tilt if self.tilt else 1e6
        now = np.log(x.body.proportions.as_array())
        tilt = Rotation.from_matrix(self.R_camera_world.T @ x.camera.R_camera_world).as_rotvec()[:2]
        target = typical if self.proportions else now
        residual = gain @ np.concatenate([now - target, [x.floor - self.floor[0]], tilt])
        return Block(residual[None], (None,), np.zeros(1, int), gain[None], float(residual @ residual))
