"""What the shapes of people are like who are of one height and weight, as a file of SMPL's kin has people.

The numbers of its shape, betas, are standard normal among people. Of those who are of a height and a volume, the
likeliest shape has the smallest betas; the others lie about it in all directions that change neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

from motionrecon.body.smpl.family import Family

#: Kilograms of a person to the litre of their skin, roughly.
_DENSITY = 1.02
#: Standard deviations that make the likeliest shape agree: of the height, metres; of the volume, relative.
_EXACT, _ABOUT = 1e-4, 0.02
#: Standard deviations from the mean that no number of the likeliest shape is beyond, how odd height and mass may be.
_FARTHEST = 5.0
#: How far the height by itself, beside the size as a whole, and the volume may be from what was said: relative.
_HEIGHT, _VOLUME = 0.02, 0.10
#: A change of the height, metres, or of the volume, relative, by one number of a shape that is none.
_LEAST = 1e-4


@dataclass(frozen=True)
class Likely:
    """A Gaussian of shapes.

    Attributes:
        betas: (k,) the likeliest.
        axes: (k, k) directions at right angles to each other, as columns: height, volume, and all others.
        spread: (k,) standard deviation along each.
        growth: (k,) how far along each a person goes with the logarithm of their size.
    """

    betas: Float[np.ndarray, " k"]
    axes: Float[np.ndarray, "k k"]
    spread: Float[np.ndarray, " k"]
    growth: Float[np.ndarray, " k"]


def likely(family: Family, height: float, mass: float) -> Likely:
    """The shapes of people of a height (m) and a mass (kg)."""
    count = family.moves.shape[2]
    volume = mass / _DENSITY / 1000.0

    def away(betas: Float[np.ndarray, " k"]) -> Float[np.ndarray, " r"]:
        tall, holds = (family.height(betas) - height) / _EXACT, (family.volume(betas) / volume - 1.0) / _ABOUT
        return np.concatenate([betas, [tall, holds]])

    betas = np.asarray(least_squares(away, np.zeros(count), bounds=(-_FARTHEST, _FARTHEST), max_nfev=30).x)
    taller, wider = _gradient(family.height, betas), _gradient(family.volume, betas) / volume
    axes = np.linalg.qr(np.column_stack([taller, wider, np.eye(count)]))[0]
    axes[:, 0] *= np.sign(axes[:, 0] @ taller) or 1.0
    spread, growth = np.ones(count), np.zeros(count)
    by_height, by_volume = float(axes[:, 0] @ taller), abs(float(axes[:, 1] @ wider)) if count > 1 else 0.0
    if by_height > _LEAST:
        spread[0], growth[0] = min(1.0, _HEIGHT * height / by_height), height / by_height
    if by_volume > _LEAST:
        spread[1] = min(1.0, _VOLUME / by_volume)
    return Likely(betas, axes, spread, growth)


def _gradient(of: Callable[[np.ndarray], float], at: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    return np.array([of(at + step) - of(at - step) for step in 0.5 * np.eye(len(at))])
