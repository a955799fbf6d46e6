"""The MJCF of a person: capsules by segment, hinges with anatomical limits, position actuators, feet that touch."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from motionrecon.body.base import SEEN
from motionrecon.body.capsules.joints import HINGES
from motionrecon.body.capsules.segments import SEGMENTS
from motionrecon.body.hinge import Hinge
from motionrecon.body.marks import MARKED
from motionrecon.body.mjcf import add_body, begun, finished, text
from motionrecon.body.proportions import Proportions
from motionrecon.core.sides import OUTWARDS, without_side
from motionrecon.ground.base import Ground

# The heel and toe landmarks lie inside the foot, above the sole (metres).
_HEEL_ABOVE_SOLE, _TOE_ABOVE_SOLE = 0.025, 0.026
_SOLE_RADIUS = 0.018
# The shoulder girdle's mass is counted with the torso; MuJoCo needs a little of its own for each clavicle. It comes on
# top of the segments' shares, and these are rounded: divided by their sum, all shares make up the whole.
_CLAVICLE = 0.002
_SHARES = 2 * _CLAVICLE + sum(
    segment.mass * (1 if kind in ("head", "torso", "pelvis") else 2) for kind, segment in SEGMENTS.items()
)


class _Person:
    """Writes one person's MJCF; the methods follow the tree from the pelvis outwards."""

    def __init__(self, height: float, mass: float, size: Proportions) -> None:
        self.height, self.mass, self.size = height, mass, size
        self.joints: list[tuple[str, Hinge]] = []

    def body(self, parent: ET.Element, name: str, pos: Iterable[float]) -> ET.Element:
        """A body with the hinges of its kind; sided names get mirrored axes on the right."""
        element, joints = add_body(parent, name, pos, HINGES.get(without_side(name), ()), self.mass)
        self.joints += joints
        return element

    def inertial(
        self, element: ET.Element, kind: str, end: Float[np.ndarray, " 3"], length: float | None = None
    ) -> None:
        """Mass and inertia of a segment that runs from the body's origin to `end` (metres)."""
        segment, reach = SEGMENTS[kind], float(np.linalg.norm(end)) if length is None else length
        mass = segment.mass / _SHARES * self.mass
        front, side, along = (mass * (share * reach) ** 2 for share in segment.gyration)
        # The longitudinal axis is x (foot), y (arms) or z (all others) in the T pose.
        axis = int(np.argmax(np.abs(end)))
        inertia = {0: (along, side, front), 1: (front, along, side), 2: (front, side, along)}[axis]
        ET.SubElement(element, "inertial", pos=text(segment.com * end), mass=f"{mass:.6g}", diaginertia=text(inertia))

    def capsule(self, element: ET.Element, name: str, start: Iterable[float], end: Iterable[float], r: float) -> None:
        ET.SubElement(
            element,
            "geom",
            {"class": "flesh"},
            name=name,
            type="capsule",
            fromto=text([*start, *end]),
            size=f"{r:.6g}",
        )

    def site(self, element: ET.Element, landmark: str, pos: Iterable[float]) -> None:
        ET.SubElement(element, "site", name=landmark, pos=text(pos))

    def seen(self, element: ET.Element, side: str, joint: str, origin: Float[np.ndarray, " 3"]) -> None:
        """Where the detector marks a joint whose centre is at `origin` in the body's frame."""
        offset = self.height * np.array(MARKED[joint]) * np.array([1.0, OUTWARDS[side], 1.0])
        ET.SubElement(element, "site", name=f"{SEEN}{side}_{joint}", pos=text(origin + offset))

    def pelvis(self, world: ET.Element) -> None:
        h, s = self.height, self.size
        standing = s.thigh + s.shank + s.ankle_height
        pelvis = ET.SubElement(world, "body", name="pelvis", pos=text((0, 0, standing)))
        ET.SubElement(pelvis, "freejoint", name="root")
        lumbar = np.array([0.0, 0.0, 0.27 * s.torso])
        self.inertial(pelvis, "pelvis", lumbar, length=0.12 * h)
        half = 0.5 * s.hip_width
        self.capsule(pelvis, "pelvis", (0, -0.6 * half, 0.02), (0, 0.6 * half, 0.02), 0.058 * h)
        self.torso(pelvis, lumbar)
        for side, sign in OUTWARDS.items():
            hip = np.array([0.0, sign * half, 0.0])
            self.seen(pelvis, side, "hip", hip)
            self.leg(pelvis, side, hip)

    def torso(self, pelvis: ET.Element, lumbar: Float[np.ndarray, " 3"]) -> None:
        h, s = self.height, self.size
        torso = self.body(pelvis, "torso", lumbar)
        top = s.torso - lumbar[2]  # the shoulders' height over the lumbar joint
        self.inertial(torso, "torso", np.array([0.0, 0.0, top]))
        self.capsule(torso, "abdomen", (0, -0.012 * h, 0.01), (0, 0.012 * h, 0.01), 0.062 * h)
        self.capsule(torso, "chest", (0, -0.035 * h, top - 0.075 * h), (0, 0.035 * h, top - 0.075 * h), 0.068 * h)
        self.head(torso, top)
        for side, sign in OUTWARDS.items():
            self.arm(torso, side, sign, top)

    def head(self, torso: ET.Element, top: float) -> None:
        h, up = self.height, self.size.head
        head = self.body(torso, "head", (0, 0, top + 0.01 * h))
        self.inertial(head, "head", np.array([0.0, 0.0, 1.75 * up]))
        self.capsule(head, "neck", (0, 0, 0), (0.1 * up, 0, 0.35 * up), 0.032 * h)
        self.capsule(head, "skull", (0.012 * h, 0, up - 0.01 * h), (0.012 * h, 0, up + 0.03 * h), 0.054 * h)
        ear = np.array([0.010 * h, 0.0, up - 0.01 * h])
        self.site(head, "nose", ear + h * np.array([0.064, 0, -0.004]))
        for side, sign in OUTWARDS.items():
            self.site(head, f"{side}_ear", ear + h * np.array([0, sign * 0.044, 0]))
            self.site(head, f"{side}_eye_inner", ear + h * np.array([0.052, sign * 0.010, 0.016]))
            self.site(head, f"{side}_eye", ear + h * np.array([0.050, sign * 0.018, 0.016]))
            self.site(head, f"{side}_eye_outer", ear + h * np.array([0.046, sign * 0.026, 0.016]))
            self.site(head, f"mouth_{side}", ear + h * np.array([0.052, sign * 0.014, -0.028]))

    def arm(self, torso: ET.Element, side: str, sign: float, top: float) -> None:
        h, s = self.height, self.size
        inner = 0.12 * s.shoulder_width  # the clavicle turns near the breastbone
        clavicle = self.body(torso, f"{side}_clavicle", (0, sign * inner, top))
        shoulder = np.array([0.0, sign * (0.5 * s.shoulder_width - inner), 0.0])
        ET.SubElement(
            clavicle,
            "inertial",
            pos=text(0.5 * shoulder),
            mass=f"{_CLAVICLE / _SHARES * self.mass:.6g}",
            diaginertia="2e-4 2e-4 2e-4",
        )
        self.capsule(clavicle, f"{side}_shoulder", 0.2 * shoulder, shoulder, 0.030 * h)
        self.seen(clavicle, side, "shoulder", shoulder)
        upper = self.body(clavicle, f"{side}_upper_arm", shoulder)
        self.site(upper, f"{side}_shoulder", (0, 0, 0))
        elbow = np.array([0.0, sign * s.upper_arm, 0.0])
        self.inertial(upper, "upper_arm", elbow)
        self.seen(upper, side, "elbow", elbow)
        self.capsule(upper, f"{side}_upper_arm", (0, 0, 0), elbow, 0.027 * h)
        forearm = self.body(upper, f"{side}_forearm", elbow)
        self.site(forearm, f"{side}_elbow", (0, 0, 0))
        wrist = np.array([0.0, sign * s.forearm, 0.0])
        self.inertial(forearm, "forearm", wrist)
        self.capsule(forearm, f"{side}_forearm", (0, 0, 0), wrist, 0.021 * h)
        hand = self.body(forearm, f"{side}_hand", wrist)
        self.site(hand, f"{side}_wrist", (0, 0, 0))
        self.inertial(hand, "hand", np.array([0.0, sign * 0.09 * h, 0.0]))
        self.capsule(hand, f"{side}_hand", (0, sign * 0.015 * h, 0), (0, sign * 0.065 * h, 0), 0.018 * h)
        self.site(hand, f"{side}_index", (0.018 * h, sign * 0.052 * h, 0))
        self.site(hand, f"{side}_pinky", (-0.020 * h, sign * 0.046 * h, 0))
        self.site(hand, f"{side}_thumb", (0.026 * h, sign * 0.020 * h, 0))

    def leg(self, pelvis: ET.Element, side: str, hip: Float[np.ndarray, " 3"]) -> None:
        h, s = self.height, self.size
        thigh = self.body(pelvis, f"{side}_thigh", hip)
        self.site(thigh, f"{side}_hip", (0, 0, 0))
        knee, ankle = np.array([0.0, 0.0, -s.thigh]), np.array([0.0, 0.0, -s.shank])
        self.inertial(thigh, "thigh", knee)
        self.capsule(thigh, f"{side}_thigh", (0, 0, 0), knee, 0.040 * h)
        shank = self.body(thigh, f"{side}_shank", knee)
        self.site(shank, f"{side}_knee", (0, 0, 0))
        self.inertial(shank, "shank", ankle)
        self.capsule(shank, f"{side}_shank", (0, 0, 0), ankle, 0.028 * h)
        self.foot(self.body(shank, f"{side}_foot", ankle), side, OUTWARDS[side])

    def foot(self, foot: ET.Element, side: str, sign: float) -> None:
        s = self.size
        self.site(foot, f"{side}_ankle", (0, 0, 0))
        sole, behind = -s.ankle_height, 0.22 * s.foot  # how far the heel lies behind the ankle
        heel = np.array([-behind, 0.0, sole + _HEEL_ABOVE_SOLE])
        toe = np.array([s.foot - behind, 0.0, sole + _TOE_ABOVE_SOLE])
        self.site(foot, f"{side}_heel", heel)
        self.site(foot, f"{side}_foot_index", toe)
        for joint, centre in (("ankle", np.zeros(3)), ("heel", heel), ("foot_index", toe)):
            self.seen(foot, side, joint, centre)
        self.inertial(foot, "foot", np.array([s.foot, 0.0, 0.5 * sole]))
        r, bottom = _SOLE_RADIUS, sole + _SOLE_RADIUS
        points = {
            "heel": (heel[0] + 0.06 * s.foot, 0.0),
            "ball_inner": (toe[0] - 0.26 * s.foot, -sign * 0.14 * s.foot),
            "ball_outer": (toe[0] - 0.34 * s.foot, sign * 0.16 * s.foot),
            "toe": (toe[0] - 0.04 * s.foot, -sign * 0.05 * s.foot),
        }
        for name, (x, y) in points.items():
            ET.SubElement(
                foot,
                "geom",
                {"class": "sole"},
                name=f"{side}_{name}",
                type="sphere",
                size=f"{r:.6g}",
                pos=text((x, y, bottom)),
            )
        front = 0.5 * (np.array(points["ball_inner"]) + points["ball_outer"])
        ET.SubElement(
            foot, "geom", {"class": "shape"}, name=f"{side}_instep", type="capsule", size="0.034",
            fromto=text((-0.3 * behind, 0, 0.45 * sole, front[0] - 0.03, front[1], sole + 0.036)),
        )  # fmt: skip
        for start in ("ball_inner", "ball_outer"):
            name = f"{side}_{start.replace('ball', 'edge')}"
            ET.SubElement(
                foot, "geom", {"class": "shape"}, name=name, type="capsule", size=f"{0.95 * r:.6g}",
                fromto=text((*points["heel"], bottom, *points[start], bottom)),
            )  # fmt: skip


def write_mjcf(height: float, mass: float, size: Proportions, timestep: float, ground: Ground) -> str:
    """MJCF of a person on the ground.

    Args:
        height: body height, metres. Scales what `size` does not say (girths, head, hands).
        mass: body mass, kg. Scales inertia and actuator gains.
        size: lengths between the joints.
        timestep: simulation step, seconds.
        ground: what the person stands on.

    Returns:
        The text of a complete model: it loads in plain MuJoCo.
    """
    root, world = begun("capsules", timestep, ground)
    person = _Person(height, mass, size)
    person.pelvis(world)
    return finished(root, person.joints, mass)
