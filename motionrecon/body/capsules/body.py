"""A person made of capsules, whose shape is the lengths between the joints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from motionrecon.body.by_lengths import BodyByLengths, by_length
from motionrecon.body.capsules.bones import BONES
from motionrecon.body.capsules.flesh import JOINED, TAPER
from motionrecon.body.capsules.joints import HINGES
from motionrecon.body.capsules.mjcf import write_mjcf
from motionrecon.body.described import Described
from motionrecon.body.hinged import AnatomyOfBones
from motionrecon.body.points import ByShape
from motionrecon.body.proportions import Proportions
from motionrecon.body.skin import Skin, skin_of
from motionrecon.ground.base import Ground
from motionrecon.ground.plane import Plane


@dataclass(frozen=True)
class CapsuleAnatomy(AnatomyOfBones):
    """What follows from the model of a person of capsules (`motionrecon.body.base.Anatomy`)."""

    bones = BONES

    @cached_property
    def skin(self) -> Skin:
        return skin_of(self.model, TAPER, JOINED)


@dataclass(frozen=True)
class Capsules(CapsuleAnatomy, BodyByLengths):
    """A person of capsules (`motionrecon.body.by_lengths.BodyByLengths`)."""

    hinges = HINGES

    @staticmethod
    def build(
        height: float,
        mass: float | None = None,
        proportions: Proportions | None = None,
        timestep: float = 1 / 120,
        ground: Ground | None = None,
    ) -> Capsules:
        """Somebody of this height (m), with an average mass (kg) and an adult's proportions unless given, on a ground.

        Where no ground is given, that is the plane z = 0.
        """
        mass = Described(height).likely_mass if mass is None else mass
        proportions = proportions or Proportions.typical(height)
        ground = ground or Plane()
        mjcf = write_mjcf(height, mass, proportions, timestep, ground)
        return Capsules(mjcf, height, mass, ground, timestep, proportions)

    def with_lengths(self, lengths: Proportions, ground: Ground, timestep: float) -> Capsules:
        return Capsules.build(self.height, self.mass, lengths, timestep, ground)

    @property
    def likeliest(self) -> Proportions:
        return Proportions.typical(self.height)

    @property
    def by_length(self) -> ByShape:
        return _by_length()


@lru_cache(maxsize=1)
def _by_length() -> ByShape:
    return by_length(lambda lengths: Capsules.build(1.7, 70.0, lengths), Proportions.typical(1.7))
