"""A person of Anny, whose shape is the lengths between the joints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache

import mujoco
import numpy as np
from jaxtyping import Float

from motionrecon.body.anny.bones import BONES
from motionrecon.body.anny.joints import HINGES
from motionrecon.body.anny.kept import person
from motionrecon.body.anny.mjcf import with_skin, write_mjcf
from motionrecon.body.anny.stretch import Stretch, proportions
from motionrecon.body.anny.template import Template
from motionrecon.body.base import Anatomy, Body, ShapePrior
from motionrecon.body.described import Described
from motionrecon.body.hinge import Hinge, without_side
from motionrecon.body.mjcf import CONTACT_NAMES
from motionrecon.body.points import ByShape, Points
from motionrecon.body.proportions import Proportions
from motionrecon.body.skeleton import Skeleton
from motionrecon.ground.base import Ground
from motionrecon.ground.plane import Plane


@dataclass(frozen=True)
class AnnyAnatomy(Anatomy):
    """What follows from the model of a person of Anny (`motionrecon.body.base.Anatomy`)."""

    mjcf: str

    @cached_property
    def soles(self) -> Points:
        return Points.geoms(self.model, CONTACT_NAMES, self.moves)

    @cached_property
    def skeleton(self) -> Skeleton:
        return Skeleton(self.model, BONES)


@dataclass(frozen=True)
class AnnyBody(AnnyAnatomy, Body):
    """A person of Anny (`motionrecon.body.base.Body`). The shape is the logarithms of the lengths.

    Attributes:
        mjcf: the model's text, without the skin: it is compiled often.
        height: metres.
        mass: kilograms.
        proportions: lengths between the joints, metres.
        template: the person as Anny built them, whose lengths are others.
        ground: what the person stands on.
        timestep: of a simulation, seconds.
    """

    height: float
    mass: float
    proportions: Proportions
    template: Template
    ground: Ground
    timestep: float

    @staticmethod
    def build(described: Described, advance: Callable[[int], None] = lambda steps: None) -> AnnyBody:
        """Somebody on the plane z = 0.

        Args:
            described: who.
            advance: told of the steps of building them, where nobody like them was built before.
        """
        height, mass = described.height, described.likely_mass
        built = person(height, mass, described.sex, described.likely_age, advance)
        return AnnyBody.of(built, height, mass, proportions(built), Plane(), 1 / 120)

    @staticmethod
    def of(
        template: Template, height: float, mass: float, lengths: Proportions, ground: Ground, timestep: float
    ) -> AnnyBody:
        """A template's person with other lengths, on a ground."""
        bones = Stretch.to(template, lengths).bones(template)
        mjcf = write_mjcf(bones, height, mass, timestep, ground)
        return AnnyBody(mjcf, height, mass, lengths, template, ground, timestep)

    @property
    def published(self) -> str:
        return with_skin(self.mjcf, Stretch.to(self.template, self.proportions).of(self.template))

    @property
    def shape(self) -> Float[np.ndarray, " k"]:
        return np.asarray(np.log(self.proportions.as_array()))

    @property
    def shape_prior(self) -> ShapePrior:
        spread = Proportions.spread()
        return ShapePrior(np.log(proportions(self.template).as_array()), spread, np.ones(len(spread)))

    @property
    def lengths(self) -> dict[str, float]:
        return asdict(self.proportions)

    def reshaped(self, shape: Float[np.ndarray, " k"]) -> AnnyBody:
        lengths = Proportions.from_array(np.exp(shape))
        return AnnyBody.of(self.template, self.height, self.mass, lengths, self.ground, self.timestep)

    def on(self, ground: Ground, timestep: float) -> AnnyBody:
        return AnnyBody.of(self.template, self.height, self.mass, self.proportions, ground, timestep)

    @cached_property
    def moves(self) -> ByShape:
        return _by_length(self.template).scaled(self.proportions.as_array())

    @cached_property
    def rest_qpos(self) -> Float[np.ndarray, " nq"]:
        q = self.model.qpos0.copy()
        for j, hinge in enumerate(self._hinges, start=1):
            q[self.model.jnt_qposadr[j]] = np.radians(hinge.rest)
        return np.asarray(q)

    @cached_property
    def hinge_spread(self) -> Float[np.ndarray, " hinges"]:
        return np.array([hinge.spread for hinge in self._hinges])

    @property
    def hinge_parts(self) -> dict[str, tuple[str, float]]:
        names = [self.model.joint(j).name for j in range(1, self.model.njnt)]
        return {name: h.part_of for name, h in zip(names, self._hinges, strict=True) if h.part_of is not None}

    @cached_property
    def _hinges(self) -> list[Hinge]:
        """What is known of each of the model's hinges, left or right, in the model's order."""
        known = {hinge.name: hinge for hinges in HINGES.values() for hinge in hinges}
        return [known[without_side(self.model.joint(j).name)] for j in range(1, self.model.njnt)]


@lru_cache(maxsize=4)
def _by_length(template: Template) -> ByShape:
    """How the model changes with the lengths, in metres.

    The offsets are linear in the lengths, so a difference of two models is exact, whatever these are.
    """

    def model(lengths: np.ndarray) -> mujoco.MjModel:
        return AnnyBody.of(template, 1.7, 70.0, Proportions.from_array(lengths), Plane(), 1 / 120).model

    return ByShape.differences(model, proportions(template).as_array(), 0.05)
