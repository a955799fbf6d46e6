"""Bodies whose shape is the lengths between their joints, and whose joints are hinges out of a table.

Such a body says how its model is written for some lengths and what is likely of them; all else follows here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from jaxtyping import Float

from motionrecon.body.base import Anatomy, Body, ShapePrior
from motionrecon.body.hinge import Hinge
from motionrecon.body.mjcf import CONTACT_NAMES
from motionrecon.body.points import ByShape, Points
from motionrecon.body.proportions import Proportions
from motionrecon.body.skeleton import Bone, Skeleton
from motionrecon.core.sides import without_side
from motionrecon.ground.base import Ground


@dataclass(frozen=True)
class AnatomyOfBones(Anatomy):
    """What follows from the model of a body whose bones are listed, and whose feet are those of `body.mjcf`.

    Attributes:
        mjcf: the model's text.
        bones: of the kind of body.
    """

    mjcf: str
    bones: ClassVar[tuple[Bone, ...]]

    @cached_property
    def soles(self) -> Points:
        return Points.geoms(self.model, CONTACT_NAMES, self.moves)

    @cached_property
    def skeleton(self) -> Skeleton:
        return Skeleton(self.model, self.bones)


@dataclass(frozen=True)
class BodyByLengths(AnatomyOfBones, Body):
    """A person whose shape is the logarithms of the lengths (`motionrecon.body.base.Body`).

    Attributes:
        height: metres.
        mass: kilograms.
        proportions: lengths between the joints, metres.
        ground: what the person stands on.
        timestep: of a simulation, seconds.
        hinges: of the kind of body: by their segments, names without a side.
    """

    height: float
    mass: float
    proportions: Proportions
    ground: Ground
    timestep: float
    hinges: ClassVar[Mapping[str, tuple[Hinge, ...]]]

    @abstractmethod
    def with_lengths(self, lengths: Proportions, ground: Ground, timestep: float) -> Self:
        """The same person with other lengths, on a ground, to be simulated in steps of so many seconds."""

    @property
    @abstractmethod
    def likeliest(self) -> Proportions:
        """The lengths of such a person before anything is seen of them."""

    @property
    @abstractmethod
    def by_length(self) -> ByShape:
        """How the model changes with the lengths, in metres: `by_length`."""

    @property
    def shape(self) -> Float[np.ndarray, " k"]:
        return np.asarray(np.log(self.proportions.as_array()))

    @property
    def shape_prior(self) -> ShapePrior:
        spread = Proportions.spread()
        return ShapePrior(np.log(self.likeliest.as_array()), spread, np.ones(len(spread)))

    @property
    def lengths(self) -> dict[str, float]:
        return asdict(self.proportions)

    @cached_property
    def moves(self) -> ByShape:
        return self.by_length.scaled(self.proportions.as_array())

    def reshaped(self, shape: Float[np.ndarray, " k"]) -> Self:
        return self.with_lengths(Proportions.from_array(np.exp(shape)), self.ground, self.timestep)

    def on(self, ground: Ground, timestep: float) -> Self:
        return self.with_lengths(self.proportions, ground, timestep)

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
    def hinge_parts(self) -> tuple[tuple[str, float], ...]:
        both = zip(self.hinge_names, self._hinges, strict=True)
        return tuple(hinge.part_of or (name, 1.0) for name, hinge in both)

    @cached_property
    def _hinges(self) -> list[Hinge]:
        """What is known of each of the model's hinges, left or right, in the model's order."""
        known = {hinge.name: hinge for hinges in self.hinges.values() for hinge in hinges}
        return [known[without_side(name)] for name in self.hinge_names]


def by_length(of: Callable[[Proportions], Body], around: Proportions) -> ByShape:
    """How the model of a kind of body changes with the lengths, in metres.

    The offsets are linear in the lengths, so a difference of two models is exact, whoever the person is.

    Args:
        of: somebody with these lengths.
        around: lengths that such a person can have.
    """
    return ByShape.differences(lambda lengths: of(Proportions.from_array(lengths)).model, around.as_array(), 0.05)
