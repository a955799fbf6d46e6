"""Anatomical joint angles, as movement scientists name and sign them.

A joint's angles are those between the axes of the segments that it joins (`motionrecon.body.anatomical`), in the joint
coordinate systems that ISB recommends (Wu et al. 2002, 2005; Grood and Suntay 1983, J. Biomech. Eng. 105, 136-144):
about an axis of the proximal segment, then about the floating axis, then about an axis of the distal segment. **Every
name says its positive direction**, and the same name means the same movement on both sides.

| joint | about, in this order | positive | zero |
| --- | --- | --- | --- |
| pelvis in the world (Baker 2001, Hum. Mov. Sci. 20, 655-667) | up (Y), forward (X), right (Z) | ``pelvis_rotation_left``: it turns to the left, seen from above; ``pelvis_obliquity_left_up``: its left side is the higher one; ``pelvis_anterior_tilt``: its top tilts forward | faces the world's x, level |
| trunk on pelvis | Z of the pelvis, floating X, Y of the trunk | ``trunk_flexion``: forward; ``trunk_bending_right``; ``trunk_rotation_left`` | upright |
| neck: head on trunk | as the trunk | ``neck_flexion``, ``neck_bending_right``, ``neck_rotation_left`` | upright |
| hip: thigh on pelvis | Z of the pelvis, floating X, Y of the thigh | ``hip_flexion``, ``hip_adduction``, ``hip_internal_rotation`` | leg straight down |
| knee: shank on thigh | Z of the thigh, floating X, Y of the shank | ``knee_flexion``, ``knee_internal_rotation``, ``knee_adduction`` (varus) | straight |
| ankle: foot on shank | Z of the shank, floating X, Y of the foot | ``ankle_dorsiflexion``, ``ankle_inversion``, ``ankle_internal_rotation`` | sole at right angles to the shank |
| toes on foot | Z of the foot, floating X, Y of the toes | ``toes_dorsiflexion`` | in line with the sole |
| shoulder: upper arm on trunk | Y of the trunk, floating X, Y of the upper arm | ``shoulder_plane``: the plane of elevation, 0 sideways (abduction), 90 degrees forward (flexion); ``shoulder_elevation``; ``shoulder_internal_rotation`` | arm hanging, elbow's axis sideways |
| elbow: forearm on upper arm | Z of the upper arm, floating X, Y of the forearm | ``elbow_flexion``, ``elbow_pronation``, ``elbow_adduction`` | straight, palm forward (supinated) |
| wrist: hand on forearm | Z of the forearm, floating X, Y of the hand | ``wrist_flexion``, ``wrist_ulnar_deviation``, ``wrist_pronation`` | straight |

ISB counts elevation of the shoulder as negative; here it is positive. While an arm hangs, plane and rotation of the
shoulder are hardly defined (their sum is): they may swing widely there, as with any such sequence. No angle jumps by a
full turn, but these two, which each swing of a hanging arm may wind by one more, are turned back by it, one forwards and
the other backwards, where the elevation is below 20 degrees and one would be 225 degrees from 0.

Where a body's joint has fewer hinges than three, only so many of its angles are told, in the order of the table's
names: the knee of a body that bends but never twists has a flexion only.
"""  # noqa: E501 (a table)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

from motionrecon.body.anatomical import WORLD, AnatomicalSegment, path_to, segments_of
from motionrecon.body.base import Anatomy
from motionrecon.body.pose import Pose
from motionrecon.core.euler import angles_of
from motionrecon.core.sides import SIDES
from motionrecon.errors import InputError

if TYPE_CHECKING:
    import mujoco

_AXES = "XYZ"
#: An arm hangs below this elevation, radians, and what it then turns beyond so many is turned back by full turns.
_HANGS, _WOUND = np.radians(20.0), np.radians(225.0)


