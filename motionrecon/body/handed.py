"""Hands that are tracked, on top of a body that is simulated: its wrists turned, and fingers where it has none.

They are shown and exported, and nothing else: the simulation knows no fingers, and its hands stay as they are. The
fingers' bones are numbered after the model's bodies, so that surfaces and skeletons may follow them like these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.interpolate import PchipInterpolator
from scipy.spatial.transform import Rotation, RotationSpline

from motionrecon.body.fingers import FINGERS, Hand, hand_of, mirrored
from motionrecon.body.pose import Pose, zero_pose
from motionrecon.body.skeleton import Skeleton
from motionrecon.body.surface import MOST_BODIES, Surface
from motionrecon.core.sides import SIDES

if TYPE_CHECKING:
    import mujoco

    from motionrecon.body.base import Anatomy

#: The fingers' bones: of the left hand from its thumb to its little finger, each from its root on, then of the right.
BONES: tuple[str, ...] = tuple(f"{side}_{finger}_{i}" for side in SIDES for finger in FINGERS for i in (1, 2, 3))
_PER_HAND = len(BONES) // 2
#: Radii of the fingers' bones on the hand of an adult, metres, from their roots; of the palm at wrist and knuckles.
_RADII = {
    "thumb": (0.0125, 0.0110, 0.0100),
    "index": (0.0100, 0.0088, 0.0080),
    "middle": (0.0102, 0.0090, 0.0082),
    "ring": (0.0096, 0.0086, 0.0078),
    "pinky": (0.0088, 0.0078, 0.0070),
}
_TIP, _PALM = 0.0066, (0.0150, 0.0105)
#: That adult's hand: from the wrist to the middle knuckle, metres.
_ADULT = 0.1087
#: How sharply skin goes from one finger to the next, and over which share of a bone's length it goes along.
_SHARP, _BLEND = 8, 0.3


@dataclass(frozen=True)
class Hands:
    """Both hands in T frames, the left one first.

    Attributes:
        angles: (T, 2, 20) of their fingers, radians (`motionrecon.body.fingers.ANGLES`).
        turns: (T, 2, 4) how each hand is turned from the simulated one, in the axes of the T pose as that hand sees
            them: unit quaternions, wxyz.
        seen: (T, 2) where the film showed them; elsewhere they are at ease, and not turned.
    """

    angles: Float[np.ndarray, "T 2 20"]
    turns: Float[np.ndarray, "T 2 4"]
    seen: Bool[np.ndarray, "T 2"]

    @property
    def frames(self) -> tuple[int, int]:
        """In how many frames each is seen."""
        return int(self.seen[:, 0].sum()), int(self.seen[:, 1].sum())

    def part(self, frames: slice | Int[np.ndarray, " n"]) -> Hands:
        """The same of some of the frames."""
        return Hands(self.angles[frames], self.turns[frames], self.seen[frames])

    def resampled(self, known: Float[np.ndarray, " T"], wanted: Float[np.ndarray, " N"]) -> Hands:
        """The same at other times, within those that are known; seconds."""
        nearest = np.searchsorted((known[1:] + known[:-1]) / 2, wanted)
        if len(known) < 2:
            return self.part(nearest)
        turns = [
            RotationSpline(known, Rotation.from_quat(self.turns[:, i], scalar_first=True))(wanted) for i in range(2)
        ]
        return Hands(
            np.asarray(PchipInterpolator(known, self.angles)(wanted)),
            np.stack([one.as_quat(scalar_first=True) for one in turns], axis=1),
            self.seen[nearest],
        )


class Handed:
    """A body with fingers.

    Args:
        body: has hands and forearms (`bears_hands`); hands are parallel to the world in the zero pose.
    """

    def __init__(self, body: Anatomy) -> None:
        self._body = body
        model = body.model
        self._model, self._count = model, model.nbody
        self.hands: tuple[Hand, ...] = tuple(hand_of(model, side) for side in SIDES)
        self._wrists = [model.body(f"{side}_hand").id for side in SIDES]
        self._elbows = [model.body(f"{side}_forearm").id for side in SIDES]
        at_rest = zero_pose(model)
        self._rest, self._rest_origins = at_rest.rotations[0], at_rest.origins[0]

    def pose(self, at: Pose, hands: Hands) -> Pose:
        """Where everything is: the bodies, wrists turned, and after them the fingers' bones.

        What of a wrist's turn is about the forearm's axis, a forearm in two parts does with its lower one.
        """
        origins, rotations = [at.origins], [at.rotations.copy()]
        for i, (wrist, elbow) in enumerate(zip(self._wrists, self._elbows, strict=True)):
            turned = at.rotations[:, wrist] @ self._rest[wrist].T @ _matrices(hands.turns[:, i])
            rotations[0][:, wrist] = turned @ self._rest[wrist]
            upper = at.rotations[:, elbow] @ self._rest[elbow].T
            twist = upper @ _about_arm(upper.transpose(0, 2, 1) @ turned)
            between = int(self._model.body_parentid[wrist])
            while between not in (elbow, 0):
                rotations[0][:, between] = twist @ self._rest[between]
                between = int(self._model.body_parentid[between])
            hand, mirror = self.hands[i], np.array([1.0, -1.0 if i else 1.0, 1.0])
            joints = mirror * hand.at(hands.angles[:, i])[:, :, :3]
            bones = hand.turned(hands.angles[:, i])
            bones = mirrored(bones) if i else bones
            frames = len(at.origins)
            placed = at.origins[:, None, wrist] + joints.reshape(frames, -1, 3) @ turned.transpose(0, 2, 1)
            origins.append(placed)
            rotations.append(turned[:, None] @ bones.reshape(frames, -1, 3, 3))
        return replace(at, origins=np.concatenate(origins, axis=1), rotations=np.concatenate(rotations, axis=1))

    @cached_property
    def surface(self) -> Surface:
        """The body's surface with fingers: of a mesh the vertices of its own; of round pieces further ones."""
        surface = self._body.surface
        for i in range(2):
            surface = self._on_mesh(surface, i) if self._model.nskin else self._of_pieces(surface, i)
        joints = [self._places(i).reshape(5, 4, 3)[:, :3].reshape(-1, 3) for i in range(2)]
        return replace(
            surface,
            rest_origins=np.concatenate([surface.rest_origins, *joints]),
            rest_rotations=np.concatenate([surface.rest_rotations, np.tile(np.eye(3), (len(BONES), 1, 1))]),
        )

    @property
    def body_names(self) -> tuple[str, ...]:
        """Of the model's bodies, and after them of the fingers' bones."""
        return (*(self._model.body(i).name for i in range(self._count)), *BONES)

    @cached_property
    def skeleton(self) -> Skeleton:
        """The body's bones, with those of the fingers on its hands, if it has bones for these."""
        skeleton = self._body.skeleton
        for i, side in enumerate(SIDES):
            carrier, places = f"{side.capitalize()}Hand", self._places(i).reshape(5, 4, 3)
            if carrier not in skeleton.names:
                continue
            for f, finger in enumerate(FINGERS):
                first = self._first(i) + 3 * f
                names = [f"{carrier}{finger.capitalize()}{j}" for j in (1, 2, 3)]
                skeleton = skeleton.with_chain(names, carrier, places[f], range(first, first + 3))
        return skeleton

    def _places(self, i: int) -> Float[np.ndarray, "20 3"]:
        """Joints and tips of a hand in the zero pose, metres."""
        mirror = np.array([1.0, -1.0 if i else 1.0, 1.0])
        return np.asarray(self._rest_origins[self._wrists[i]] + mirror * self.hands[i].joints.reshape(20, 3))

    def _first(self, i: int) -> int:
        """The number of the first bone of a hand."""
        return int(self._count) + i * _PER_HAND

    def _on_mesh(self, surface: Surface, i: int) -> Surface:
        """The skin of a hand follows its fingers by how near it is to their bones."""
        share = np.where(surface.bodies == self._wrists[i], surface.weights, 0.0).sum(1)
        skin = np.flatnonzero(share > 0)
        away = surface.vertices[skin] - self._rest_origins[self._wrists[i]]
        follows = _follows(away * [1.0, -1.0 if i else 1.0, 1.0], self.hands[i].joints) * share[skin, None]
        others = np.where(surface.bodies[skin] == self._wrists[i], 0.0, surface.weights[skin])
        bones = np.array([self._wrists[i], *range(self._first(i), self._first(i) + _PER_HAND)])
        bodies = np.hstack([surface.bodies[skin], np.tile(bones, (len(skin), 1))])
        weights = np.hstack([others, follows])
        kept = np.argsort(-weights, axis=1, kind="stable")[:, :MOST_BODIES]
        weights = np.take_along_axis(weights, kept, axis=1)
        wide = MOST_BODIES - surface.bodies.shape[1]
        all_bodies = np.pad(surface.bodies, ((0, 0), (0, wide)))
        all_weights = np.pad(surface.weights, ((0, 0), (0, wide)))
        all_bodies[skin] = np.take_along_axis(bodies, kept, axis=1)
        all_weights[skin] = weights / weights.sum(1, keepdims=True)
        return replace(surface, bodies=all_bodies, weights=all_weights)

    def _of_pieces(self, surface: Surface, i: int) -> Surface:
        """A palm in place of the hand's piece, and a round piece for each bone of the fingers."""
        from motionrecon.body.pieces import hull, merged, tapered  # slow to import, as in `surface_of`

        wrist, joints = self._wrists[i], self._places(i).reshape(5, 4, 3)
        size = float(np.linalg.norm(self.hands[i].joints[2, 0])) / _ADULT
        root = self._rest_origins[wrist]
        spokes = [
            tapered(np.array([root + 0.2 * (knuckle - root), knuckle]), size * np.array(_PALM))
            for knuckle in joints[:, 0]
        ]
        palm = hull(merged(spokes)[0])
        parts, bodies = [palm], [np.full(len(palm[0]), wrist)]
        for f, finger in enumerate(FINGERS):
            radii = size * np.array([*_RADII[finger], _TIP if finger != "thumb" else _TIP + 0.0014])
            for j in range(3):
                parts.append(tapered(joints[f, j : j + 2], radii[j : j + 2]))
                bodies.append(np.full(len(parts[-1][0]), self._first(i) + 3 * f + j))
        vertices, faces = merged(parts)
        old = _without(surface, wrist)
        wide = old.bodies.shape[1]
        follows = np.zeros((len(vertices), wide), int)
        follows[:, 0] = np.concatenate(bodies)
        whole = np.zeros((len(vertices), wide))
        whole[:, 0] = 1.0
        return replace(
            old,
            vertices=np.concatenate([old.vertices, vertices]),
            faces=np.concatenate([old.faces, faces + len(old.vertices)]),
            bodies=np.concatenate([old.bodies, follows]),
            weights=np.concatenate([old.weights, whole]),
        )


