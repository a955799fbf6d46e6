"""A person of SMPL, SMPL-H or SMPL-X, whose shape is the betas of their file: what is simulated is such a body.

A segment is a joint of the body there, and the zero pose its rest pose, so a pose here is one there, exactly. Fingers
and face are one with what carries them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache

import mujoco
import numpy as np
from jaxtyping import Float

from motionrecon.body.base import LICENCE, ShapePrior, text_of
from motionrecon.body.described import ADULT, Described
from motionrecon.body.hinged import AnatomyOfBones, HingedBody
from motionrecon.body.mesh.bones import BONES
from motionrecon.body.mesh.joints import HINGES
from motionrecon.body.mesh.lengths import proportions
from motionrecon.body.mesh.mjcf import with_skin, write_mjcf
from motionrecon.body.mesh.template import Template
from motionrecon.body.points import ByShape
from motionrecon.body.smpl.family import Family, family
from motionrecon.body.smpl.files import find, read
from motionrecon.body.smpl.layouts import LAYOUTS
from motionrecon.body.smpl.likely import Likely, likely
from motionrecon.errors import InputError
from motionrecon.ground.base import Ground
from motionrecon.ground.plane import Plane

#: Names of the texts of a model that say whose body it is there: gender, shape, and where its pelvis is in its file.
_GENDER, _BETAS, _PELVIS = "gender", "betas", "pelvis"
#: How far the likeliest person may be from the height that was given, metres.
_SHORT_OF = 0.005


@dataclass(frozen=True)
class SmplAnatomy(AnatomyOfBones):
    """What follows from the model of a person of SMPL's kin (`motionrecon.body.base.Anatomy`)."""

    bones = BONES

    @property
    def gender(self) -> str:
        """Of the file: neutral, male or female."""
        return text_of(self.model, _GENDER)

    @property
    def betas(self) -> Float[np.ndarray, " k"]:
        """The numbers of the shape, as the file has them."""
        return _numbers(text_of(self.model, _BETAS))

    @property
    def pelvis(self) -> Float[np.ndarray, " 3"]:
        """Where the pelvis joint of this shape is in the file, in its axes (x left, y up, z forward), metres."""
        return _numbers(text_of(self.model, _PELVIS))


@dataclass(frozen=True)
class SmplBody(SmplAnatomy, HingedBody):
    """A person of SMPL's kin (`motionrecon.body.hinged.HingedBody`), whose model is without the skin: it is compiled
    often.

    Attributes:
        family: the people of the file.
        shaped: (k,) the person's betas.
        likely: what they are like among people of this height and mass.
    """

    hinges = {name: hinges for name, hinges in HINGES.items() if name != "radius"} | {
        "forearm": HINGES["forearm"] + HINGES["radius"]  # SMPL's forearm is one joint's, and turns with it
    }
    family: Family
    shaped: Float[np.ndarray, " k"]
    likely: Likely

    @staticmethod
    def build(described: Described, advance: Callable[[int], None] = lambda steps: None) -> SmplBody:
        """Somebody on the plane z = 0.

        Args:
            described: who, and the file that they are made from.
            advance: told of the steps of building them, which are none.

        Raises:
            InputError: the file cannot be used, or nobody in it is of this height.
        """
        path, gender = find(described.kind, described.body_model, described.sex)
        people = family(read(described.kind, path, gender))
        # Its people are adults, however small.
        height, mass = described.height, replace(described, age=described.age or ADULT).likely_mass
        expected = likely(people, height, mass)
        found = people.height(expected.betas)
        if abs(found - height) > _SHORT_OF:
            raise InputError(
                f"height={height:g}: {path.name} has nobody of this height and {mass:.0f} kg (the nearest is of "
                f"{found:.2f} m): it is made of adults; use another body"
            )
        return SmplBody.of(people, expected, height, mass, expected.betas, Plane(), 1 / 120)

    @staticmethod
    def of(
        people: Family,
        expected: Likely,
        height: float,
        mass: float,
        betas: Float[np.ndarray, " k"],
        ground: Ground,
        timestep: float,
    ) -> SmplBody:
        """One of the people, on a ground."""
        texts = {
            LICENCE: LAYOUTS[people.kind].licence,
            _GENDER: people.gender,
            _BETAS: _text(betas),
            _PELVIS: _text(people.rest(betas)),
        }
        template = people.template(betas)
        mjcf = write_mjcf(people.kind, template, SmplBody.hinges, height, mass, timestep, ground, texts)
        return SmplBody(mjcf, height, mass, ground, timestep, people, betas, expected)

    @cached_property
    def template(self) -> Template:
        """The person in the zero pose."""
        return self.family.template(self.shaped)

    @property
    def published(self) -> str:
        return with_skin(self.mjcf, self.template)

    @property
    def shape(self) -> Float[np.ndarray, " k"]:
        return np.asarray(self.likely.axes.T @ self.shaped)

    @property
    def shape_prior(self) -> ShapePrior:
        return ShapePrior(self.likely.axes.T @ self.likely.betas, self.likely.spread, self.likely.growth)

    @property
    def lengths(self) -> dict[str, float]:
        return asdict(proportions(self.template))

    @cached_property
    def moves(self) -> ByShape:
        by_betas = _by_betas(self.family)
        each = (by_betas.frames, by_betas.sites, by_betas.geoms, by_betas.halves)
        return ByShape(*(moves @ self.likely.axes for moves in each))

    def reshaped(self, shape: Float[np.ndarray, " k"]) -> SmplBody:
        return self._with(self.likely.axes @ shape, self.ground, self.timestep)

    def on(self, ground: Ground, timestep: float) -> SmplBody:
        return self._with(self.shaped, ground, timestep)

    def _with(self, betas: Float[np.ndarray, " k"], ground: Ground, timestep: float) -> SmplBody:
        return SmplBody.of(self.family, self.likely, self.height, self.mass, betas, ground, timestep)


@lru_cache(maxsize=2)
def _by_betas(people: Family) -> ByShape:
    """How the model changes with the betas, as the difference of two models.

    Joints and soles are linear in them, and so exact, whoever the person is; of capsules, which are fitted to the skin,
    ends are nearly so, and radii count as they are.
    """
    mean = np.zeros(people.moves.shape[2])
    plain = Likely(mean, np.eye(len(mean)), np.ones(len(mean)), mean)

    def model(betas: Float[np.ndarray, " k"]) -> mujoco.MjModel:
        return SmplBody.of(people, plain, 1.7, 70.0, betas, Plane(), 1 / 120).model

    return ByShape.differences(model, mean, 1.0)


def _text(numbers: Float[np.ndarray, " n"]) -> str:
    return " ".join(f"{number:.9g}" for number in numbers)


def _numbers(text: str) -> Float[np.ndarray, " n"]:
    """The numbers of a text; none where it holds something else."""
    try:
        numbers = np.array([float(word) for word in text.split()])
    except ValueError:
        return np.zeros(0)
    return numbers if np.isfinite(numbers).all() else np.zeros(0)
