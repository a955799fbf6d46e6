"""Bodies whose joints are hinges out of a table: what follows of them from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.body.base import Anatomy, Body
from motionrecon.body.hinge import Hinge
from motionrecon.body.mjcf import CONTACT_NAMES
from motionrecon.body.points import Points
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
        """The foot points that the model has: those of earlier versions and of other people's have fewer."""
        known = {self.model.geom(i).name for i in range(self.model.ngeom)}
        return Points.geoms(self.model, tuple(name for name in CONTACT_NAMES if name in known), self.moves)

    @cached_property
    def skeleton(self) -> Skeleton:
        return Skeleton(self.model, self.bones)


@dataclass(frozen=True)
class HingedBody(AnatomyOfBones, Body):
    """A person whose hinges are listed (`motionrecon.body.base.Body`).

    Attributes:
        height: metres.
        mass: kilograms.
        ground: what the person stands on.
        timestep: of a simulation, seconds.
        hinges: of the kind of body: by their segments, names without a side.
    """

    height: float
    mass: float
    ground: Ground
    timestep: float
    hinges: ClassVar[Mapping[str, tuple[Hinge, ...]]]

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

    @property
    def hinge_follows(self) -> Bool[np.ndarray, " nu"]:
        by_name = dict(zip(self.hinge_names, self._hinges, strict=True))
        joints = self.model.actuator_trnid[:, 0]
        return np.array([by_name[self.model.joint(int(j)).name].follows for j in joints])

    @cached_property
    def _hinges(self) -> list[Hinge]:
        """What is known of each of the model's hinges, left or right, in the model's order."""
        known = {hinge.name: hinge for hinges in self.hinges.values() for hinge in hinges}
        return [known[without_side(name)] for name in self.hinge_names]
