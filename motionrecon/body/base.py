"""What the rest of motionrecon knows of a person's body.

A body is a MuJoCo model whose only joints are a free root and hinges, and names for what rides on it. Its root's frame
is x forward, y left, z up; its zero pose is a T pose that faces +x. A new body is a folder beside ``capsules/`` and a
line in `motionrecon.body.BODIES`; CONTRIBUTING says how to add one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import mujoco
import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.body.points import ByShape, Points
from motionrecon.body.skeleton import Bone, Skeleton
from motionrecon.body.skin import Skin, skin_of
from motionrecon.body.surface import Surface, surface_of
from motionrecon.core import landmarks
from motionrecon.core.mujoco_log import quiet_mujoco
from motionrecon.ground.base import Ground

#: Prefix of the names of the sites that stand for what the detector marks, where that is not the landmark itself.
SEEN = "seen_"
#: Name of the custom text of a model that says which of `motionrecon.body.BODIES` it is.
KIND = "body"
#: Name of the text that says what may be done with the person's surface, where not everything may.
LICENCE = "licence"
#: The kind of models that do not say it: those of earlier versions, and those that somebody else wrote.
CAPSULES = "capsules"

#: Standard deviations from the mean beyond which nobody is built: a torso 1.35 times as long as usual.
HUMAN = 6.0


class Anatomy(Protocol):
    """What follows from a body's model alone: all that is left of a person in a folder of results.

    Attributes:
        mjcf: the model's text, complete in itself, the ground included; its sites have the landmarks' names.
    """

    mjcf: str

    @cached_property
    def model(self) -> mujoco.MjModel:
        with quiet_mujoco():
            return mujoco.MjModel.from_xml_string(self.mjcf)

    @cached_property
    def kind(self) -> str:
        """Which of `motionrecon.body.BODIES` the body is."""
        return kind_of(self.model)

    @cached_property
    def licence(self) -> str:
        """What may be done with files that hold the person's surface, a sentence; empty where everything may."""
        return text_of(self.model, LICENCE)

    @property
    def moves(self) -> ByShape | None:
        """How the model changes with the person's shape; None where the shape is not known."""
        return None

    @cached_property
    def landmarks(self) -> Points:
        """The 33 landmarks in the order of `landmarks.NAMES`: centres of joints, where they are joints."""
        return Points.sites(self.model, landmarks.NAMES, self.moves)

    @cached_property
    def marks(self) -> Points:
        """Where the detector marks these landmarks: on the skin, not at the joints' centres."""
        sites = {self.model.site(i).name for i in range(self.model.nsite)}
        names = [SEEN + name if SEEN + name in sites else name for name in landmarks.NAMES]
        return Points.sites(self.model, names, self.moves).called(landmarks.NAMES)

    @cached_property
    def soles(self) -> Points:
        """The balls under the feet that bear load, geoms of the same names: all balls that may touch the ground."""
        ball = self.model.geom_type == int(mujoco.mjtGeom.mjGEOM_SPHERE)
        touches = (self.model.geom_bodyid > 0) & (self.model.geom_conaffinity != 0)
        return Points.geoms(self.model, [self.model.geom(i).name for i in np.flatnonzero(ball & touches)], self.moves)

    @cached_property
    def hull(self) -> Points:
        """The balls at the ends of all capsules that may touch the ground: on these rests who is not on their soles.

        The ends of shanks that are at the ankles are left out: what of a foot touches the ground are its soles.
        """
        model = self.model
        capsule = model.geom_type == int(mujoco.mjtGeom.mjGEOM_CAPSULE)
        touches = (model.geom_bodyid > 0) & (model.geom_conaffinity != 0)
        ends = Points.ends(model, [model.geom(i).name for i in np.flatnonzero(capsule & touches)], self.moves)
        kept = np.ones(len(ends), bool)
        for foot in set(self.soles.bodies.tolist()):
            mine = np.flatnonzero(ends.bodies == model.body_parentid[foot])
            if len(mine):
                kept[mine[np.linalg.norm(ends.offsets[mine] - model.body_pos[foot], axis=1).argmin()]] = False
        return ends.part(kept)

    @cached_property
    def skeleton(self) -> Skeleton:
        """The bones that animation programs are given: one for each body of the model, of its name."""
        names = [self.model.body(i).name for i in range(self.model.nbody)]
        parents = [None if p == 0 else names[p] for p in self.model.body_parentid]
        return Skeleton(self.model, [Bone(name, parents[i], name) for i, name in enumerate(names) if i])

    @cached_property
    def skin(self) -> Skin:
        """The round pieces that the person is made of."""
        return skin_of(self.model)

    @cached_property
    def surface(self) -> Surface:
        """What is shown of the person: one mesh that bends with the body."""
        return surface_of(self.model, self.skin)


def kind_of(model: mujoco.MjModel) -> str:
    """The kind of body that a model says it is of, in a text of its own; `CAPSULES` where it says nothing."""
    return text_of(model, KIND) or CAPSULES


