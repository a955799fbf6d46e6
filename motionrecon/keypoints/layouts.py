"""Where other tools' lists of points hold the landmarks that BlazePose has too: one line a layout.

Orders as in OpenPose's documentation (BODY_25, COCO, BODY_25B, BODY_135), the COCO and COCO-WholeBody data sets,
Halpe-FullBody and MediaPipe. A layout is told by its number of points; where two have the same, by the bones that
they make of the points: the wrong one joins points of different limbs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from motionrecon.core.landmarks import BONES, INDEX


@dataclass(frozen=True)
class Layout:
    """One tool's list of points.

    Attributes:
        name: as the tools call it.
        count: how many points it has.
        places: where in the list each BlazePose landmark is that it has.
    """

    name: str
    count: int
    places: Mapping[str, int]

    @property
    def rows(self) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
        """Landmark numbers, and the places in the list that give them."""
        return np.array([INDEX[name] for name in self.places]), np.array(list(self.places.values()))


def _sides(**places: tuple[int, int]) -> dict[str, int]:
    """Places of the left and the right landmark of a joint."""
    return {
        f"{side}_{joint}": place for joint, pair in places.items() for side, place in zip(_SIDES, pair, strict=True)
    }


_SIDES = ("left", "right")
_FACE = {"nose": 0} | _sides(eye=(1, 2), ear=(3, 4))
_ARMS = _sides(shoulder=(5, 6), elbow=(7, 8), wrist=(9, 10))
#: Nose, eyes, ears, then limbs from the shoulders down, left before right.
_COCO = _FACE | _ARMS | _sides(hip=(11, 12), knee=(13, 14), ankle=(15, 16))
#: Nose, neck, then limbs, right before left, a point between the hips, the face, the feet.
_BODY_25 = {"nose": 0} | _sides(
    shoulder=(5, 2), elbow=(6, 3), wrist=(7, 4), hip=(12, 9), knee=(13, 10), ankle=(14, 11), eye=(16, 15), ear=(18, 17),
    foot_index=(19, 22), heel=(21, 24),
)  # fmt: skip
_COCO_18 = {"nose": 0} | _sides(
    shoulder=(5, 2), elbow=(6, 3), wrist=(7, 4), hip=(11, 8), knee=(12, 9), ankle=(13, 10), eye=(15, 14), ear=(17, 16)
)
_MPI = _sides(shoulder=(5, 2), elbow=(6, 3), wrist=(7, 4), hip=(11, 8), knee=(12, 9), ankle=(13, 10))
_BODY_25B = _COCO | _sides(foot_index=(19, 22), heel=(21, 24))
_HALPE = _COCO | _sides(foot_index=(20, 21), heel=(24, 25))
_WHOLEBODY = _COCO | _sides(foot_index=(17, 20), heel=(19, 22))
_HALPE_136 = _HALPE | _sides(thumb=(96, 117), index=(99, 120), pinky=(111, 132))
_COCO_133 = _WHOLEBODY | _sides(thumb=(93, 114), index=(96, 117), pinky=(108, 129))
_BODY_135 = _BODY_25B | _sides(thumb=(26, 46), index=(29, 49), pinky=(41, 61))

_BONES = (*BONES, *((f"{side}_eye", other) for side in ("left", "right") for other in ("nose", f"{side}_ear")))

#: Every known layout; of several with as many points, the one with the shortest bones.
LAYOUTS: tuple[Layout, ...] = (
    Layout("MPI", 15, _MPI),
    Layout("COCO_17", 17, _COCO),
    Layout("COCO", 18, _COCO_18),
    Layout("COCO_17 with a neck", 18, _COCO),
    Layout("COCO_17 with feet", 23, _WHOLEBODY),
    Layout("BODY_25", 25, _BODY_25),
    Layout("BODY_25B", 25, _BODY_25B),
    Layout("HALPE_26", 26, _HALPE),
    Layout("BLAZEPOSE", 33, INDEX),
    Layout("COCO_133", 133, _COCO_133),
    Layout("BODY_135", 135, _BODY_135),
    Layout("HALPE_136", 136, _HALPE_136),
)


def known() -> str:
    """All layouts with their numbers of points, for a message."""
    return ", ".join(f"{layout.count} ({layout.name})" for layout in LAYOUTS)


def of(people: Sequence[Float[np.ndarray, "n 3"]]) -> Layout | None:
    """The layout of all these people (x, y, confidence); None if their number of points is not known.

    Args:
        people: everybody in the clip, all with the same number of points.
    """
    candidates = [layout for layout in LAYOUTS if people and layout.count == len(people[0])]
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    points = np.array(people)
    return min(candidates, key=lambda layout: _bones(layout, points))


def _bones(layout: Layout, points: Float[np.ndarray, "people n 3"]) -> float:
    """The mean length of a bone, in sizes of the person, if the points were in this layout."""
    seen = np.where(points[..., 2:] > 0, points[..., :2], np.nan)
    known = np.isfinite(seen)
    size = (np.where(known, seen, -np.inf).max(1) - np.where(known, seen, np.inf).min(1)).max(1)
    bones = [(layout.places[a], layout.places[b]) for a, b in _BONES if a in layout.places and b in layout.places]
    one, other = np.array(bones).T
    length = np.linalg.norm(seen[:, one] - seen[:, other], axis=-1) / np.maximum(size, 1e-9)[:, None]
    finite = length[np.isfinite(length)]
    return float(finite.mean()) if len(finite) else np.inf
