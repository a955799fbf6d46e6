"""Looking afresh, in single pictures, for somebody who does not stand upright in them.

MediaPipe follows a person by cutting them out of the picture, turned as they were before. Upright people it follows as
well as it finds them; of people who tumble, crawl or lie it loses its way, and goes on with half a person for many
frames (`docs/how_it_works.md` has figures). A look that knows nothing of the frame before finds them again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import UInt8

from motionrecon.core.landmarks import INDEX
from motionrecon.keypoints.detect import PoseDetector
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.tracks import apart, near

#: A trunk that leans by more than this in the picture is not upright, degrees.
_LEANS = 45.0
#: Whoever is found alone is the person followed if their trunks are this near, in sizes of the person.
_ALONE = 0.5
_SHOULDERS, _HIPS = ([INDEX[f"{side}_{joint}"] for side in ("left", "right")] for joint in ("shoulder", "hip"))


def leans(person: Detection) -> bool:
    """Whether somebody's trunk is far from upright in the picture."""
    trunk = person.pixels[_SHOULDERS].mean(0) - person.pixels[_HIPS].mean(0)
    return bool(np.degrees(np.arctan2(np.abs(trunk[0]), -trunk[1])) > _LEANS)


def same(person: Detection, found: Sequence[Detection]) -> Detection | None:
    """The one of those found in the same picture who is the person; None where nobody surely is."""
    if not found:
        return None
    nearest = min(found, key=lambda other: apart(person, other))
    if len(found) == 1:
        return nearest if apart(person, nearest) < _ALONE else None
    return nearest if near(person, nearest) else None


class FreshLook:
    """Looks afresh for a person who leans; open until closed, as its detector is.

    Args:
        opened: opens the detector of single pictures, once somebody leans.
    """

    def __init__(self, opened: Callable[[], PoseDetector]) -> None:
        self._opened = opened
        self._detector: PoseDetector | None = None

    def __call__(self, frame: UInt8[np.ndarray, "H W 3"], followed: Sequence[Detection]) -> list[Detection]:
        """Whom the next frame shows, given whom MediaPipe followed in it (a list of one, or none)."""
        if not followed or not leans(followed[0]):
            return list(followed)
        if self._detector is None:
            self._detector = self._opened()
        found = same(followed[0], self._detector(frame))
        return list(followed) if found is None else [found]

    def close(self) -> None:
        """Free the detector, if it was opened."""
        if self._detector is not None:
            self._detector.close()
