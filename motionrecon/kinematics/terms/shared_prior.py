"""What is known beforehand of the unknowns that all frames share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import HEIGHT, SHAPE, TILT, Trajectory


@dataclass(frozen=True)
class SharedPrior:
    """Gaussian priors on the shared unknowns that are free: the person's lengths are those of a person of this height,
    the ground is where it was given, and the cameras were hardly tilted.

    Attributes:
        height: the expected height of the ground in the trajectory's world, metres, and its standard deviation.
        common: relative standard deviation of a factor on all lengths: how well the body height is known, and how
            well the detector's notion of the joints agrees with an anatomist's.
        turn: the turn of the world from which a tilt is measured.
        tilt: the matrix that makes the cameras' tilt standard normal.
        shape: share of how far people's shapes vary that is granted besides: one camera's errors of a keypoint last
            through a clip, and would be taken for lengths.
    """

    height: tuple[float, float]
    common: float
    turn: Float[np.ndarray, "3 3"]
    tilt: Float[np.ndarray, "2 2"]
    shape: float = 1.0

    def __call__(self, x: Trajectory) -> Block:
        prior = x.body.shape_prior
        expected, sigma = self.height
        whitening = prior.whitening(self.common, self.shape)
        tilt, further = x.tilt_since(self.turn)
        # Each part's distance from what is expected, made standard normal, and its derivative by the part.
        parts = {
            SHAPE: (whitening @ (x.body.shape - prior.mean), whitening),
            HEIGHT: (np.array([x.ground.height - expected]) / sigma, np.eye(1) / sigma),
            TILT: (self.tilt @ tilt, self.tilt @ further),
        }
        residual = np.concatenate([np.zeros(0), *(parts[part][0] for part in x.shared)])
        shared, row = {}, 0
        for part, size in x.shared.items():
            shared[part] = np.zeros((1, len(residual), size))
            shared[part][0, row : row + size] = parts[part][1]
            row += size
        return Block(residual[None], (None,), np.zeros(1, int), float(residual @ residual), shared)
