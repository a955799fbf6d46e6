"""Lengths of a person's segments, and how far they vary among adults."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Proportions:
    """Distances between joint centres of one person, in metres, left and right alike.

    Typical values are our own, between the tables of Drillis & Contini (1966) and what the detector shows of people of
    known height; the fit moves them by what it sees.
    """

    hip_width: float
    shoulder_width: float
    torso: float  # middle of the hips to middle of the shoulders
    head: float  # middle of the shoulders to the ears, along the neck
    upper_arm: float
    forearm: float
    thigh: float
    shank: float
    foot: float  # back of the heel to the tip of the toes
    ankle_height: float  # ankle joint above the sole

    @staticmethod
    def names() -> tuple[str, ...]:
        return tuple(f.name for f in fields(Proportions))

    @staticmethod
    def typical(height: float) -> Proportions:
        """The proportions of an average adult of this height (metres)."""
        return Proportions(**{name: height * share for name, (share, _) in _SHARES.items()})

    @staticmethod
    def spread() -> Float[np.ndarray, " k"]:
        """Relative standard deviation of each length among adults of one height, in the order of `names`."""
        return np.array([sd for _, sd in _SHARES.values()])

    def as_array(self) -> Float[np.ndarray, " k"]:
        return np.array(list(asdict(self).values()))

    @staticmethod
    def from_array(lengths: Float[np.ndarray, " k"]) -> Proportions:
        return Proportions(**dict(zip(Proportions.names(), map(float, lengths), strict=True)))


# Share of the body height, and how much it is taken to vary among adults: relative standard deviation.
_SHARES: dict[str, tuple[float, float]] = {
    "hip_width": (0.112, 0.08),
    "shoulder_width": (0.210, 0.06),
    "torso": (0.276, 0.05),
    "head": (0.118, 0.08),
    "upper_arm": (0.166, 0.06),
    "forearm": (0.147, 0.06),
    "thigh": (0.238, 0.05),
    "shank": (0.243, 0.05),
    "foot": (0.150, 0.08),
    "ankle_height": (0.050, 0.10),
}
