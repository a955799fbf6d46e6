"""Distances on a person that hardly change as the person moves: what tells of a rig how large it is.

They are taken between the detector's marks, not the joints' centres; left and right are one person's.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body import build
from motionrecon.body.pose import pose
from motionrecon.core.landmarks import BONES, INDEX, NAMES

#: The landmarks that are far enough apart to say something of a rig: the face's and the hands' repeat each other.
MARKS: Int[np.ndarray, " P"] = np.array(
    [
        INDEX[name]
        for name in NAMES
        if name in ("nose", "left_ear", "right_ear")
        or any(joint in name for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "foot_index"))
    ]
)
#: Limbs, and what they are attached to: pairs of landmarks of one side, with the other side's beside them.
_OF_A_SIDE = (
    *((a.removeprefix("left_"), b.removeprefix("left_")) for a, b in BONES if a[:5] == b[:5] == "left_"),
    ("shoulder", "ear"),
)
#: Pairs of landmarks across the body; those of a line are alike.
_ACROSS = (
    (("left_shoulder", "right_shoulder"),),
    (("left_hip", "right_hip"),),
    (("left_shoulder", "right_hip"), ("right_shoulder", "left_hip")),
    (("left_ear", "right_ear"),),
    (("left_ear", "nose"), ("right_ear", "nose")),
)
_LINES = (*((("left_" + a, "left_" + b), ("right_" + a, "right_" + b)) for a, b in _OF_A_SIDE), *_ACROSS)
_PLACE = {NAMES[mark]: i for i, mark in enumerate(MARKS)}

#: (B, 2) pairs of places in `MARKS`, and (B,) which of the lengths each of them has.
PAIRS: Int[np.ndarray, "B 2"] = np.array([(_PLACE[a], _PLACE[b]) for line in _LINES for a, b in line])
WHICH: Int[np.ndarray, " B"] = np.array([i for i, line in enumerate(_LINES) for _ in line])
#: How many lengths there are.
COUNT = len(_LINES)
#: How far the marks wander as the person bends, metres: those of a limb, and those of the trunk.
_STIFF, _SOFT = 0.02, 0.03
_TRUNK = frozenset({"shoulder", "hip", "ear"})


def _wander() -> Float[np.ndarray, " B"]:
    ends = [{NAMES[MARKS[i]].split("_", 1)[-1] for i in pair} for pair in PAIRS]
    return np.array([_SOFT if pair <= _TRUNK and pair != {"ear"} else _STIFF for pair in ends])


#: (B,) standard deviation of each distance about its length, metres.
WANDER: Float[np.ndarray, " B"] = _wander()


@lru_cache(maxsize=8)
def expected(height: float) -> Float[np.ndarray, " K"]:
    """The lengths of an average adult of this height, metres: those of `motionrecon.body`."""
    body = build(height)
    marks = pose(body.model, body.rest_qpos[None]).at(body.marks)[0, MARKS]
    apart = np.linalg.norm(marks[PAIRS[:, 0]] - marks[PAIRS[:, 1]], axis=1)
    return np.asarray(np.bincount(WHICH, apart) / np.bincount(WHICH))


def measured(points: Float[np.ndarray, "T P 3"]) -> Float[np.ndarray, " K"]:
    """The median lengths of points in the order of `MARKS`; NaN for those that are nowhere known."""
    apart = np.linalg.norm(points[:, PAIRS[:, 0]] - points[:, PAIRS[:, 1]], axis=-1)
    found = np.full(COUNT, np.nan)
    for i in range(COUNT):
        of_one = apart[:, i == WHICH]
        known = np.isfinite(of_one)
        if known.any():
            found[i] = np.median(of_one[known])
    return found
