"""Which of several people is meant: the largest, a number as `everybody` counts them, or a point in the picture."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motionrecon.errors import InputError
from motionrecon.keypoints.tracks import Looks, Track

#: What stands for the largest person that stays longest.
LARGEST = "largest"
#: A point this many sizes of somebody outside their box still means them.
_BESIDE = 0.1


@dataclass(frozen=True)
class Choice:
    """Whom to follow; neither a number nor a point is the largest person that stays longest.

    Attributes:
        number: counted from 1, as the picture of all people shows them.
        point: (x, y), pixels, on them in the first picture in which they are seen.
    """

    number: int | None = None
    point: tuple[float, float] | None = None

    @staticmethod
    def of(value: str | int | Sequence[float]) -> Choice:
        """The choice that a text (``largest``, ``2``, ``640,360``), a number or a pair of numbers means.

        Raises:
            InputError: it means none.
        """
        text = ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
        text = text.strip()
        if text.lower() == LARGEST:
            return Choice()
        if re.fullmatch(r"\d{1,6}", text) and int(text) > 0:
            return Choice(number=int(text))
        parts = re.split(r"\s*[,;x ]\s*", text) if not re.fullmatch(r"[\d.]+", text) else []
        try:
            x, y = (float(part) for part in parts)
        except ValueError:
            x = math.nan
        if len(parts) != 2 or not (math.isfinite(x) and math.isfinite(y)):
            raise InputError(
                f"person={text[:60]} is nobody; give {LARGEST}, a number as list_people(...) shows them (2), or a "
                "point on them in the first picture in which they are seen (640,360)"
            )
        return Choice(point=(x, y))

    def __str__(self) -> str:
        if self.number is not None:
            return str(self.number)
        return LARGEST if self.point is None else f"{self.point[0]:g},{self.point[1]:g}"

    def among(self, people: Sequence[Track], looks: Looks, name: str) -> tuple[Track, list[Track]]:
        """The chosen one of ``people``, and the others.

        Args:
            people: as `motionrecon.keypoints.tracks.everybody` orders them.
            looks: when the tracks' frames were.
            name: of the clip.

        Raises:
            InputError: there is no such person; it lists those that there are.
        """
        if not people:
            return Track(), []
        if self.number is not None:
            index = self.number - 1
        elif self.point is not None:
            index = _at(self.point, people)
        else:
            index = 0
        if not 0 <= index < len(people):
            kind = "with that number" if self.point is None else "stands there"
            raise InputError(f"person={self}: nobody {kind} in {name}, which shows {'; '.join(listed(people, looks))}")
        return people[index], [track for k, track in enumerate(people) if k != index]


def listed(people: Sequence[Track], looks: Looks) -> list[str]:
    """One line for each person: the number, when they are seen, for how long, their size and where they first stand."""
    lines = []
    for number, track in enumerate(people, start=1):
        x0, y0, x1, y1 = track.detections[0].box
        begin, end = looks.span(track)
        lines.append(
            f"{number}: seen for {looks.seconds(track):.1f} s (from {begin:.1f} to {end:.1f} s of the film), "
            f"{track.size:.0f} pixels tall, first at {(x0 + x1) / 2:.0f},{(y0 + y1) / 2:.0f}"
        )
    return lines


def _at(point: tuple[float, float], people: Sequence[Track]) -> int:
    """The index of the person on whom a point lies in the first picture that shows them; -1 if it lies on nobody."""
    best, index = np.inf, -1
    for k, track in enumerate(people):
        first = track.detections[0]
        box = first.box
        outside = np.maximum(np.maximum(box[:2] - point, np.array(point) - box[2:]), 0)
        away = float(np.linalg.norm((box[:2] + box[2:]) / 2 - point)) / first.size
        if np.linalg.norm(outside) <= _BESIDE * first.size and away < best:
            best, index = away, k
    return index
