"""Where a second result stands beside the first, when two are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

_GAP = 1.5  # metres between two who stand side by side
_ASIDE = 0.6  # metres between two that need no gap
_FAR = 3.0  # metres beyond which one would be out of sight
_FIRST = 5  # frames that tell where a person faces at the beginning
_SAME = 0.01  # metres, and of the axes' directions, between two poses of one camera


@dataclass(frozen=True)
class Place:
    """Where a result is shown.

    Attributes:
        shift: (3,) from where it is in its own world, turned, to where it is shown, metres.
        gap: (3,) how much farther while results stand side by side, metres.
        heading: by which its world is turned about the vertical first, radians.
    """

    shift: Float[np.ndarray, " 3"]
    gap: Float[np.ndarray, " 3"]
    heading: float = 0.0

    def put(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Points of the result's own world where they are shown, without the gap."""
        return np.asarray(points @ _about_vertical(self.heading).T + self.shift)


#: Of the first result.
AT_HOME = Place(np.zeros(3), np.zeros(3))


def place_beside(
    first: Motion,
    other: Motion,
    starts: tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " 2"]],
    number: int,
    right: Float[np.ndarray, " 3"],
) -> Place:
    """Where another result stands beside the first one.

    Two of one calibrated camera keep their places in its world, with a gap if they would stand in each other; of
    others, whose worlds have nothing to do with each other, the second begins where the first one does, a gap aside.

    Args:
        first, other: the results.
        starts: (2,) of each, where on the floor its person begins, metres.
        number: of the other, from 1.
        right: (3,) unit vector to the viewer's right.
    """
    here, there = starts
    away = float(np.linalg.norm(there - here))
    gap = _GAP * number * right
    if not _of_one_camera(first, other) or away > _FAR:
        return Place(np.array([*(here - there), 0.0]), gap)
    return Place(np.zeros(3), gap if away < _ASIDE else np.zeros(3))


def place_alike(
    first: tuple[Float[np.ndarray, " 2"], Float[np.ndarray, "T 3"]],
    other: tuple[Float[np.ndarray, " 2"], Float[np.ndarray, "t 3"]],
    number: int,
    right: Float[np.ndarray, " 3"],
) -> Place:
    """Where another result stands that begins where the first one does, and faces as it does, a gap aside.

    Args:
        first, other: of each, where on the floor its person begins, metres, and where they face in every frame.
        number: of the other, from 1.
        right: (3,) unit vector to the viewer's right.
    """
    (here, faces), (there, looks) = first, other
    heading = _heading(faces) - _heading(looks)
    moved = _about_vertical(heading) @ np.array([*there, 0.0])
    return Place(np.array([*here, 0.0]) - moved, _GAP * number * right, heading)


def _heading(forward: Float[np.ndarray, "T 3"]) -> float:
    """Where a person faces at the beginning, on the floor: radians from the world's x axis."""
    x, y, _ = forward[:_FIRST].sum(axis=0)
    return float(np.arctan2(y, x))


def _about_vertical(angle: float) -> Float[np.ndarray, "3 3"]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def _of_one_camera(first: Motion, other: Motion) -> bool:
    a, b = first.camera, other.camera
    if not (a.calibrated and b.calibrated):
        return False
    return bool(np.allclose(a.eye[0], b.eye[0], atol=_SAME) and np.allclose(a.axes[0], b.axes[0], atol=_SAME))