def bears_hands(model: mujoco.MjModel) -> bool:
    """Whether a body has what tracked hands ride on."""
    names = {model.body(i).name for i in range(model.nbody)}
    return all(f"{side}_{part}" in names for side in SIDES for part in ("hand", "forearm"))


def _matrices(wxyz: Float[np.ndarray, "T 4"]) -> Float[np.ndarray, "T 3 3"]:
    return np.asarray(Rotation.from_quat(wxyz, scalar_first=True).as_matrix())


def _about_arm(rotations: Float[np.ndarray, "T 3 3"]) -> Float[np.ndarray, "T 3 3"]:
    """What of rotations is about the y axis, along which the arm is in the T pose: the rest is a swing."""
    w, _, y, _ = Rotation.from_matrix(rotations).as_quat(scalar_first=True).T
    return np.asarray(Rotation.from_rotvec(2 * np.arctan2(y, w)[:, None] * [0.0, 1.0, 0.0]).as_matrix())


def _without(surface: Surface, body: int) -> Surface:
    """A surface without what follows one body alone."""
    alone = (np.where(surface.bodies == body, surface.weights, 0.0).sum(1)) > 0.999
    kept = np.flatnonzero(~alone)
    index = np.full(len(alone), -1)
    index[kept] = np.arange(len(kept))
    faces = index[surface.faces[~alone[surface.faces].any(1)]]
    return replace(
        surface,
        vertices=surface.vertices[kept],
        faces=faces,
        bodies=surface.bodies[kept],
        weights=surface.weights[kept],
    )


