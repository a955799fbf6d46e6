"""A chessboard, and where its inner corners are in a picture.

The corners come in one order, whatever way the camera holds it: the board's first corner is the one whose inner square
is dark, and seen from the front, columns run to the right of it and rows downwards. A board of which one number of
corners is even and the other odd has one such corner; others look the same when turned, and say so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.errors import InputError

#: Sides that boards have, in inner corners, and squares, metres.
_FEWEST, _MOST = 3, 60
_SMALLEST, _LARGEST = 0.003, 1.0
#: Pixels of the longer side of the picture in which the board is looked for first.
_SMALL = 800
#: A corner is refined within this share of the distance to the next one.
_WINDOW = 0.25

Gray = UInt8[np.ndarray, "H W"]


@dataclass(frozen=True)
class Board:
    """A chessboard.

    Attributes:
        columns, rows: inner corners along its sides: one less than squares.
        square: side of a square, metres.
    """

    columns: int
    rows: int
    square: float

    @staticmethod
    def parsed(corners: str, square_mm: float) -> Board:
        """From ``9x6`` and millimetres.

        Raises:
            InputError: no board is like that.
        """
        found = re.fullmatch(r"\s*(\d{1,3})\s*[xX×*,]\s*(\d{1,3})\s*", corners)
        if found is None:
            raise InputError(f"board={corners} is no board; give its inner corners along both sides, such as 9x6")
        columns, rows = int(found[1]), int(found[2])
        if not (min(columns, rows) >= _FEWEST and max(columns, rows) <= _MOST):
            raise InputError(
                f"board={corners} has {columns} by {rows} inner corners; boards have {_FEWEST} to {_MOST} along a side"
            )
        if not _SMALLEST <= square_mm / 1000 <= _LARGEST:
            hint = "it is probably in metres; " if 0.003 <= square_mm < 1 else ""
            raise InputError(
                f"square={square_mm:g} is a square of {square_mm:g} mm; {hint}give the side of one square in "
                f"millimetres, {1000 * _SMALLEST:g} to {1000 * _LARGEST:g}"
            )
        return Board(columns, rows, square_mm / 1000)

    @property
    def name(self) -> str:
        return f"{self.columns}x{self.rows}"

    @property
    def ambiguous(self) -> bool:
        """Whether it looks the same when turned by half a turn."""
        return (self.columns + self.rows) % 2 == 0

    @property
    def points(self) -> Float[np.ndarray, "N 3"]:
        """The corners in the board's axes, metres: x along the columns, y against the rows, z away from its face.

        On a board that lies on the floor, z is up.
        """
        row, column = np.divmod(np.arange(self.columns * self.rows), self.columns)
        return np.stack([column * self.square, -row * self.square, np.zeros(len(row))], axis=1)

    def corners(self, picture: Gray, effort: int = 0) -> Float[np.ndarray, "N 2"] | None:
        """Where the inner corners are in a picture, pixels, in the order of `points`; None where it is not seen whole.

        Args:
            picture: gray.
            effort: how hard to look: 0 for the many of a video, 1 for pictures, 2 for the only one that there is.
        """
        found = _found(picture, (self.columns, self.rows), effort)
        if found is None:
            return None
        grid = _right_handed(_refined(picture, found.reshape(self.rows, self.columns, 2)))
        if not self.ambiguous and not _dark_first(picture, grid):
            grid = grid[::-1, ::-1]
        return np.ascontiguousarray(grid.reshape(-1, 2))


def _found(picture: Gray, size: tuple[int, int], effort: int) -> Float[np.ndarray, "N 2"] | None:
    """The corners to a pixel or so, in the order in which OpenCV finds them."""
    import cv2

    scale = min(1.0, _SMALL / max(picture.shape))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    flags = cv2.CALIB_CB_ADAPTIVE_THRESH | cv2.CALIB_CB_NORMALIZE_IMAGE
    ok, corners = cv2.findChessboardCorners(small, size, None, flags | (0 if effort else cv2.CALIB_CB_FAST_CHECK))
    if not ok and effort and scale < 1:
        scale = 1.0
        ok, corners = cv2.findChessboardCorners(picture, size, None, flags)
    if not ok and effort > 1:
        scale = 1.0
        ok, corners = cv2.findChessboardCornersSB(picture, size, None, cv2.CALIB_CB_NORMALIZE_IMAGE)
    if not ok:
        return None
    return np.asarray((corners.reshape(-1, 2).astype(float) + 0.5) / scale - 0.5)


def _refined(picture: Gray, grid: Float[np.ndarray, "rows columns 2"]) -> Float[np.ndarray, "rows columns 2"]:
    """The corners to a small part of a pixel."""
    import cv2

    apart = min(np.linalg.norm(np.diff(grid, axis=axis), axis=-1).min() for axis in (0, 1))
    half = int(np.clip(round(_WINDOW * apart), 2, 15))
    until = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-3)
    corners = np.ascontiguousarray(grid.reshape(-1, 1, 2), dtype=np.float32)
    return np.asarray(cv2.cornerSubPix(picture, corners, (half, half), (-1, -1), until), float).reshape(grid.shape)


def _right_handed(grid: Float[np.ndarray, "rows columns 2"]) -> Float[np.ndarray, "rows columns 2"]:
    """Seen from the front, rows lie clockwise of columns (pixels run down)."""
    along, down = grid[:, -1] - grid[:, 0], grid[-1] - grid[0]
    a, d = along.mean(0), down.mean(0)
    return grid if a[0] * d[1] - a[1] * d[0] > 0 else grid[::-1]


def _dark_first(picture: Gray, grid: Float[np.ndarray, "rows columns 2"]) -> bool:
    """Whether the square inside of the first corner is dark, as every second one is."""
    middles = 0.25 * (grid[:-1, :-1] + grid[1:, :-1] + grid[:-1, 1:] + grid[1:, 1:])
    x, y = np.clip(middles.round().astype(int), 0, np.array(picture.shape)[::-1] - 1).transpose(2, 0, 1)
    bright = picture[y, x].astype(float)
    even = np.add.outer(np.arange(bright.shape[0]), np.arange(bright.shape[1])) % 2 == 0
    return bool(bright[even].mean() < bright[~even].mean())
