"""Motions that no free recording shows, made by inverse kinematics: squatting, sitting down, standing up, carrying.

Feet stand where they are; the legs are two-link chains from the ankles to the hips. Where nothing but the feet bears
the person, the middle of the mass is over the middle of the feet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.pose import pose
from motionrecon.data import simulate
from motionrecon.data.mannequin import INDEX, SEGMENTS, Mannequin
from motionrecon.data.scene import Prop
from motionrecon.data.suites.synthetic.acted import FPS, Acted
from motionrecon.data.suites.synthetic.people import Leg
from motionrecon.data.suites.synthetic.recorded import Recorded

_WOOD, _CARTON = (0.55, 0.40, 0.25), (0.66, 0.52, 0.35)
#: Height of a seat over the knees' height, as a share of it, of a chair.
_SEAT = 0.96
#: How far the middle of the feet is in front of the ankles, of the shank's length.
_MID_FOOT = 0.12


def _eased(time: Float[np.ndarray, " T"], start: float, end: float) -> Float[np.ndarray, " T"]:
    """From 0 to 1 with the least jerk (Flash and Hogan 1985)."""
    x = np.clip((time - start) / (end - start), 0.0, 1.0)
    return np.asarray(x**3 * (10 - 15 * x + 6 * x**2))


def _about_y(angle: Float[np.ndarray, " T"]) -> Float[np.ndarray, "T 3 3"]:
    """Turns that tilt up forwards."""
    return np.asarray(Rotation.from_rotvec(np.outer(angle, [0.0, 1.0, 0.0])).as_matrix())


@dataclass(frozen=True)
class _Postures:
    """A person whose feet stand side by side at x = 0, in T frames.

    Attributes:
        hips: (T, 2) x and z of the hips, metres.
        lean: (T,) of the trunk, forwards, radians.
        reach: (T,) of the upper arms, forwards, radians.
        bend: (T,) of the elbows, radians.
    """

    hips: Float[np.ndarray, "T 2"]
    lean: Float[np.ndarray, " T"]
    reach: Float[np.ndarray, " T"]
    bend: Float[np.ndarray, " T"]

    def acted(self, person: Mannequin) -> Acted:
        leg = Leg.of(person)
        x, z = self.hips[:, 0], self.hips[:, 1] - leg.ankle
        far = np.minimum(np.hypot(x, z), leg.thigh + leg.shank - 1e-4)
        knee = np.pi - np.arccos((leg.thigh**2 + leg.shank**2 - far**2) / (2 * leg.thigh * leg.shank))
        at_hip = np.arccos(np.clip((leg.thigh**2 + far**2 - leg.shank**2) / (2 * leg.thigh * far), -1, 1))
        thigh = np.arctan2(-x, z) + at_hip  # forwards from straight down
        T = len(x)
        turned = np.tile(np.eye(3), (T, len(SEGMENTS), 1, 1))
        turned[:, INDEX["pelvis"]] = _about_y(0.7 * self.lean)
        turned[:, INDEX["torso"]] = _about_y(self.lean)
        turned[:, INDEX["head"]] = _about_y(0.25 * self.lean)
        for side, sign in (("left", 1.0), ("right", -1.0)):
            turned[:, INDEX[f"{side}_thigh"]] = _about_y(-thigh)
            turned[:, INDEX[f"{side}_shank"]] = _about_y(knee - thigh)
            away = Rotation.from_euler("x", 0.10 * sign).as_matrix()
            turned[:, INDEX[f"{side}_upper_arm"]] = _about_y(-self.reach) @ away
            for part in ("forearm", "hand"):
                turned[:, INDEX[f"{side}_{part}"]] = _about_y(-self.reach - self.bend) @ away
        root = np.stack([x, np.zeros(T), self.hips[:, 1]], axis=1)
        return Acted(root, turned)

    def balanced(self, person: Mannequin) -> _Postures:
        """With the hips as far back as puts the middle of the mass over that of the feet."""
        model = simulate.build_model(person)
        over = _MID_FOOT * Leg.of(person).shank
        found = self
        for _ in range(6):
            qpos = simulate.target_qpos(person, model, found.acted(person).as_motion(person))
            hips = found.hips.copy()
            hips[:, 0] -= pose(model, qpos).com[:, 0] - over
            found = replace(found, hips=hips)
        return found


@dataclass(frozen=True)
class Squat:
    """Down and up again.

    Attributes:
        depth: how far the hips go down, of the legs' length.
        lean: of the trunk at the lowest, radians.
        reach: of the arms there, forwards, radians.
        pace: seconds down, and up again.
    """

    depth: float
    lean: float
    reach: float
    pace: float

    @property
    def source(self) -> str:
        return "made: a squat by inverse kinematics"

    def by(self, person: Mannequin) -> Acted:
        time = np.arange(0.0, 2 * self.pace + 0.95, 1 / FPS)  # it is simulated, which takes some of both ends
        down = _eased(time, 0.4, 0.4 + self.pace) - _eased(time, 0.5 + self.pace, 0.5 + 2 * self.pace)
        leg = Leg.of(person)
        high = 0.995 * (leg.thigh + leg.shank) + leg.ankle
        hips = np.stack([0 * time, high - self.depth * down * (leg.thigh + leg.shank)], axis=1)
        posture = _Postures(hips, self.lean * down, 0.1 + self.reach * down, 0.25 - 0.1 * down)
        return posture.balanced(person).acted(person)


@dataclass(frozen=True)
class SitDown:
    """Onto a chair, to stay there.

    Attributes:
        lean: of the trunk on the way, radians.
        bend: of the elbows when seated, radians.
        pace: seconds on the way.
        seated: seconds on the chair.
        backwards: the same in reverse: standing up.
        stool: the chair has no back.
    """

    lean: float
    bend: float
    pace: float
    seated: float
    backwards: bool = False
    stool: bool = False

    @property
    def source(self) -> str:
        return f"made: {'standing up from' if self.backwards else 'sitting down on'} a seat by inverse kinematics"

    def by(self, person: Mannequin) -> Acted:
        leg = Leg.of(person)
        time = np.arange(0.0, 0.3 + self.pace + self.seated, 1 / FPS)
        down, back = _eased(time, 0.2, 0.2 + self.pace), _eased(time, 0.2 + 0.45 * self.pace, 0.2 + self.pace)
        high = 0.995 * (leg.thigh + leg.shank) + leg.ankle
        low = _SEAT * (leg.shank + leg.ankle) + 0.05 * leg.thigh
        lean = self.lean * np.sin(np.pi * down) + 0.12 * down
        posture = _Postures(
            np.stack([0 * time, high + (low - high) * down], axis=1),
            lean,
            0.1 + 0.5 * down,
            0.25 + (self.bend - 0.25) * down,
        )
        over_feet = posture.balanced(person)
        hips = over_feet.hips.copy()
        hips[:, 0] += back * (0.04 - leg.thigh - hips[:, 0])
        acted = replace(over_feet, hips=hips).acted(person)
        if self.backwards:
            acted = replace(acted, root=acted.root[::-1], rotations=acted.rotations[::-1])
        return replace(acted, props=_chair(person, acted, 0 if self.backwards else -1, self.stool))


def _chair(person: Mannequin, acted: Acted, frame: int, stool: bool) -> tuple[Prop, ...]:
    """A seat under somebody who faces x, and its back."""
    positions, turned = person.forward(acted.root, acted.rotations)[frame], acted.rotations[frame]
    skin, owner = person.skin(positions, turned), person.weights.argmax(1)
    pelvis = skin[owner == INDEX["pelvis"]]
    top, hips = float(pelvis[:, 2].min()) + 0.01, acted.root[frame]
    still = np.eye(3)
    seat = Prop.still(np.array([0.21, 0.22, 0.025]), np.array([hips[0] + 0.02, 0.0, top - 0.025]), still, _WOOD)
    legs = [
        Prop.still(np.array([0.02, 0.02, top / 2 - 0.025]), np.array([hips[0] + x, y, top / 2 - 0.025]), still, _WOOD)
        for x in (-0.16, 0.20)
        for y in (-0.19, 0.19)
    ]
    back = float(pelvis[:, 0].min()) - 0.05
    rest = Prop.still(np.array([0.015, 0.22, 0.24]), np.array([back, 0.0, top + 0.32]), still, _WOOD)
    return (seat, *legs) if stool else (seat, *legs, rest)


@dataclass(frozen=True)
class Carry:
    """A recorded walk with a light box before the body.

    Attributes:
        walk: what is walked.
        reach: of the upper arms, forwards from the trunk, radians.
        bend: of the elbows, radians.
    """

    walk: Recorded
    reach: float
    bend: float

    @property
    def source(self) -> str:
        return f"{self.walk.source}, the arms made: they carry a box"

    def by(self, person: Mannequin) -> Acted:
        acted = self.walk.by(person)
        turned = acted.rotations.copy()
        torso = turned[:, INDEX["torso"]]
        for side in ("left", "right"):
            turned[:, INDEX[f"{side}_upper_arm"]] = torso @ _about_y(np.array([-self.reach]))
            for part in ("forearm", "hand"):
                turned[:, INDEX[f"{side}_{part}"]] = torso @ _about_y(np.array([-self.reach - self.bend]))
        hands = person.forward(acted.root, turned)[:, [INDEX["left_hand"], INDEX["right_hand"]]]
        wide = float(np.linalg.norm(hands[:, 0] - hands[:, 1], axis=1).mean())
        middle = hands.mean(1) + torso @ np.array([0.09, 0.0, 0.0])
        box = Prop(np.array([0.15, wide / 2 - 0.045, 0.11]), middle, torso, _CARTON)
        return replace(acted, rotations=turned, props=(box,))
