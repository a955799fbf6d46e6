"""What two recordings of one person have in common, whatever the time between them.

Where the cameras' poses are known, it is the plane through both cameras and a landmark: each camera alone sees how that
plane is turned about the line between them (epipolar geometry: Hartley & Zisserman, "Multiple View Geometry", ch. 9).
Where they are not known, it is what hardly depends on the view: how far landmarks are from each other in the detector's
own 3D, and how fast they move in it and in the picture. On the balancing clip the first tells the time to 0.2 frames of
1/60 s, the second to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, Protocol

import numpy as np
from jaxtyping import Float

from motionrecon.core.landmarks import INDEX, TRUST
from motionrecon.rig.course import Course
from motionrecon.views import View

#: Landmarks that tell something of their own: not the hands' and the face's many.
TOLD: np.ndarray = np.flatnonzero(TRUST >= 0.5)
#: Two lines of sight at a smaller angle than this, radians, hardly say how far apart they pass.
_FLAT = 0.05
#: Where clipping starts, in standard deviations, of what does not depend on the view.
_CLIP = 4.0

_ENDS = (
    "nose",
    *(f"{s}_{j}" for j in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for s in ("left", "right")),
)
_RIGID = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))


def _distances() -> np.ndarray:
    """(n, 2) pairs of landmarks whose distance changes as a person moves."""
    fixed = {frozenset(f"{side}_{joint}" for joint in pair) for pair in _RIGID for side in ("left", "right")}
    fixed |= {frozenset(f"{side}_{joint}" for side in ("left", "right")) for joint in ("shoulder", "hip")}
    return np.array([(INDEX[a], INDEX[b]) for a, b in combinations(_ENDS, 2) if frozenset((a, b)) not in fixed])


_PAIRS: np.ndarray = _distances()


class Signals(NamedTuple):
    """K signals of one recording on an even clock; weights are of the squares, 0 where unknown."""

    values: Float[np.ndarray, "n K"]
    weight: Float[np.ndarray, "n K"]


class Comparable(Protocol):
    """What V recordings have in common, two at a time."""

    def signals(self, one: int, other: int, rate: float) -> tuple[Signals, Signals]:
        """The same of both from their first frames on, at so many samples a second."""

    def apart(
        self, one: int, frames: Float[np.ndarray, " n"], other: int, others: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, "n K"], Float[np.ndarray, "n K"]]:
        """By how much frames of one and of the other disagree, and weights; frames need not be whole."""


def comparable(views: Sequence[View], posed: bool) -> Comparable:
    """What the recordings have in common.

    Args:
        views: each on its own clock.
        posed: whether their cameras' poses in one world are known.
    """
    sigma = 1.0 / min(*(view.clock.fps for view in views), 60.0)
    return Sights.of(views, sigma) if posed else Shapes.of(views, sigma)


@dataclass(frozen=True)
class Sights:
    """Lines of sight of cameras whose poses are known.

    Attributes:
        fps: of each recording.
        eyes: where the cameras were, frame by frame.
        toward: directions of length 1, all but, to the landmarks.
    """

    fps: tuple[float, ...]
    eyes: tuple[Course, ...]
    toward: tuple[Course, ...]

    @classmethod
    def of(cls, views: Sequence[View], sigma: float) -> Sights:
        """From recordings, smoothed by so many seconds."""
        eyes, toward = [], []
        for view in views:
            image = view.camera.rays(view.pixels[:, TOLD])
            ahead = np.concatenate([image, np.ones((*image.shape[:2], 1))], axis=2) @ view.camera.axes
            ahead /= np.linalg.norm(ahead, axis=2, keepdims=True)
            toward.append(Course.smoothed(ahead, view.weight[:, TOLD] ** 2, sigma * view.clock.fps))
            eye = np.broadcast_to(view.camera.eye, (len(view), 3))[:, None]
            eyes.append(Course(eye, np.ones((len(view), 1))))
        return cls(tuple(view.clock.fps for view in views), tuple(eyes), tuple(toward))

    def signals(self, one: int, other: int, rate: float) -> tuple[Signals, Signals]:
        """How the planes are turned, as metres across them where the person is."""
        seen = [self._sampled(view, rate) for view in (one, other)]
        eyes = [np.median(self.eyes[view].values[:, 0], axis=0) for view in (one, other)]
        length = float(np.linalg.norm(eyes[1] - eyes[0]))
        base = (eyes[1] - eyes[0]) / max(length, 1e-9)
        middles = [_middle(*sampled) for sampled in seen]
        level = middles[0] + middles[1]
        level = level - (level @ base) * base
        level /= max(float(np.linalg.norm(level)), 1e-9)
        up = np.cross(base, level)
        slant = [np.arccos(np.clip(middle @ base, -1, 1)) for middle in middles]
        reach = length * np.sin(slant[0]) * np.sin(slant[1]) / max(abs(np.sin(slant[1] - slant[0])), _FLAT)
        turned = [np.arctan2(toward @ up, toward @ level) * reach for toward, _ in seen]
        return Signals(turned[0], seen[0][1]), Signals(turned[1], seen[1][1])

    def apart(
        self, one: int, frames: Float[np.ndarray, " n"], other: int, others: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, "n K"], Float[np.ndarray, "n K"]]:
        """How far lines of sight pass by each other, metres; the sign says on which side."""
        (a, weight_a), (b, weight_b) = self.toward[one].at(frames), self.toward[other].at(others)
        between = self.eyes[other].at(others)[0] - self.eyes[one].at(frames)[0]
        normal = np.cross(a, b)
        sine = np.linalg.norm(normal, axis=2)
        weight = np.sqrt(weight_a * weight_b) * (sine > _FLAT)
        return np.asarray((normal * between).sum(2) / np.maximum(sine, _FLAT)), weight

    def _sampled(self, view: int, rate: float) -> tuple[Float[np.ndarray, "n K 3"], Float[np.ndarray, "n K"]]:
        return self.toward[view].at(_samples(len(self.toward[view]), self.fps[view], rate))


@dataclass(frozen=True)
class Shapes:
    """What hardly depends on the view of a person.

    Attributes:
        fps: of each recording.
        rate: samples a second of the courses.
        courses: (n, K, 1) signals on that clock, all of about the same size.
    """

    fps: tuple[float, ...]
    rate: float
    courses: tuple[Course, ...]

    @classmethod
    def of(cls, views: Sequence[View], sigma: float) -> Shapes:
        """From recordings, smoothed by so many seconds."""
        rate = min(60.0, max(view.clock.fps for view in views))
        solid = all(np.isfinite(view.points_3d).any() for view in views)
        courses = tuple(_shape(view, sigma, rate, solid) for view in views)
        return cls(tuple(view.clock.fps for view in views), rate, courses)

    def signals(self, one: int, other: int, rate: float) -> tuple[Signals, Signals]:
        """The signals themselves."""
        found = []
        for view in (one, other):
            values, weight = self.courses[view].at(_samples(len(self.courses[view]), self.rate, rate))
            found.append(Signals(values[..., 0], weight))
        return found[0], found[1]

    def apart(
        self, one: int, frames: Float[np.ndarray, " n"], other: int, others: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, "n K"], Float[np.ndarray, "n K"]]:
        """By how much the signals differ."""
        a, weight_a = self.courses[one].at(frames * (self.rate / self.fps[one]))
        b, weight_b = self.courses[other].at(others * (self.rate / self.fps[other]))
        return (a - b)[..., 0], np.sqrt(weight_a * weight_b)


def _middle(toward: Float[np.ndarray, "n K 3"], weight: Float[np.ndarray, "n K"]) -> Float[np.ndarray, " 3"]:
    """The mean direction; no direction where nothing is seen."""
    total = np.einsum("nk,nki->i", weight, toward)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12))


def _samples(count: int, fps: float, rate: float) -> Float[np.ndarray, " n"]:
    """The frames, not whole ones as a rule, that are so many a second, from the first frame on."""
    return np.asarray(np.arange(int((count - 1) / fps * rate + 1e-6) + 1) * (fps / rate))


def _shape(view: View, sigma: float, rate: float, solid: bool) -> Course:
    """Distances and speeds on an even clock; with `solid` in the detector's 3D too."""
    frames = _samples(len(view), view.clock.fps, rate)
    trust = view.weight**2
    flat, seen = Course.smoothed(view.pixels, trust, sigma * view.clock.fps).at(frames)
    groups = [_speeds(flat, seen, rate)]
    if solid:
        points, known = Course.smoothed(view.points_3d, trust, sigma * view.clock.fps).at(frames)
        groups += [_lengths(points, known), _speeds(points, known, rate)]
    else:
        lengths, known = _lengths(flat, seen)
        size = np.average(lengths, axis=1, weights=known + 1e-12)[:, None]
        groups.append((lengths / np.maximum(size, 1e-9), known))
    values, weight = zip(*(_standard(*group) for group in groups), strict=True)
    return Course(np.concatenate(values, axis=1)[..., None], np.concatenate(weight, axis=1))