@dataclass(frozen=True)
class Coordinate:
    """One angle of a joint.

    Attributes:
        name: without its side; it says what is positive.
        place: 0, 1 or 2, in the order in which the joint turns.
        sign: 1 where a turn about the axis, on the right, is what the name says; -1 where it is the opposite.
        more: what is positive, where the name alone does not say.
    """

    name: str
    place: int
    sign: int = 1
    more: str = ""

    @property
    def positive(self) -> str:
        """What is positive, in words."""
        return self.name.replace("_", " ") + (f", {self.more}" if self.more else "")


@dataclass(frozen=True)
class AnatomicalJoint:
    """A joint between two segments.

    Attributes:
        name: without its side.
        proximal, distal: names of the segments; no proximal one is the world.
        sequence: the axes that it turns about, first of the proximal segment, last of the distal one.
        coordinates: its angles, those first that a joint of few hinges has.
        paired: whether there is one on each side.
        at_first: whether its moments are those at the first of several joints in a row between the segments (a
            spine's lowest one); otherwise at the last, which moves the distal segment itself.
    """

    name: str
    proximal: str
    distal: str
    sequence: str
    coordinates: tuple[Coordinate, ...]
    paired: bool = True
    at_first: bool = False

    def turned(
        self, proximal: Float[np.ndarray, "T 3 3"], distal: Float[np.ndarray, "T 3 3"], side: str
    ) -> Float[np.ndarray, "T 3"]:
        """All three turns about the sequence's axes between those of two segments, right-handed, radians."""
        turned = angles_of(proximal.transpose(0, 2, 1) @ distal, self.sequence)
        if self.sequence[0] == self.sequence[2]:  # of its two answers, that with a positive elevation
            middle = next(c for c in self.coordinates if c.place == 1)
            flipped = self.sign(middle, side) * turned[:, 1:2] < 0
            turned = np.where(flipped, turned * [1, -1, 1] + [np.pi, 0, np.pi], turned)
        return np.asarray(turned)

    def angles(
        self,
        proximal: Float[np.ndarray, "T 3 3"],
        distal: Float[np.ndarray, "T 3 3"],
        side: str,
        coordinates: Sequence[Coordinate],
    ) -> Float[np.ndarray, "T k"]:
        """Some of its angles between axes of two segments, radians; they start within half a turn of 0, and never jump
        by a full one but while an arm hangs.
        """
        turned = self.turned(proximal, distal, side)
        each = [self.sign(one, side) * turned[:, one.place] for one in coordinates]
        angles = np.unwrap(np.stack(each, axis=1), axis=0)
        angles = np.asarray(angles - 2 * np.pi * np.round(angles[:1] / (2 * np.pi)))
        ends = [i for i, one in enumerate(coordinates) if one.place != 1]
        if self.sequence[0] == self.sequence[2] and len(ends) == 2:
            angles[:, ends] = _wound_back(angles[:, ends], np.abs(turned[:, 1]) < _HANGS)
        return angles

    def sign(self, coordinate: Coordinate, side: str) -> int:
        """1 or -1: a left limb is a right one in a mirror, where turns about X and Y go the other way."""
        mirrored = side == "left" and self.sequence[coordinate.place] != "Z"
        return -coordinate.sign if mirrored else coordinate.sign


def _bend(first: str, second: str, third: str, sign: int = 1) -> tuple[Coordinate, ...]:
    return Coordinate(first, 0, sign), Coordinate(second, 1), Coordinate(third, 2)


def _twist(first: str, second: str, third: str, sign: int = 1) -> tuple[Coordinate, ...]:
    """As `_bend`, of a joint whose second hinge turns the distal segment about itself."""
    return Coordinate(first, 0, sign), Coordinate(third, 2), Coordinate(second, 1)


