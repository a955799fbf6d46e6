"""Chessboards as cameras see them that are known exactly."""

from __future__ import annotations

import cv2
import numpy as np

from motionrecon.chessboard.board import Board


def texture(board: Board, pixels: int = 40) -> np.ndarray:
    """A board from the front, with a white margin of a square, so many pixels a square; the first square is dark."""
    rows, columns = board.rows + 1, board.columns + 1
    squares = np.add.outer(np.arange(rows), np.arange(columns)) % 2 == 0
    picture = np.full(((rows + 2) * pixels, (columns + 2) * pixels), 225, np.uint8)
    picture[pixels:-pixels, pixels:-pixels] = np.where(np.kron(squares, np.ones((pixels, pixels), bool)), 30, 225)
    return picture


def rendered(K: np.ndarray, R: np.ndarray, t: np.ndarray, board: Board, size: tuple[int, int]) -> np.ndarray:
    """What a camera sees of a board: world (the board's) to camera by R and t. Gray."""
    pixels = 40
    # From texture pixels to the board's plane: the first inner corner is the origin, rows run down.
    scale = board.square / pixels
    to_board = np.array([[scale, 0, (0.5 - 2 * pixels) * scale], [0, -scale, -(0.5 - 2 * pixels) * scale], [0, 0, 1]])
    homography = K @ np.column_stack([R[:, 0], R[:, 1], t]) @ to_board
    large = cv2.warpPerspective(
        texture(board, pixels), np.diag([2.0, 2.0, 1.0]) @ homography, (2 * size[0], 2 * size[1]),
        flags=cv2.INTER_AREA, borderValue=120,
    )  # fmt: skip
    return cv2.resize(large, size, interpolation=cv2.INTER_AREA)
