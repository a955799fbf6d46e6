"""A person of Anny, whose shape is the lengths between the joints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from motionrecon.body.anny.bones import BONES
from motionrecon.body.anny.kept import person
from motionrecon.body.anny.likely import likely
from motionrecon.body.anny.stretch import Stretch
from motionrecon.body.by_lengths import BodyByLengths, by_length
from motionrecon.body.described import Described
from motionrecon.body.hinged import AnatomyOfBones
from motionrecon.body.mesh.joints import HINGES
from motionrecon.body.mesh.lengths import proportions
from motionrecon.body.mesh.mjcf import with_skin, write_mjcf
from motionrecon.body.mesh.template import Template
from motionrecon.body.points import ByShape
from motionrecon.body.proportions import Proportions
from motionrecon.ground.base import Ground
from motionrecon.ground.plane import Plane


@dataclass(frozen=True)
class AnnyAnatomy(AnatomyOfBones):
    """What follows from the model of a person of Anny (`motionrecon.body.base.Anatomy`)."""

    bones = BONES


@dataclass(frozen=True)
class AnnyBody(AnnyAnatomy, BodyByLengths):
    """A person of Anny (`motionrecon.body.by_lengths.BodyByLengths`), whose model is without the skin: it is compiled
    often.

    Attributes:
        template: the person as Anny built them, whose lengths are others.
    """

    hinges = HINGES
    template: Template

    @staticmethod
    def build(described: Described, advance: Callable[[int], None] = lambda steps: None) -> AnnyBody:
        """Somebody on the plane z = 0.

        Args:
            described: who.
            advance: told of the steps of building them, where nobody like them was built before.
        """
        height, mass = described.height, described.likely_mass
        built = person(height, mass, described.sex, described.likely_age, advance)
        return AnnyBody.of(built, height, mass, likely(built), Plane(), 1 / 120)

    @staticmethod
    def of(
        template: Template, height: float, mass: float, lengths: Proportions, ground: Ground, timestep: float
    ) -> AnnyBody:
        """A template's person with other lengths, on a ground."""
        bones = Stretch.to(template, lengths).bones(template)
        mjcf = write_mjcf("anny", bones, HINGES, height, mass, timestep, ground)
        return AnnyBody(mjcf, height, mass, ground, timestep, lengths, template)

    @property
    def published(self) -> str:
        return with_skin(self.mjcf, Stretch.to(self.template, self.proportions).of(self.template))

    def with_lengths(self, lengths: Proportions, ground: Ground, timestep: float) -> AnnyBody:
        return AnnyBody.of(self.template, self.height, self.mass, lengths, ground, timestep)

    @property
    def likeliest(self) -> Proportions:
        return likely(self.template)

    @property
    def by_length(self) -> ByShape:
        return _by_length(self.template)


@lru_cache(maxsize=4)
def _by_length(template: Template) -> ByShape:
    return by_length(lambda lengths: AnnyBody.of(template, 1.7, 70.0, lengths, Plane(), 1 / 120), proportions(template))
