"""Where the 33 landmarks and the soles are on a body of SMPL's kin, each tied to a joint or a vertex.

So they move with the shape as these do, which is linear, and what is chosen of the skin is chosen once, on one shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.mesh.soles import under_foot
from motionrecon.body.smpl.layouts import CARRIED, Layout
from motionrecon.core.sides import OUTWARDS

#: Limbs' landmarks -> the segment that begins there.
_JOINTS = {
    "shoulder": "upper_arm",
    "elbow": "forearm",
    "wrist": "hand",
    "hip": "thigh",
    "knee": "shank",
    "ankle": "foot",
}
#: How far before an eye's centre its landmark is, and how far to its sides its corners are, metres.
_CORNEA, _CORNER = 0.012, 0.014
#: Of a body without joints there, from the nose's tip: an eye's centre (left) and a corner of the mouth (left).
_EYE, _MOUTH = np.array([-0.03, 0.032, 0.035]), np.array([-0.015, 0.024, -0.035])
#: Of a hand without knuckles, from the joint in its middle, or from half way to the wrist for the thumb, metres.
_KNUCKLES = {"index": (0.025, 0.0, 0.0), "pinky": (-0.025, 0.0, 0.0), "thumb": (0.04, 0.0, 0.0)}
#: How far the landmarks of heel and toes lie above the sole; how wide the skin is looked at about a ball, metres.
_HEEL_ABOVE_SOLE, _TOE_ABOVE_SOLE, _AROUND = 0.02, 0.03, 0.025
#: How far from the middle the nose may be, and how far below the eyes' height or above the ears, metres.
_MIDDLE, _BESIDE = 0.012, 0.04


@dataclass(frozen=True)
class Tie:
    """A point that goes with a joint or a vertex.

    Attributes:
        joint: whether that is a joint.
        number: of the joint, or of the vertex.
        offset: (3,) from there, metres, in the rest pose.
    """

    joint: bool
    number: int
    offset: Float[np.ndarray, " 3"]


class Marker:
    """A shape in the rest pose, x forward, y left, z up, on which places are looked for."""

    def __init__(
        self,
        layout: Layout,
        joints: Float[np.ndarray, "J 3"],
        skin: Float[np.ndarray, "V 3"],
        owner: Int[np.ndarray, " V"],
    ) -> None:
        """Args:
        layout: which of SMPL's kin.
        joints: where they are.
        skin: the vertices.
        owner: the number in `CARRIED` of the segment that each vertex follows most.
        """
        self._layout, self._joints, self._skin, self._owner = layout, joints, skin, owner

    def landmarks(self) -> dict[str, Tie]:
        """The landmarks by their names."""
        ties = dict(self._head())
        for side, sign in OUTWARDS.items():
            ties |= {f"{side}_{name}": self._at_joint(f"{side}_{part}") for name, part in _JOINTS.items()}
            ties |= self._hand(side, sign)
            heel, tip = self._ends(side)
            ties[f"{side}_heel"] = self._above_sole(side, heel, _HEEL_ABOVE_SOLE)
            ties[f"{side}_foot_index"] = self._above_sole(side, tip, _TOE_ABOVE_SOLE)
        return ties

    def soles(self, side: str, sign: float) -> list[Tie]:
        """The lowest points of the balls under a foot, each as low as the skin is there."""
        heel, tip = (self._skin[i] for i in self._ends(side))
        ankle, foot = self._joints[CARRIED.index(f"{side}_foot")], self._of(f"{side}_foot", f"{side}_toes")
        found = []
        for place in under_foot(ankle, heel, tip, sign, 0.0):
            away = np.linalg.norm(self._skin[foot, :2] - place[:2], axis=1)
            near = foot[away <= max(_AROUND, float(away.min()))]
            lowest = int(near[self._skin[near, 2].argmin()])
            found.append(self._to_vertex(lowest, [place[0], place[1], self._skin[lowest, 2]]))
        return found

    def _head(self) -> Mapping[str, Tie]:
        head = self._of("head")
        skin = self._skin[head]
        off = np.abs(skin[:, 1])
        tip = int(head[np.where(off <= max(_MIDDLE, float(off.min())), skin[:, 0], -np.inf).argmax()])
        nose = self._skin[tip]
        ties = {"nose": self._to_vertex(tip, nose)}
        for i, (side, sign) in enumerate(OUTWARDS.items()):
            mirror = np.array([1.0, sign, 1.0])
            eye = nose + _EYE * mirror if self._layout.eyes is None else self._joints[self._layout.eyes[i]]
            for name, offset in (("", (_CORNEA, 0, 0)), ("_inner", (0, -_CORNER, 0)), ("_outer", (0, _CORNER, 0))):
                ties[f"{side}_eye{name}"] = self._to_vertex(tip, eye + np.array(offset) * mirror)
            level = np.abs(skin[:, 2] - eye[2])
            beside = level <= max(_BESIDE, float(level.min()))
            ear = int(head[np.where(beside, sign * skin[:, 1], -np.inf).argmax()])
            ties[f"{side}_ear"] = self._to_vertex(ear, self._skin[ear])
            ties[f"mouth_{side}"] = self._to_vertex(tip, nose + _MOUTH * mirror)
        return ties

    def _hand(self, side: str, sign: float) -> dict[str, Tie]:
        wrist = CARRIED.index(f"{side}_hand")
        if self._layout.knuckles is not None:
            numbers = {name: pair[0 if sign > 0 else 1] for name, pair in self._layout.knuckles.items()}
            return {f"{side}_{name}": Tie(True, number, np.zeros(3)) for name, number in numbers.items()}
        middle = self._joints[len(CARRIED) + (0 if sign > 0 else 1)]
        back = 0.5 * (self._joints[wrist] - middle)
        offsets = {name: np.array(offset) + (back if name == "thumb" else 0) for name, offset in _KNUCKLES.items()}
        return {f"{side}_{n}": Tie(True, wrist, middle + o - self._joints[wrist]) for n, o in offsets.items()}

    def _ends(self, side: str) -> tuple[int, int]:
        """The vertices farthest back and farthest forward on the low part of a foot, along it."""
        ankle, toes = (self._joints[CARRIED.index(f"{side}_{name}")] for name in ("foot", "toes"))
        foot = self._of(f"{side}_foot", f"{side}_toes")
        skin = self._skin[foot]
        low = skin[:, 2] < skin[:, 2].min() + 0.05
        along = skin[:, :2] @ (toes - ankle)[:2]
        return int(foot[np.where(low, along, np.inf).argmin()]), int(foot[np.where(low, along, -np.inf).argmax()])

    def _above_sole(self, side: str, vertex: int, height: float) -> Tie:
        sole = self._skin[self._of(f"{side}_foot", f"{side}_toes"), 2].min()
        return self._to_vertex(vertex, [*self._skin[vertex, :2], sole + height])

    def _of(self, *segments: str) -> Int[np.ndarray, " n"]:
        return np.flatnonzero(np.isin(self._owner, [CARRIED.index(name) for name in segments]))

    def _at_joint(self, segment: str) -> Tie:
        return Tie(True, CARRIED.index(segment), np.zeros(3))

    def _to_vertex(self, vertex: int, place: Float[np.ndarray, " 3"] | list[float]) -> Tie:
        return Tie(False, vertex, np.asarray(place, float) - self._skin[vertex])
