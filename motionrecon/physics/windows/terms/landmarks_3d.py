"""The landmarks stay near where the kinematic fit has them: it knows the depth that one picture does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.physics.windows.readout import Linear, Readout


@dataclass(frozen=True)
class Landmarks3D:
    """Distance of the landmarks from those of the kinematic trajectory.

    Attributes:
        target: (F, 33, 3) world positions, metres.
        weight: (F, 33) root weights.
        sigma: standard deviation, metres.
    """

    target: np.ndarray
    weight: np.ndarray
    sigma: float

    def residual(self, at: Readout) -> np.ndarray:
        return ((at.landmarks - self.target) * (self.weight / self.sigma)[..., None]).reshape(len(self.target), -1)

    def linearize(self, at: Readout) -> Linear:
        frames = len(self.target)
        jacobian = at.landmark_jacobian * (self.weight / self.sigma)[..., None, None]
        return Linear(self.residual(at), jacobian.reshape(frames, -1, jacobian.shape[-1]))
