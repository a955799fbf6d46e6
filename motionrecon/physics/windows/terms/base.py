"""What the residual terms read off a simulated motion: its frames, and where the landmarks are in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float

from motionrecon.body import Body
from motionrecon.body.posed import Posed


@dataclass(frozen=True)
class SimulatedFrames(Posed):
    """A simulated motion at F frames.

    Attributes:
        body: the simulated person.
        qpos: (F, nq).
        qvel: (F, nv).
    """

    body: Body
    qpos: Float[np.ndarray, "F nq"]
    qvel: Float[np.ndarray, "F nv"]


@dataclass(frozen=True)
class Linear:
    """Residuals and their derivatives by position and, where they depend on it, by velocity."""

    residual: Float[np.ndarray, "F m"]
    by_position: Float[np.ndarray, "F m nv"]
    by_velocity: Float[np.ndarray, "F m nv"] | None = None


class Term(Protocol):
    """A residual term of the window problem."""

    def residual(self, at: SimulatedFrames) -> Float[np.ndarray, "F m"]:
        """Dimensionless residuals."""

    def linearize(self, at: SimulatedFrames) -> Linear:
        """The same residuals with their derivatives."""
