"""Looking in square parts of the picture for people whom a look at all of it misses.

MediaPipe finds people in a picture made as small as 224 x 224 with all that is beside them: of a wide or tall one
little is left of somebody, and of those who are found it shows the clearest. In a square part of it people are larger,
and where those who are known are painted over it shows others. Such a look costs little where it finds nobody, so that
one is taken now and then, of one part after the other; whoever is found is looked for at every look from then on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.keypoints.detect import PoseDetector
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.picture_part import cropped, painted
from motionrecon.keypoints.tracks import apart, assigned, distinct, reached

#: A picture is looked at in squares where its sides differ by more than this factor.
_SQUARE = 1.2
#: The square in which somebody is looked for who was seen there, in sizes of the person.
_AROUND = 1.4
#: Pixels of such a part at least: the detector takes no picture that is smaller.
_LEAST = 16
#: Mean confidence in landmarks below which somebody found in a part of the picture is nobody.
_SURE = 0.5
#: Seconds for which somebody who is not seen is looked for where they were.
_LOST = 0.5


class Lookout:
    """Tells in each of successive looks who is there, and finds those whom others did not.

    Args:
        detector: of single pictures.
        scale: the size of the pictures that it is shown, in sizes of the video's.
        seconds: from one look to the next.
        every: a part of the picture is looked at at one of so many looks, and every part at the first.
    """

    def __init__(self, detector: PoseDetector, scale: float, seconds: float, every: int) -> None:
        self._detector = detector
        self._scale = scale
        self._seconds = seconds
        self._every = every
        self._looks = 0
        self._known: list[tuple[int, Detection]] = []  # with the number of the look that showed them last

    def __call__(
        self, image: UInt8[np.ndarray, "H W 3"], followed: Sequence[Detection], found: Sequence[Detection]
    ) -> list[Detection]:
        """Everybody in the next look's picture.

        Args:
            image: the picture.
            followed: who is followed in it.
            found: whom a look at all of it shows; somebody who is new is believed in if a second look shows them, too.
        """
        people, doubted = self._believed(image, followed, found)
        people += self._missed(image, people)
        if self._looks % self._every == 0:
            parts, turn = squares(image.shape[1], image.shape[0]), self._looks // self._every
            for corner, side in parts if turn == 0 else [parts[turn % len(parts)]]:
                people += self._besides(image, corner, side, people)
        known = [one for one in people if not any(one is other for other in doubted)]
        pairs = assigned(self._before(), known)
        lost = [self._known[i] for i, (_, seconds) in enumerate(self._before()) if seconds < _LOST and i not in pairs]
        self._known = lost + [(self._looks, one) for one in known]
        self._looks += 1
        return people

    def _believed(
        self, image: UInt8[np.ndarray, "H W 3"], followed: Sequence[Detection], found: Sequence[Detection]
    ) -> tuple[list[Detection], list[Detection]]:
        """Who is followed, with those found who were there before or whom a second look shows; and the doubted."""
        seen = distinct([*followed, *found])
        known = assigned(self._before(), seen).values()
        people, doubted = seen[: len(followed)], []
        for j, one in enumerate(seen):
            is_followed = j < len(followed)
            twice = j in known or (is_followed and any(not new([other], [one]) for other in found))
            again = [one] if twice else self._there(image, one, 0.0)
            if not is_followed:
                people += new(again, people)
            elif not again:
                doubted.append(one)
        return people, doubted

    def _missed(self, image: UInt8[np.ndarray, "H W 3"], people: Sequence[Detection]) -> list[Detection]:
        """Those who were there before, are none of these people, and are seen where they were."""
        before = self._before()
        pairs = assigned(before, people)
        found: list[Detection] = []
        for i in (i for i in range(len(before)) if i not in pairs):
            found += new(self._there(image, *before[i]), [*people, *found])
        return found

    def _before(self) -> list[tuple[Detection, float]]:
        """Those who are known, and how many seconds ago they were seen."""
        return [(person, self._seconds * (self._looks - look)) for look, person in self._known]

    def _besides(
        self, image: UInt8[np.ndarray, "H W 3"], corner: Float[np.ndarray, " 2"], side: int, known: Sequence[Detection]
    ) -> list[Detection]:
        """Who is seen in a part of the picture where those who are known are painted over, and without the paint."""
        boxes = [person.box * self._scale - np.tile(corner, 2) for person in known]
        people: list[Detection] = []
        for person in self._seen(painted(cropped(image, corner, side), boxes), corner):
            people += new(self._there(image, person, 0.0), [*known, *people])
        return people

    def _there(self, image: UInt8[np.ndarray, "H W 3"], person: Detection, seconds: float) -> list[Detection]:
        return found_there(self._detector, image, self._scale, person, seconds)

    def _seen(self, part: UInt8[np.ndarray, "S S 3"], corner: Float[np.ndarray, " 2"]) -> list[Detection]:
        return _seen(self._detector, part, corner, self._scale)


def found_there(
    detector: PoseDetector, image: UInt8[np.ndarray, "H W 3"], scale: float, person: Detection, seconds: float
) -> list[Detection]:
    """A person as a look at the picture around where they are so many seconds apart shows them; nobody if it does not.

    Args:
        detector: of single pictures.
        image: the picture.
        scale: its size, in sizes of the video's.
        person: whom to look for, as another picture shows them, or another look at this one.
        seconds: between the two pictures.
    """
    side = max(_LEAST, round(_AROUND * person.size * scale))
    corner = np.round((person.box[:2] + person.box[2:]) / 2 * scale - side / 2)
    found = [
        one for one in _seen(detector, cropped(image, corner, side), corner, scale) if reached(person, one, seconds)
    ]
    return sorted(found, key=lambda one: apart(person, one))[:1]


def _seen(
    detector: PoseDetector, part: UInt8[np.ndarray, "S S 3"], corner: Float[np.ndarray, " 2"], scale: float
) -> list[Detection]:
    """Whom a square part of a picture surely shows, in pixels of the video."""
    found = [one.moved(corner / scale) for one in detector(part, (len(part) / scale, len(part) / scale))]
    return [one for one in found if one.confidence.mean() >= _SURE]


def new(found: Sequence[Detection], people: Sequence[Detection]) -> list[Detection]:
    """Those found who are none of the people."""
    return distinct([*people, *found])[len(people) :]


def squares(width: int, height: int) -> list[tuple[Float[np.ndarray, " 2"], int]]:
    """Square parts that together show all of a picture: the (x, y) of the upper left corner, and the side."""
    side, longer = min(width, height), max(width, height)
    if longer < _SQUARE * side:
        return [(np.zeros(2), longer)]
    beyond = np.array([width, height]) - side
    return [(np.round(beyond * share), side) for share in np.linspace(0.0, 1.0, math.ceil(longer / side))]