JOINTS: tuple[AnatomicalJoint, ...] = (
    AnatomicalJoint(
        "pelvis",
        "",
        "pelvis",
        "YXZ",
        (
            Coordinate("pelvis_anterior_tilt", 2, -1),
            Coordinate("pelvis_obliquity_left_up", 1),
            Coordinate("pelvis_rotation_left", 0),
        ),
        paired=False,
    ),
    AnatomicalJoint(
        "trunk",
        "pelvis",
        "trunk",
        "ZXY",
        _bend("trunk_flexion", "trunk_bending_right", "trunk_rotation_left", -1),
        paired=False,
        at_first=True,
    ),
    AnatomicalJoint(
        "neck",
        "trunk",
        "head",
        "ZXY",
        _bend("neck_flexion", "neck_bending_right", "neck_rotation_left", -1),
        paired=False,
        at_first=True,
    ),
    AnatomicalJoint("hip", "pelvis", "thigh", "ZXY", _bend("hip_flexion", "hip_adduction", "hip_internal_rotation")),
    AnatomicalJoint(
        "knee", "thigh", "shank", "ZXY", _twist("knee_flexion", "knee_adduction", "knee_internal_rotation", -1)
    ),
    AnatomicalJoint(
        "ankle", "shank", "foot", "ZXY", _bend("ankle_dorsiflexion", "ankle_inversion", "ankle_internal_rotation")
    ),
    AnatomicalJoint(
        "toes", "foot", "toes", "ZXY", _bend("toes_dorsiflexion", "toes_inversion", "toes_internal_rotation")
    ),
    AnatomicalJoint(
        "shoulder",
        "trunk",
        "upper_arm",
        "YXY",
        (
            Coordinate("shoulder_plane", 0, more="from sideways (0) to forward (90 degrees)"),
            Coordinate("shoulder_elevation", 1, -1),
            Coordinate("shoulder_internal_rotation", 2),
        ),
    ),
    AnatomicalJoint(
        "elbow", "upper_arm", "forearm", "ZXY", _twist("elbow_flexion", "elbow_adduction", "elbow_pronation")
    ),
    AnatomicalJoint(
        "wrist", "forearm", "hand", "ZXY", _bend("wrist_flexion", "wrist_ulnar_deviation", "wrist_pronation")
    ),
)


def _wound_back(angles: Float[np.ndarray, "T 2"], hangs: Bool[np.ndarray, " T"]) -> Float[np.ndarray, "T 2"]:
    """A plane and a rotation, one turned back and the other on by full turns, where an arm hangs and one is far from 0.

    Both at once, since it is their sum that is defined there: that goes on without a jump.
    """
    turns = np.zeros(len(angles))
    for t in range(len(angles) if np.abs(angles).max(initial=0.0) > _WOUND else 0):
        turns[t] = turns[max(t - 1, 0)]
        plane, rotation = angles[t] + 2 * np.pi * turns[t] * np.array([-1, 1])
        if hangs[t] and max(abs(plane), abs(rotation)) > _WOUND:
            turns[t] += np.round((plane - rotation) / (4 * np.pi))
    return np.asarray(angles + 2 * np.pi * turns[:, None] * [-1, 1])


