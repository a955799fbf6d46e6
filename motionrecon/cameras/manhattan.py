"""The three directions of a room, and how long a lens sees it: of straight lines, most are along one of three axes.

Coughlan and Yuille ("Manhattan World", 1999) take each line for one of an axis, the vertical or one of two level ones
across it and each other, or for none. The axes that make the lines likeliest tell how the camera is held; and as the
vanishing points of axes that are across each other fix the focal length where at least two of them are not far off
(Caprile and Torre 1990), so does the lens.

Orientations of the axes and focal lengths are gone through on grids, with the votes of all lines for each direction
in a table; the best are refined, and what they say is weighed by how likely they are. Where lines are few, or all
but parallel, the focal length stays as unsure as it was before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.base import Camera
from motionrecon.cameras.vanishing import PIXELS, angles, beyond, linearized, middles_and_halves
from motionrecon.core import so3
from motionrecon.core.vectors import across, around, unit

#: How far things in a room are from its axes, radians, and the error that all lines of an axis have in common.
_LEANS, _COMMON = 0.006, 0.006
#: Shares of the lines that are along each axis, and along none.
_OF_AXIS, _OF_NONE = 0.2, 0.4
#: Degrees of freedom of how wrong the expectations of up and of the focal length may be.
_FREEDOM = 3.0
#: Lines of one thing err alike: so many count as one.
_ALIKE = 2.0
#: A room is believed from this logarithm of a likelihood ratio on, and from so much of it for each line; lines that
#: are turned anyhow reach 10, those of rooms 70 to 240, and 0.5 to 2.5 each.
_BELIEVED, _EACH = 30.0, 0.4
#: Up that is more unsure than this, radians, is not told: all lines may be along one axis.
_TOLD = 0.1
#: Up is looked for within this angle of where it is expected; steps of up and of the axes about it, radians.
_REACH, _STEP, _TURN = 0.6, 0.035, np.radians(2.0)
#: Logarithms of focal lengths that are gone through, over the one that is assumed: fields of view of 100 to 20 degrees.
_LENSES = np.arange(-0.6, 1.25, 0.1)
#: The best orientations of each focal length that are looked at, and of all those that are refined.
_BEST, _REFINED = 150, 40
#: Two are the same that are within these radians, and this part of the focal length, before they are refined and after.
_NEAR, _SAME = (0.05, 0.15), (0.005, 0.01)
#: Step of the table of votes on the faces of a cube, and lines that vote at once: of all, it would take 2 MB for each.
_CELL, _AT_ONCE = 0.02, 8
#: Width of the pictures that errors of lines are told in, pixels.
_WIDTH = 960.0


@dataclass(frozen=True)
class Manhattan:
    """How a camera is held in a room, by its lines.

    Attributes:
        up: unit vector, in the camera's axes.
        error: its standard deviation, radians.
        lens: the logarithm of the focal length over the one that was assumed.
        lens_error: its standard deviation; 0 where it was known.
        count: lines that are along one of the axes.
    """

    up: Float[np.ndarray, " 3"]
    error: float
    lens: float
    lens_error: float
    count: int


@dataclass(frozen=True)
class _Axes:
    """Axes of a room before a camera.

    Attributes:
        axes: two level ones and up, in the camera's axes.
        lens: logarithm of the focal length over the one that was assumed.
        likely: logarithm of how much likelier the lines are than if they were turned anyhow, with what was expected.
        covariance: of a turn of the axes, radians, and of ``lens``.
    """

    axes: Float[np.ndarray, "3 3"]
    lens: float
    likely: float
    covariance: Float[np.ndarray, "4 4"]

    def near(self, other: _Axes, turn: float, lens: float) -> bool:
        """Whether another one is about the same; which of the level axes is which does not matter."""
        same = np.arccos(np.clip(np.abs(self.axes @ other.axes.T), 0.0, 1.0))
        return bool(same[2, 2] < turn and same[0, :2].min() < turn and abs(self.lens - other.lens) < lens)


@dataclass(frozen=True)
class _Lines:
    """Lines of a picture, and what was expected.

    Attributes:
        middle: (N, 3) where they have their middles on the image plane of the focal length that was assumed.
        half: (N, 2) their halves.
        sigma: (N,) by how much their directions err, radians.
        expected: where up is expected, in the camera's axes.
        error: how wrong that may be, radians.
        lens_error: how wrong the logarithm of the focal length may be; 0 where it is known.
    """

    middle: Float[np.ndarray, "N 3"]
    half: Float[np.ndarray, "N 2"]
    sigma: Float[np.ndarray, " N"]
    expected: Float[np.ndarray, " 3"]
    error: float
    lens_error: float

    def odds(self, to: Float[np.ndarray, "A 3"], wider: float = 0.0) -> Float[np.ndarray, "N A"]:
        """How much likelier each line is if it has one of these directions than if it is turned anyhow.

        Args:
            to: directions.
            wider: a further error of theirs, radians.
        """
        sigma = np.hypot(self.sigma, wider)[:, None]
        found = np.pi / (np.sqrt(2 * np.pi) * sigma) * np.exp(-0.5 * (angles(self.middle, self.half, to) / sigma) ** 2)
        return np.where(beyond(self.middle, self.half, to), found, 0.0)

    def parts(self, size: int) -> Iterator[_Lines]:
        """So many of the lines at a time."""
        for few in (slice(start, start + size) for start in range(0, len(self.sigma), size)):
            yield replace(self, middle=self.middle[few], half=self.half[few], sigma=self.sigma[few])

    def prior(self, up: Float[np.ndarray, "*G 3"], lens: float) -> Float[np.ndarray, "*G"]:
        """Logarithm of how likely up (Student's t) and a focal length (log-normal) were, over the likeliest."""
        away = np.arccos(np.clip(up @ self.expected, -1.0, 1.0)) / self.error
        found = -0.5 * (_FREEDOM + 2) * np.log1p(away**2 / _FREEDOM)
        if self.lens_error:
            found = found - 0.5 * (lens / self.lens_error) ** 2
        return np.asarray(found)

    def likely(self, axes: Float[np.ndarray, "3 3"], lens: float) -> float:
        """Logarithm of how much likelier the lines are with such axes than if they were turned anyhow."""
        odds = self.odds(axes * _seen(lens))
        return float(np.log(_OF_NONE + _OF_AXIS * odds.sum(1)).sum() / _ALIKE + self.prior(axes[2], lens))


def told_in(camera: Camera) -> float:
    """Pixels to a metre at one metre's distance, if a camera's pictures were 960 wide: what errors of ends are told in.

    Args:
        camera: as it is in one frame.
    """
    return float(camera.pixels_per_metre(np.ones(1))[0]) * _WIDTH / max(camera.image_size)


def manhattan(
    rays: Float[np.ndarray, "N 2 2"],
    focal_px: float,
    expected: Float[np.ndarray, " 3"],
    error: float,
    lens_error: float,
) -> Manhattan | None:
    """How a camera is held, and what its lens is, by the lines of a room; None where they are of no room.

    Args:
        rays: where the ends of the lines lie on the image plane of the focal length that is assumed.
        focal_px: of `told_in`.
        expected: where up may be, a unit vector in the camera's axes.
        error: how wrong that may be, radians.
        lens_error: how wrong the logarithm of the focal length may be; 0 where it is known.
    """
    middle, half = middles_and_halves(rays)
    length = np.linalg.norm(half, axis=1)
    middle, half, length = middle[length > 0], half[length > 0], length[length > 0]
    if len(length) < 3:
        return None
    lines = _Lines(middle, half, np.hypot(_LEANS, PIXELS / focal_px / length), expected, error, lens_error)
    found = _distinct([_refined(lines, one) for one in _coarse(lines)], *_SAME, _REFINED)
    if found[0].likely < max(_BELIEVED, _EACH * len(length)) / _ALIKE:
        return None
    together = _together(lines, found)
    return together if together.error < _TOLD else None


def _seen(lens: float) -> Float[np.ndarray, " 3"]:
    """By what a direction is stretched that is told before the focal length that was assumed, not before its own."""
    return np.array([np.exp(lens), np.exp(lens), 1.0])


def _coarse(lines: _Lines) -> list[_Axes]:
    """The likeliest axes on a grid of orientations and focal lengths."""
    table = _votes(lines)
    up, level, beside = _orientations(lines.expected)
    found = []
    for lens in _LENSES if lines.lens_error else (0.0,):
        stretch = _seen(lens)
        votes = _looked_up(table, level * stretch) + _looked_up(table, beside * stretch)
        votes += (_looked_up(table, up * stretch) + lines.prior(up, lens))[:, None]
        best = np.argpartition(-votes.ravel(), _BEST)[:_BEST]
        for u, turn in zip(*np.unravel_index(best, votes.shape), strict=True):
            axes = np.stack([level[u, turn], beside[u, turn], up[u]])
            found.append(_Axes(axes, float(lens), float(votes[u, turn]), np.eye(4)))
    return _distinct(found, *_NEAR, _REFINED)


def _orientations(
    expected: Float[np.ndarray, " 3"],
) -> tuple[Float[np.ndarray, "U 3"], Float[np.ndarray, "U A 3"], Float[np.ndarray, "U A 3"]]:
    """Directions of up about where it is expected, and for each of them pairs of level axes all around it."""
    up = around(expected, _REACH, _STEP)
    level = unit(np.cross(up, across(expected)[0]))[:, None]
    beside = np.cross(up[:, None], level)
    turns = np.arange(0.0, np.pi / 2, _TURN)[:, None]
    return up, np.cos(turns) * level + np.sin(turns) * beside, np.cos(turns) * beside - np.sin(turns) * level


def _votes(lines: _Lines) -> Float[np.ndarray, "3 M M"]:
    """How much likelier lines are if there is an axis, for directions all around: on the faces of half a cube."""
    steps = np.arange(-1.0, 1.0 + _CELL / 2, _CELL)
    x, y = np.meshgrid(steps, steps, indexing="ij")
    one = np.ones_like(x)
    faces = np.stack([np.stack(face, axis=-1) for face in ((one, x, y), (x, one, y), (x, y, one))])
    votes = np.zeros(faces.shape[:3])
    for few in lines.parts(_AT_ONCE):
        odds = few.odds(faces.reshape(-1, 3), 0.5 * _CELL)  # the table's step is an error, too
        votes += np.log1p(_OF_AXIS / _OF_NONE * odds).sum(0).reshape(votes.shape) / _ALIKE
    return votes


def _looked_up(table: Float[np.ndarray, "3 M M"], to: Float[np.ndarray, "*G 3"]) -> Float[np.ndarray, "*G"]:
    """The votes of a table for directions of any length."""
    face = np.abs(to).argmax(-1)
    to = to / np.take_along_axis(to, face[..., None], -1)
    row = np.where(face == 0, to[..., 1], to[..., 0])
    column = np.where(face == 2, to[..., 1], to[..., 2])
    row, column = (np.rint((place + 1.0) / _CELL).astype(int) for place in (row, column))
    return np.asarray(table[face, row, column])


def _distinct(found: Sequence[_Axes], turn: float, lens: float, most: int) -> list[_Axes]:
    """The likeliest of those that are not about the same as a likelier one."""
    kept: list[_Axes] = []
    for one in sorted(found, key=lambda one: -one.likely):
        if len(kept) == most:
            break
        if not any(one.near(other, turn, lens) for other in kept):
            kept.append(one)
    return kept


def _refined(lines: _Lines, start: _Axes) -> _Axes:
    """Axes that make the lines likeliest, from near by: Gauss-Newton steps, lines weighed by what they may be of."""
    axes, lens = start.axes, start.lens
    for _ in range(12):
        normal, pull = _normal(lines, axes, lens)
        step = np.clip(-np.linalg.solve(normal, pull), -0.1, 0.1)
        axes, lens = axes @ so3.matrix(step[:3]).T, lens + float(step[3])
        if np.abs(step).max() < 1e-5:
            break
    return _Axes(axes, lens, lines.likely(axes, lens), np.linalg.inv(_normal(lines, axes, lens)[0]))


def _normal(
    lines: _Lines, axes: Float[np.ndarray, "3 3"], lens: float
) -> tuple[Float[np.ndarray, "4 4"], Float[np.ndarray, " 4"]]:
    """What Gauss-Newton steps take: information on a turn of the axes, radians, and on ``lens``; and a gradient.

    The gradient is that of `_Lines.likely`, less the sign, but for the error that all lines of an axis have in common:
    the more lines there are of it, the less each of them weighs.
    """
    stretch, eye = _seen(lens), np.eye(3)
    linear = [linearized(lines.middle, lines.half, axis * stretch) for axis in axes]
    angle = np.stack([one for one, _ in linear], axis=1)
    odds = _OF_AXIS * lines.odds(axes * stretch)
    weight = odds / (_OF_NONE + odds.sum(1, keepdims=True)) / lines.sigma[:, None] ** 2
    weight = weight / (_ALIKE + _COMMON**2 * weight.sum(0))
    normal, pull = 1e-6 * np.eye(4), np.zeros(4)
    for k, (axis, (_, by_axis)) in enumerate(zip(axes, linear, strict=True)):
        turned = np.cross(eye, axis) * stretch  # a row for each part of the turn
        by_all = np.column_stack([by_axis @ turned.T, by_axis @ (axis * stretch * [1.0, 1.0, 0.0])])
        normal += (by_all * weight[:, k, None]).T @ by_all
        pull += by_all.T @ (weight[:, k] * angle[:, k])
    away = axes[2] - lines.expected
    firm = (_FREEDOM + 2) / (_FREEDOM * lines.error**2 + away @ away)
    turned = np.cross(eye, axes[2])
    normal[:3, :3] += firm * turned @ turned.T
    pull[:3] += firm * turned @ away
    firm = 1.0 / lines.lens_error**2 if lines.lens_error else 1e12
    normal[3, 3] += firm
    pull[3] += firm * lens
    return normal, pull


def _together(lines: _Lines, found: Sequence[_Axes]) -> Manhattan:
    """What several optima say, each weighed by how likely it is and by how many axes near it are about as likely."""
    volume = np.array([0.5 * np.linalg.slogdet(one.covariance)[1] for one in found])
    weight = np.array([one.likely for one in found]) + volume
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    covariance = np.stack([one.covariance for one in found])
    lenses, ups = np.array([one.lens for one in found]), np.stack([one.axes[2] for one in found])
    lens, up = float(weight @ lenses), unit(weight @ ups)
    spread = np.linalg.norm(np.cross(ups, up), axis=1) ** 2
    own = np.array([np.linalg.eigvalsh(_of_up(one.axes[2], c))[-1] for one, c in zip(found, covariance, strict=True)])
    best = found[int(weight.argmax())]
    angle = np.abs(angles(lines.middle, lines.half, best.axes * _seen(best.lens)))
    return Manhattan(
        up,
        float(np.sqrt(weight @ (own + spread) + _COMMON**2)),
        lens,
        float(np.sqrt(weight @ (covariance[:, 3, 3] + (lenses - lens) ** 2))) if lines.lens_error else 0.0,
        int((angle < 2.0 * lines.sigma[:, None]).any(1).sum()),
    )


def _of_up(up: Float[np.ndarray, " 3"], covariance: Float[np.ndarray, "4 4"]) -> Float[np.ndarray, "3 3"]:
    """The covariance of up, of that of a turn of the axes."""
    by_turn = np.cross(np.eye(3), up).T
    return np.asarray(by_turn @ covariance[:3, :3] @ by_turn.T)