def _lengths(
    points: Float[np.ndarray, "n 33 d"], weight: Float[np.ndarray, "n 33"]
) -> tuple[Float[np.ndarray, "n K"], Float[np.ndarray, "n K"]]:
    one, other = _PAIRS.T
    known = np.sqrt(weight[:, one] * weight[:, other])
    return np.linalg.norm(points[:, one] - points[:, other], axis=2), known


def _speeds(
    points: Float[np.ndarray, "n 33 d"], weight: Float[np.ndarray, "n 33"], rate: float
) -> tuple[Float[np.ndarray, "n K"], Float[np.ndarray, "n K"]]:
    points, weight = points[:, TOLD], weight[:, TOLD]
    if len(points) < 3:
        return np.zeros(weight.shape), np.zeros(weight.shape)
    beside = np.minimum(np.roll(weight, 1, axis=0), np.roll(weight, -1, axis=0))
    beside[[0, -1]] = 0.0
    return np.linalg.norm(np.gradient(points, 1.0 / rate, axis=0), axis=2), np.minimum(weight, beside)


def _standard(
    values: Float[np.ndarray, "n K"], weight: Float[np.ndarray, "n K"]
) -> tuple[Float[np.ndarray, "n K"], Float[np.ndarray, "n K"]]:
    """The values about their medians, in standard deviations, clipped; and weights that sum to 1 in a frame."""
    held = np.where(weight > 0, values, np.nan)
    some = (weight > 0).any(0)
    middle, spread = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    middle[some] = np.nanmedian(held[:, some], axis=0)
    spread[some] = 1.48 * np.nanmedian(np.abs(held[:, some] - middle[some]), axis=0)
    moves = spread > 1e-9
    scaled = np.clip((values - middle) / np.where(moves, spread, 1.0), -_CLIP, _CLIP)
    return scaled, np.where(moves, weight, 0.0) / values.shape[1]