def _follows(skin: Float[np.ndarray, "V 3"], joints: Float[np.ndarray, "5 4 3"]) -> Float[np.ndarray, "V 16"]:
    """How much points of a hand's skin follow the hand itself and the fingers' bones, in the T pose from the wrist."""
    distance, along = [], []
    for finger in joints:
        chain = np.vstack([np.zeros(3), finger])
        distance.append(np.min([_from_segment(skin, *chain[k : k + 2]) for k in range(4)], axis=0))
        along.append(_past_joints(skin, finger))
    near = (1.0 / np.maximum(np.stack(distance, axis=1), 1e-4)) ** _SHARP
    of_finger = near / near.sum(1, keepdims=True)
    first, second, third = np.moveaxis(np.stack(along, axis=1), -1, 0)
    bones = np.stack([first * (1 - second), first * second * (1 - third), first * second * third], axis=-1)
    bones = of_finger[..., None] * bones
    return np.hstack([1.0 - bones.sum((1, 2))[:, None], bones.reshape(len(skin), -1)])


def _from_segment(
    points: Float[np.ndarray, "V 3"], start: Float[np.ndarray, " 3"], end: Float[np.ndarray, " 3"]
) -> Float[np.ndarray, " V"]:
    way = end - start
    share = np.clip((points - start) @ way / (way @ way), 0.0, 1.0)
    return np.asarray(np.linalg.norm(points - start - share[:, None] * way, axis=1))


def _past_joints(points: Float[np.ndarray, "V 3"], finger: Float[np.ndarray, "4 3"]) -> Float[np.ndarray, "V 3"]:
    """How far points are past each of a finger's joints: 0 before it, 1 after it, one half where it is."""
    ways = np.diff(finger, axis=0)
    lengths = np.linalg.norm(ways, axis=1)
    units = ways / lengths[:, None]
    past = []
    for j in range(3):
        across = units[j] + (units[j - 1] if j else 0.0)
        across = across / np.linalg.norm(across)
        share = np.clip(0.5 + (points - finger[j]) @ across / (2 * _BLEND * lengths[j]), 0.0, 1.0)
        past.append(share * share * (3 - 2 * share))
    return np.stack(past, axis=-1)
