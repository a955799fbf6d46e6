"""A person made of capsules, whose shape is the lengths between the joints."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache

import mujoco
import numpy as np
from jaxtyping import Float

from motionrecon.body.base import Anatomy, Body, ShapePrior
from motionrecon.body.capsules.bones import BONES
from motionrecon.body.capsules.flesh import JOINED, TAPER
from motionrecon.body.capsules.joints import HINGES
from motionrecon.body.capsules.mjcf import write_mjcf
from motionrecon.body.described import Described
from motionrecon.body.hinge import Hinge, without_side
from motionrecon.body.mjcf import CONTACT_NAMES
from motionrecon.body.points import ByShape, Points
from motionrecon.body.proportions import Proportions
from motionrecon.body.skeleton import Skeleton
from motionrecon.body.skin import Skin, skin_of
from motionrecon.ground.base import Ground
from motionrecon.ground.plane import Plane


@dataclass(frozen=True)
class CapsuleAnatomy(Anatomy):
    """What follows from the model of a person of capsules (`motionrecon.body.base.Anatomy`)."""

    mjcf: str

    @cached_property
    def soles(self) -> Points:
        return Points.geoms(self.model, CONTACT_NAMES, self.moves)

    @cached_property
    def skeleton(self) -> Skeleton:
        return Skeleton(self.model, BONES)

    @cached_property
    def skin(self) -> Skin:
        return skin_of(self.model, TAPER, JOINED)


@dataclass(frozen=True)
class Capsules(CapsuleAnatomy, Body):
    """A person of capsules (`motionrecon.body.base.Body`). The shape is the logarithms of the lengths.

    Attributes:
        mjcf: the model's text.
        height: metres.
        mass: kilograms.
        proportions: lengths between the joints, metres.
        ground: what the person stands on.
        timestep: of a simulation, seconds.
    """

    height: float
    mass: float
    proportions: Proportions
    ground: Ground
    timestep: float

    @staticmethod
    def build(
        height: float,
        mass: float | None = None,
        proportions: Proportions | None = None,
        timestep: float = 1 / 120,
        ground: Ground | None = None,
    ) -> Capsules:
        """Somebody of this height (m), with an average adult's mass (kg) and proportions unless given, on a ground.

        Where no ground is given, that is the plane z = 0.
        """
        mass = Described(height).likely_mass if mass is None else mass
        proportions = proportions or Proportions.typical(height)
        ground = ground or Plane()
        mjcf = write_mjcf(height, mass, proportions, timestep, ground)
        return Capsules(mjcf, height, mass, proportions, ground, timestep)

    @property
    def shape(self) -> Float[np.ndarray, " k"]:
        return np.asarray(np.log(self.proportions.as_array()))

    @property
    def shape_prior(self) -> ShapePrior:
        spread = Proportions.spread()
        return ShapePrior(np.log(Proportions.typical(self.height).as_array()), spread, np.ones(len(spread)))

    @property
    def lengths(self) -> dict[str, float]:
        return asdict(self.proportions)

    def reshaped(self, shape: Float[np.ndarray, " k"]) -> Capsules:
        proportions = Proportions.from_array(np.exp(shape))
        return Capsules.build(self.height, self.mass, proportions, self.timestep, self.ground)

    def on(self, ground: Ground, timestep: float) -> Capsules:
        return Capsules.build(self.height, self.mass, self.proportions, timestep, ground)

    @cached_property
    def moves(self) -> ByShape:
        return _by_length().scaled(self.proportions.as_array())

    @cached_property
    def rest_qpos(self) -> Float[np.ndarray, " nq"]:
        q = self.model.qpos0.copy()
        for j, hinge in enumerate(self._hinges, start=1):
            q[self.model.jnt_qposadr[j]] = np.radians(hinge.rest)
        return np.asarray(q)

    @cached_property
    def hinge_spread(self) -> Float[np.ndarray, " hinges"]:
        return np.array([hinge.spread for hinge in self._hinges])

    @cached_property
    def _hinges(self) -> list[Hinge]:
        """What is known of each of the model's hinges, left or right, in the model's order."""
        known = {hinge.name: hinge for hinges in HINGES.values() for hinge in hinges}
        names = [self.model.joint(j).name for j in range(1, self.model.njnt)]
        return [known[without_side(name)] for name in names]


@lru_cache(maxsize=1)
def _by_length() -> ByShape:
    """How the model changes with the lengths, in metres.

    The offsets are linear in the lengths, so a difference of two models is exact, whoever the person is.
    """

    def model(lengths: np.ndarray) -> mujoco.MjModel:
        return Capsules.build(1.7, 70.0, Proportions.from_array(lengths)).model

    return ByShape.differences(model, Proportions.typical(1.7).as_array(), 0.05)
