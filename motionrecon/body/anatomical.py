"""The segments of a person that anatomy names, and their axes: what joint angles are measured between.

The axes are those that the International Society of Biomechanics (ISB) recommends: X forward, Y up along the segment, Z
to the right, in the anatomical position (upright, arms hanging, palms forward). Sources: Wu et al. (2002), J. Biomech.
35, 543-548 (leg, trunk); Wu et al. (2005), J. Biomech. 38, 981-992 (arm). They are found from the joints' centres and
from what a zero pose is (a T pose, facing +x, palms down), so that any body has them, however it is built:

- thigh, shank, upper arm, forearm, hand: Y goes through the centres of the joints at both ends; Z is where the
  joint's medial-lateral axis is in a T pose, at right angles to Y;
- foot and toes: X goes from heel to toe along the ground that all of the foot stands on, Y away from it;
- pelvis, trunk, head: upright in the zero pose.

Where ISB asks for bony landmarks of the pelvis and the trunk, which no video shows, those axes may be tilted by what
lies between the person's upright stance and the bones: a pelvis whose spines stand at 10 degrees when its owner stands
upright is at 0 here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float

from motionrecon.body.base import Anatomy
from motionrecon.body.pose import Pose, zero_pose
from motionrecon.core.sides import SIDES
from motionrecon.core.vectors import unit

#: The world in ISB's axes, as columns: X is the world's x, Y is up, Z is right of somebody who faces x.
WORLD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])

_FORWARD, _UP, _RIGHT = WORLD.T

#: Two places this near are one joint's centre, metres.
_SAME = 1e-3
#: How wide what bears load under a foot must be to tell how the ground lies, metres.
_WIDE = 0.01


@dataclass(frozen=True)
class AnatomicalSegment:
    """One segment.

    Attributes:
        name: ``left_thigh``.
        body: index of the body of the model that it is.
        axes: (3, 3) its X, Y and Z as columns, in that body's frame.
    """

    name: str
    body: int
    axes: Float[np.ndarray, "3 3"]

    def turned(self, at: Pose) -> Float[np.ndarray, "T 3 3"]:
        """Its axes in the world, as columns."""
        return np.asarray(at.rotations[:, self.body] @ self.axes)


def segments_of(anatomy: Anatomy) -> dict[str, AnatomicalSegment]:
    """The segments of a body by their names: ``pelvis``, ``trunk``, ``head``, and of both sides ``thigh``, ``shank``,
    ``foot``, ``toes``, ``upper_arm``, ``forearm`` and ``hand``.

    Hands and toes that are one body with what carries them are none.
    """
    return _Zero(anatomy).segments()


class _Zero:
    """A body in its zero pose, and what is where in it."""

    def __init__(self, anatomy: Anatomy) -> None:
        self._model = model = anatomy.model
        at = zero_pose(model)
        self._origins, self._rotations = at.origins[0], at.rotations[0]
        marks = anatomy.landmarks
        self._places = dict(zip(marks.names, at.at(marks)[0], strict=True))
        soles = anatomy.soles
        bottoms = at.at(soles)[0] - soles.radii[:, None] * _UP
        self._soles = dict(zip(soles.names, bottoms, strict=True))
        self._carrier = dict(zip(marks.names, marks.bodies.tolist(), strict=True))

    def segments(self) -> dict[str, AnatomicalSegment]:
        upper_arms = [self._limb(side, "index", ("shoulder",))[0] for side in SIDES]
        trunk = _common(*(path_to(self._model, body) for body in upper_arms))
        pelvis = int(np.flatnonzero(self._model.body_parentid == 0)[-1])
        found = [
            self._segment("pelvis", pelvis, WORLD),
            self._segment("trunk", trunk, WORLD),
            self._segment("head", self._carrier["nose"], WORLD),
        ]
        for side in SIDES:
            found += self._leg(side)
            found += self._arm(side)
        return {segment.name: segment for segment in found}

    def _leg(self, side: str) -> list[AnatomicalSegment]:
        thigh, shank, foot = self._limb(side, "heel", ("hip", "knee", "ankle"))
        hip, knee, ankle, heel, toe = (
            self._places[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "heel", "foot_index")
        )
        up = self._off_ground(side)
        forward = unit(toe - heel - ((toe - heel) @ up) * up)
        sole = np.column_stack([forward, up, np.cross(forward, up)])
        segments = [
            self._segment(f"{side}_thigh", thigh, _along(hip - knee, _RIGHT)),
            self._segment(f"{side}_shank", shank, _along(knee - ankle, _RIGHT)),
            self._segment(f"{side}_foot", foot, sole),
        ]
        toes = self._carrier[f"{side}_foot_index"]
        return segments if toes == foot else [*segments, self._segment(f"{side}_toes", toes, sole)]

    def _off_ground(self, side: str) -> Float[np.ndarray, " 3"]:
        """Away from the ground that a foot stands on when all that bears load under it does: up, in most zero poses."""
        under = np.array([place for name, place in self._soles.items() if name.startswith(side)])
        if len(under) < 3:
            return np.asarray(_UP)
        _, wide, axes = np.linalg.svd(under - under.mean(0))
        return np.asarray(axes[2] * np.sign(axes[2] @ _UP) if wide[1] > _WIDE else _UP)

    def _arm(self, side: str) -> list[AnatomicalSegment]:
        upper, fore, hand = self._limb(side, "index", ("shoulder", "elbow", "wrist"))
        shoulder, elbow, wrist, index, pinky = (
            self._places[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist", "index", "pinky")
        )
        # In a T pose with palms down the elbow's axis stands upright, and the thumb's side looks forward.
        outward = 1.0 if side == "right" else -1.0
        segments = [
            self._segment(f"{side}_upper_arm", upper, _along(shoulder - elbow, outward * _UP)),
            self._segment(f"{side}_forearm", fore, _along(elbow - wrist, outward * _FORWARD)),
        ]
        knuckles = wrist - 0.5 * (index + pinky)
        return [*segments, self._segment(f"{side}_hand", hand, _along(knuckles, outward * _FORWARD))]

    def _segment(self, name: str, body: int, axes: Float[np.ndarray, "3 3"]) -> AnatomicalSegment:
        return AnatomicalSegment(name, body, self._rotations[body].T @ axes)

    def _limb(self, side: str, end: str, joints: Sequence[str]) -> list[int]:
        """The bodies that start at these joints, on the way to a landmark: of several at one place the farthest out."""
        way = np.array(path_to(self._model, self._carrier[f"{side}_{end}"]))
        found = []
        for joint in joints:
            away = np.linalg.norm(self._origins[way] - self._places[f"{side}_{joint}"], axis=1)
            found.append(int(way[np.flatnonzero(away <= away.min() + _SAME)[-1]]))
        return found


def path_to(model: mujoco.MjModel, body: int, above: int = 0) -> list[int]:
    """The bodies from below ``above`` (an ancestor; the world if not given) down to ``body``, in this order.

    Raises:
        ValueError: ``body`` does not hang on ``above``.
    """
    way: list[int] = []
    while body != above:
        if body == 0:
            raise ValueError("the body does not hang on the other")
        way.insert(0, body)
        body = int(model.body_parentid[body])
    return way


def _common(a: list[int], b: list[int]) -> int:
    """The last body that two ways from the world share."""
    return [x for x, y in zip(a, b, strict=False) if x == y][-1]


def _along(y: Float[np.ndarray, " 3"], z: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    """Right-handed axes as columns: Y along ``y``, Z as near to ``z`` as that allows."""
    y = unit(y)
    x = unit(np.cross(y, z))
    return np.column_stack([x, y, np.cross(x, y)])