def text_of(model: mujoco.MjModel, name: str) -> str:
    """What a custom text of a model says; empty where it has none of that name."""
    text = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_TEXT, name)
    if text < 0:
        return ""
    first = int(model.text_adr[text])
    data = bytes(model.text_data[first : first + int(model.text_size[text])])
    return data.rstrip(b"\0").decode("ascii", "replace")


@dataclass(frozen=True)
class ModelAlone(Anatomy):
    """The anatomy of a body of which nothing is known but its model."""

    mjcf: str


@dataclass(frozen=True)
class ShapePrior:
    """What people's shapes are like: a Gaussian, before anything is seen of the person.

    Attributes:
        mean: (k,) the likeliest shape of somebody of this height.
        spread: (k,) standard deviation of each number by itself, among people of one height.
        growth: (k,) how the shape changes with the logarithm of the person's size.
    """

    mean: Float[np.ndarray, " k"]
    spread: Float[np.ndarray, " k"]
    growth: Float[np.ndarray, " k"]

    def bounded(self, shape: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """The shape nearest to one that people can have, whatever the keypoints say."""
        return np.asarray(np.clip(shape, self.mean - HUMAN * self.spread, self.mean + HUMAN * self.spread))

    def whitening(self, common: float, share: float = 1.0) -> Float[np.ndarray, "k k"]:
        """The matrix that makes a shape's distance from the mean standard normal.

        Args:
            common: relative standard deviation of the size as a whole: how well the height is known.
            share: of `spread`, that is granted.
        """
        covariance = np.diag((share * self.spread) ** 2) + common**2 * np.outer(self.growth, self.growth)
        return np.linalg.inv(np.linalg.cholesky(covariance))


class Body(Anatomy, Protocol):
    """A person, whose shape can change.

    An implementation is a dataclass whose fields are arrays and plain values (or dataclasses of such): checkpoints
    depend on all of them, and `motionrecon.core.arrays.pack` takes them apart.

    Attributes:
        height: metres.
        mass: kilograms.
    """

    height: float
    mass: float

    @property
    def published(self) -> str:
        """The model's text as it is handed on, with the person's skin in it if they have one."""
        return self.mjcf

    @property
    def shape(self) -> Float[np.ndarray, " k"]:
        """The numbers that say how this person is built, on a scale on which a fit may add to them."""

    @property
    def shape_prior(self) -> ShapePrior:
        """What the shapes of people of this height are like."""

    @property
    def lengths(self) -> dict[str, float]:
        """The shape in words, for the report: metres."""

    @property
    def moves(self) -> ByShape:
        """How the model changes with the shape."""

    def reshaped(self, shape: Float[np.ndarray, " k"]) -> Body:
        """The same person, as tall and as heavy, of another shape."""

    def on(self, ground: Ground, timestep: float) -> Body:
        """The same person on a ground, to be simulated in steps of so many seconds."""

    @property
    def rest_qpos(self) -> Float[np.ndarray, " nq"]:
        """A relaxed standing pose, facing +x."""

    @property
    def hinge_spread(self) -> Float[np.ndarray, " hinges"]:
        """Standard deviation about the relaxed pose of each hinge's angle, radians; infinite where it is free."""

    @cached_property
    def hinge_names(self) -> tuple[str, ...]:
        """Names of the hinges in the model's order; joint 0 is the root."""
        return tuple(self.model.joint(j).name for j in range(1, self.model.njnt))

    @property
    def hinge_parts(self) -> tuple[tuple[str, float], ...]:
        """Of each hinge, the name of the capsule person's hinge that it does a share of, and the share; itself and 1
        where it does what no other does.

        What is known of poses is known of the capsule person's hinges, and so is told of this body's.
        """
        return tuple((name, 1.0) for name in self.hinge_names)

    @cached_property
    def hinge_shares(self) -> Float[np.ndarray, " hinges"]:
        """The share of each hinge in what one joint does, 1 for most: several joints of a spine move together.

        What is known of the joint's angle, of its variance and of that of its acceleration, is known of their sum, and
        each hinge has its share in it.
        """
        return np.array([share for _, share in self.hinge_parts])

    @property
    def hinge_follows(self) -> Bool[np.ndarray, " nu"]:
        """Of each actuator, whether a window may leave it to lead its hinge along the kinematic angle (`Hinge`)."""
        return np.zeros(self.model.nu, bool)

    @cached_property
    def free_actuators(self) -> Int[np.ndarray, " free"]:
        """The actuators whose controls are a window's unknowns."""
        return np.flatnonzero(~self.hinge_follows)

    @cached_property
    def hinge_qpos(self) -> Int[np.ndarray, " nu"]:
        """Index into qpos of the hinge that each actuator turns, in the actuators' order."""
        return np.asarray(self.model.jnt_qposadr[self.model.actuator_trnid[:, 0]])
