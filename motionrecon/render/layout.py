"""Where the views of the cameras and the side view stand in the overlay's picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

_MAX_HEIGHT, _MAX_WIDTH = 1080, 1920
_PER_VIEW = 800 * 900  # pixels of the whole for each view: a second one must not make drawing much slower
_LEAST_HEIGHT = 480  # small films are shown enlarged
_WIDE, _TALL = 0.8, 1.0  # width over height of the right half, beside one wide and one tall video
_GAP = 4  # pixels between the views of several cameras
_COLUMN = 0.6, 0.8, 1.0  # width over height of the side view beside several views
_CELL = 0.6, 2.4  # and as one among them, least and most


@dataclass(frozen=True)
class Box:
    """A part of a picture, pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.width, self.height

    def of(self, image: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "h w 3"]:
        """This part of a picture, to be drawn into."""
        return image[self.y : self.y + self.height, self.x : self.x + self.width]


@dataclass(frozen=True)
class Layout:
    """An overlay's parts.

    Attributes:
        size: (width, height) of the whole picture, even as H.264 needs them.
        views: one for each camera.
        side: the view from the side.
    """

    size: tuple[int, int]
    views: tuple[Box, ...]
    side: Box


def layout_of(image_sizes: Sequence[tuple[int, int]]) -> Layout:
    """The layout for videos of these sizes (width, height): side by side, or for several cameras a grid."""
    return _halves(image_sizes[0]) if len(image_sizes) == 1 else _grid(image_sizes)


def _halves(image_size: tuple[int, int]) -> Layout:
    aspect = image_size[0] / image_size[1]
    beside = _TALL if aspect < 1 else _WIDE
    height = min(max(image_size[1], _LEAST_HEIGHT), _MAX_HEIGHT, _MAX_WIDTH / (aspect + beside))
    even = 2 * int(height / 2)
    left, right = max(2, 2 * int(aspect * height / 2)), 2 * int(beside * height / 2)
    return Layout((left + right, even), (Box(0, 0, left, even),), Box(left, 0, right, even))


@dataclass(frozen=True)
class _Plan:
    """A grid before it has pixels: rows of parts, the side view the last of them or a column at the right.

    Attributes:
        rows: widths over heights of the parts in each row.
        heights: of the rows; the rows are at most 1 wide.
        column: width of the side view beside all rows; 0 where it is in the last row.
    """

    rows: tuple[tuple[float, ...], ...]
    heights: tuple[float, ...]
    column: float

    @property
    def size(self) -> tuple[float, float]:
        wide = max(h * sum(row) for h, row in zip(self.heights, self.rows, strict=True))
        return wide + self.column, sum(self.heights)

    def worth(self, scale: float) -> float:
        """How large the smallest part is, and then all are, by logarithms of areas; a person is no wider than tall."""
        views = [a * (h * scale) ** 2 for h, row in zip(self.heights, self.rows, strict=True) for a in row]
        if self.column:
            tall = sum(self.heights)
            views.append(min(self.column, tall) * tall * scale**2)
        else:
            views[-1] *= min(1.0, 1.0 / self.rows[-1][-1])
        return math.log(min(views)) + 0.5 * sum(map(math.log, views)) / len(views)


def _grid(image_sizes: Sequence[tuple[int, int]]) -> Layout:
    """The plan in which the smallest part is as large as can be, and then all are."""
    aspects = [width / height for width, height in image_sizes]
    native = max(max(height for _, height in image_sizes), _LEAST_HEIGHT)
    best = max(_plans(aspects), key=lambda plan: plan.worth(_scale(plan, native)))
    return _in_pixels(best, _scale(best, native))


def _scale(plan: _Plan, native: float) -> float:
    """Pixels of a plan's unit: what the picture's size allows, and no film larger than the largest."""
    width, height = plan.size
    views = sum(map(len, plan.rows)) - (not plan.column)
    room = math.sqrt(views * _PER_VIEW / (width * height))
    return min(_MAX_WIDTH / width, _MAX_HEIGHT / height, native / max(plan.heights), room)


def _plans(aspects: Sequence[float]) -> Iterator[_Plan]:
    for length in range(1, len(aspects) + 1):
        rows = [tuple(aspects[i : i + length]) for i in range(0, len(aspects), length)]
        yield from _sized(rows, _COLUMN)
        for last in (rows[-1], ()):  # the side view ends the last row, or stands below it
            above = rows[:-1] if last else rows
            room = max(map(sum, above), default=0.0) - sum(last)
            side = min(max(room, _CELL[0]), _CELL[1])
            yield from _sized([*above, (*last, side)], (0.0,))


def _sized(rows: Sequence[tuple[float, ...]], columns: Sequence[float]) -> Iterator[_Plan]:
    """Rows of one height, or those that would be too wide lower than the others."""
    for widest in {sum(row) for row in rows}:
        heights = tuple(min(1 / widest, 1 / sum(row)) for row in rows)
        for column in columns:
            yield _Plan(tuple(rows), heights, column * sum(heights))


def _in_pixels(plan: _Plan, scale: float) -> Layout:
    width, height = (max(2, 2 * int(scale * side / 2 + 1e-9)) for side in plan.size)
    boxes, top = [], 0.0
    for tall, row in zip(plan.heights, plan.rows, strict=True):
        left = 0.0
        for aspect in row:
            boxes.append(_box(left, top, left + aspect * tall, top + tall, scale, (width, height)))
            left += aspect * tall
        top += tall
    if plan.column:
        boxes.append(_box(plan.size[0] - plan.column, 0.0, plan.size[0], top, scale, (width, height)))
    return Layout((width, height), tuple(boxes[:-1]), boxes[-1])


def _box(left: float, top: float, right: float, bottom: float, scale: float, size: tuple[int, int]) -> Box:
    """A part in pixels, with a gap to what stands right of it and below."""
    x, y = round(left * scale), round(top * scale)
    ends = []
    for end, whole in ((right, size[0]), (bottom, size[1])):
        ends.append(whole if end * scale > whole - _GAP else round(end * scale) - _GAP)
    return Box(x, y, max(1, ends[0] - x), max(1, ends[1] - y))