def broken_at_turns(degrees: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Angles as lines are drawn through them: with a gap, NaN, where one was turned back by a full turn."""
    jumps = np.abs(np.diff(degrees, axis=0, prepend=degrees[:1])) > 180
    return np.where(jumps, np.nan, degrees)


@dataclass(frozen=True)
class Articulation:
    """A joint of one body, on one side.

    Attributes:
        name: with its side: ``left_knee``.
        joint: what it is.
        side: "left", "right", or "" in the middle.
        proximal, distal: its segments; no proximal one is the world.
        bodies: of the model, that move between them, the outermost last.
        hinges: how many those bodies have.
    """

    name: str
    joint: AnatomicalJoint
    side: str
    proximal: AnatomicalSegment | None
    distal: AnatomicalSegment
    bodies: tuple[int, ...]
    hinges: int

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        """The angles that the body can move."""
        return self.joint.coordinates[: self.hinges] if self.proximal is not None else self.joint.coordinates

    @property
    def names(self) -> tuple[str, ...]:
        """Of those angles, with their side."""
        before = f"{self.side}_" if self.side else ""
        return tuple(before + coordinate.name for coordinate in self.coordinates)

    def angles(self, at: Pose) -> Float[np.ndarray, "T k"]:
        """Those angles in each frame, radians; they start within half a turn of 0, and never jump by a full one but
        while an arm hangs.
        """
        return self.joint.angles(self._proximal(at), self.distal.turned(at), self.side, self.coordinates)

    def axes(self, at: Pose) -> Float[np.ndarray, "T k 3"]:
        """The axes that those angles turn about, in the world: right-handed about each, the angle grows."""
        first, proximal = _AXES.index(self.joint.sequence[0]), self._proximal(at)
        distal = self.distal.turned(at)
        turned = self.joint.turned(proximal, distal, self.side)
        after = proximal @ Rotation.from_euler(self.joint.sequence[0].lower(), turned[:, :1]).as_matrix()
        every = np.stack(
            [
                proximal[:, :, first],
                after[:, :, _AXES.index(self.joint.sequence[1])],
                distal[:, :, _AXES.index(self.joint.sequence[2])],
            ],
            axis=1,
        )
        return np.stack([self.joint.sign(c, self.side) * every[:, c.place] for c in self.coordinates], axis=1)

    def _proximal(self, at: Pose) -> Float[np.ndarray, "T 3 3"]:
        if self.proximal is None:
            return np.broadcast_to(WORLD, (len(at.origins), 3, 3))
        return self.proximal.turned(at)


@dataclass(frozen=True)
class JointAngles:
    """The anatomical angles of a motion.

    Attributes:
        names: (A,) as in the table above, with ``left_`` or ``right_`` before those of limbs.
        values: (T, A) radians.
    """

    names: tuple[str, ...]
    values: Float[np.ndarray, "T A"]


def joint_angles(anatomy: Anatomy, at: Pose) -> JointAngles:
    """The angles of a person in some poses.

    Example::

        found = joint_angles(motion.body, pose(motion.model, motion.qpos))
        knee = np.degrees(found.values[:, found.names.index("left_knee_flexion")])
    """
    joints = articulations(anatomy)
    names = tuple(name for one in joints for name in one.names)
    return JointAngles(names, np.concatenate([one.angles(at) for one in joints], axis=1))


def articulations(anatomy: Anatomy) -> tuple[Articulation, ...]:
    """The joints of a body between its anatomical segments, those without hinges left out.

    Raises:
        InputError: the segments do not hang on each other as a person's do.
    """
    segments, model = segments_of(anatomy), anatomy.model
    found = []
    for joint in JOINTS:
        for side in SIDES if joint.paired else ("",):
            proximal, distal = (_of(segments, name, side) for name in (joint.proximal, joint.distal))
            if distal is None or (joint.proximal and proximal is None):
                continue
            bodies = _between(model, proximal, distal)
            hinges = sum(len(hinges_of(model, body)) for body in bodies)
            name = f"{side}_{joint.name}" if side else joint.name
            if hinges or proximal is None:
                found.append(Articulation(name, joint, side, proximal, distal, bodies, hinges))
    return tuple(found)


def _between(model: mujoco.MjModel, proximal: AnatomicalSegment | None, distal: AnatomicalSegment) -> tuple[int, ...]:
    try:
        return tuple(path_to(model, distal.body, 0 if proximal is None else proximal.body))
    except ValueError as error:
        below, above = (one.name.replace("_", " ") for one in (distal, proximal) if one is not None)
        raise InputError(f"the model is no person's: its {below} does not hang on its {above}") from error


def _of(segments: dict[str, AnatomicalSegment], name: str, side: str) -> AnatomicalSegment | None:
    return segments.get(name) or segments.get(f"{side}_{name}")


def hinges_of(model: mujoco.MjModel, body: int) -> list[int]:
    """Degrees of freedom (indices into qvel) of a body's hinges; a free root has none."""
    first, count = int(model.body_dofadr[body]), int(model.body_dofnum[body])
    return [] if model.body_parentid[body] == 0 else list(range(first, first + count))
