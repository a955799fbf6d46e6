"""A person as OpenSim sees one: bodies, joints and coordinates, by the names of its models gait2392 and Rajagopal2016.

OpenSim's ground is X forward, Y up, Z right; a world point (x, y, z) is (x, z, -y) there. Every body has ISB's axes
(`motionrecon.body.anatomical`) and starts at its proximal joint's centre, the pelvis in the middle between the hips. A
joint turns about Z, X and Y, in this order, of the axes that those before have turned, as OpenSim's own models do;
left limbs turn the other way about X and Y, so that the same number is the same movement on both sides.

Only coordinates that move are coordinates: the knee of a body that bends but never twists has ``knee_angle_r`` only.
What moves a joint's centre in its parent (a clavicle, a spine of several joints) is a translation, metres.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.body.anatomical import WORLD, AnatomicalSegment
from motionrecon.body.base import Anatomy
from motionrecon.body.pose import Pose, pose
from motionrecon.core.euler import angles_of, continuous
from motionrecon.mechanics.angles import Articulation, articulations

#: A world point to OpenSim's ground: ``p_opensim = GROUND @ p_world``.
GROUND = WORLD.T

#: Segment -> OpenSim's body, without the side.
BODIES = {
    "pelvis": "pelvis",
    "trunk": "torso",
    "head": "head",
    "thigh": "femur",
    "shank": "tibia",
    "foot": "calcn",
    "toes": "toes",
    "upper_arm": "humerus",
    "forearm": "ulna",
    "hand": "hand",
}

#: Joint -> OpenSim's name, and its turns about Z, X and Y. All are right-handed on the right, but the knee's first.
_NAMES = {
    "pelvis": ("ground_pelvis", ("pelvis_tilt", "pelvis_list", "pelvis_rotation")),
    "trunk": ("back", ("lumbar_extension", "lumbar_bending", "lumbar_rotation")),
    "neck": ("neck", ("neck_extension", "neck_bending", "neck_rotation")),
    "hip": ("hip", ("hip_flexion", "hip_adduction", "hip_rotation")),
    "knee": ("knee", ("knee_angle", "knee_adduction", "knee_rotation")),
    "ankle": ("ankle", ("ankle_angle", "subtalar_angle", "ankle_rotation")),
    "toes": ("mtp", ("mtp_angle", "mtp_inversion", "mtp_rotation")),
    "shoulder": ("acromial", ("arm_flex", "arm_add", "arm_rot")),
    "elbow": ("elbow", ("elbow_flex", "elbow_add", "pro_sup")),
    "wrist": ("radius_hand", ("wrist_flex", "wrist_dev", "wrist_rot")),
}
_ORDER = "ZXY"
#: The axes of the turns in their order, and those of the translations.
AXES = np.vstack([np.eye(3)[[2, 0, 1]], np.eye(3)])

#: Radians or metres; what moves less in any pose does not move.
_STILL = 1e-5
#: Poses that are tried to find out what moves.
_TRIED = 24


@dataclass(frozen=True)
class OpenSimCoordinate:
    """One coordinate of a joint.

    Attributes:
        name: OpenSim's.
        place: 0 to 2, the turns in their order; 3 to 5, the translations along the parent's X, Y and Z.
        axis: (3,) that it turns about or moves along.
        rest: its value in the zero pose, radians or metres, and always where it is `still`.
        still: whether no pose moves it.
    """

    name: str
    place: int
    axis: Float[np.ndarray, " 3"]
    rest: float
    still: bool

    @property
    def turns(self) -> bool:
        return self.place < 3


@dataclass(frozen=True)
class OpenSimBody:
    """A body with the joint that carries it.

    Attributes:
        name: OpenSim's.
        joint: OpenSim's name of its joint.
        parent: the body that it hangs on; None is the ground, on which the pelvis moves.
        segment: what it is of the person.
        origin: (3,) where it starts, in the frame of the segment's body of the model, metres.
        centre: (3,) where it starts on its parent in the zero pose, in the parent's axes.
        signs: (6,) 1 or -1 of each turn and translation.
        coordinates: those that move it, and those that are not zero at rest.
    """

    name: str
    joint: str
    parent: OpenSimBody | None
    segment: AnatomicalSegment
    origin: Float[np.ndarray, " 3"]
    centre: Float[np.ndarray, " 3"]
    signs: Float[np.ndarray, " 6"]
    coordinates: tuple[OpenSimCoordinate, ...] = ()

    def start(self, at: Pose) -> Float[np.ndarray, "T 3"]:
        """Where it starts in the world."""
        body = self.segment.body
        return np.asarray(at.origins[:, body] + at.rotations[:, body] @ self.origin)

    def values(self, at: Pose) -> Float[np.ndarray, "T 6"]:
        """Its turns, radians, and its translations, metres, whether they are coordinates or not."""
        turned, start = self.segment.turned(at), self.start(at)
        if self.parent is None:
            base, from_base = np.broadcast_to(WORLD, turned.shape), start
        else:
            base, from_base = self.parent.segment.turned(at), start - self.parent.start(at)
        back = base.transpose(0, 2, 1)
        angles = continuous(angles_of(back @ turned, _ORDER), _ORDER)
        moved = (back @ from_base[:, :, None])[..., 0] - self.centre
        return np.asarray(np.hstack([angles, moved]) * self.signs)


def bodies_of(anatomy: Anatomy) -> tuple[OpenSimBody, ...]:
    """The bodies of a person, parents before children."""
    model = anatomy.model
    limits = model.jnt_range[model.actuator_trnid[:, 0]]
    qpos = np.zeros((1 + _TRIED, model.nq))
    qpos[:, 3] = 1.0
    hinges = model.jnt_qposadr[model.actuator_trnid[:, 0]]
    low, high = limits.T
    qpos[1:, hinges] = low + (high - low) * np.random.default_rng(0).random((_TRIED, model.nu))
    zero, tried = pose(model, qpos[:1]), pose(model, qpos[1:])
    found: dict[str, OpenSimBody] = {}
    for one in articulations(anatomy):
        parent = None if one.proximal is None else found[one.proximal.name]
        found[one.distal.name] = _body(one, parent, zero, tried)
    return tuple(found.values())


def _body(one: Articulation, parent: OpenSimBody | None, zero: Pose, tried: Pose) -> OpenSimBody:
    mark = f"_{one.side[0]}" if one.side else ""
    joint, names = _NAMES[one.joint.name]
    distal = one.distal.body
    carrier = one.bodies[0] if one.joint.at_first else distal
    origin = zero.rotations[0, distal].T @ (zero.origins[0, carrier] - zero.origins[0, distal])
    signs = np.array([-1 if one.joint.name == "knee" else 1, *([-1 if one.side == "left" else 1] * 2), 1, 1, 1.0])
    body = OpenSimBody(BODIES[one.joint.distal] + mark, joint + mark, parent, one.distal, origin, np.zeros(3), signs)
    if parent is not None:
        body = replace(body, centre=body.values(zero)[0, 3:])
    rest = body.values(zero)[0]
    moves = np.full(6, True) if parent is None else np.ptp(body.values(tried), axis=0) > _STILL
    moved_by = (*names, *(f"{'pelvis' if parent is None else joint}_t{axis}" for axis in "xyz"))
    coordinates = tuple(
        OpenSimCoordinate(name + mark, i, signs[i] * AXES[i], float(rest[i]), not moves[i])
        for i, name in enumerate(moved_by)
        if moves[i] or abs(rest[i]) > _STILL
    )
    return replace(body, coordinates=coordinates)


@dataclass(frozen=True)
class OpenSimMotion:
    """The values of all coordinates that move.

    Attributes:
        names: (c,) of the coordinates.
        turns: (c,) whether each is an angle.
        values: (T, c) radians or metres.
    """

    names: tuple[str, ...]
    turns: Bool[np.ndarray, " c"]
    values: Float[np.ndarray, "T c"]


def coordinates_of(anatomy: Anatomy, at: Pose) -> OpenSimMotion:
    """The values of a person's coordinates in some poses."""
    moving = [(body, [c for c in body.coordinates if not c.still]) for body in bodies_of(anatomy)]
    every = [c for _, coordinates in moving for c in coordinates]
    columns = [body.values(at)[:, [c.place for c in coordinates]] for body, coordinates in moving]
    return OpenSimMotion(tuple(c.name for c in every), np.array([c.turns for c in every]), np.hstack(columns))


def in_ground(vectors: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 3"]:
    """Points, forces or moments of the world in OpenSim's axes."""
    return np.asarray(vectors @ GROUND.T)
