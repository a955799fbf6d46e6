"""A camera's lens from pictures of a chessboard (Zhang, "A flexible new technique for camera calibration", 2000)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.chessboard.board import Board
from motionrecon.chessboard.shots import Shot, Shots
from motionrecon.errors import InputError

#: Pictures that a lens needs, and those from which more say nothing new.
FEWEST, ENOUGH = 4, 30
#: Pictures of a video that are less sharp than this share of its sharpest ones are blurred.
_SHARP = 0.6
#: Two pictures are alike if their corners are nearer than this on average, as a share of the longer side.
_ALIKE = 0.02
#: A picture is left out that is this many times worse than the median one, and worse than this, pixels.
_WORSE, _BAD_PX = 3.0, 1.0
#: Reprojection errors (root mean square, pixels of a picture whose longer side is 1920) that are said, and refused.
_SAID_PX, _REFUSED_PX = 1.0, 5.0
#: Relative standard deviations of the focal length that are said, and refused.
_SAID_FOCAL, _REFUSED_FOCAL = 0.01, 0.1
#: Share of the picture's area that the corners of all pictures together span at least.
_COVERED = 0.3


@dataclass(frozen=True)
class Lens:
    """A calibrated lens.

    Attributes:
        K: intrinsics (3, 3), pixels.
        distortion: (k1, k2, p1, p2).
        error_px: root mean square distance of the corners from where they were seen.
        focal_error: relative standard deviation of the focal length.
        pictures: how many were used.
        warnings: what is odd.
    """

    K: Float[np.ndarray, "3 3"]
    distortion: Float[np.ndarray, " n"]
    error_px: float
    focal_error: float
    pictures: int
    warnings: tuple[str, ...]


def lens(name: str, shots: Shots, board: Board) -> Lens:
    """The lens of the camera that took pictures.

    Args:
        name: how messages call the camera.
        shots: the board in its pictures.
        board: what was seen.

    Raises:
        InputError: they are too few, or fit no lens.
    """
    import cv2

    if len(shots.shots) < FEWEST:
        raise InputError(f"{name}: {_too_few(shots, board)}")
    distinct = spread_out(shots)
    if len(distinct) < FEWEST:
        places = f"{len(distinct)} different place{'s' if len(distinct) > 1 else ''}"
        raise InputError(
            f"{name}: the chessboard is at {places} of {shots.source} only, and {FEWEST} are needed; tilt it this way "
            "and that, near and far, in all parts of the picture"
        )
    chosen = distinct if shots.video or len(shots.shots) > ENOUGH else list(shots.shots)
    points = board.points.astype(np.float32)
    flags = cv2.CALIB_FIX_K3
    for _ in range(3):
        corners = [shot.corners.astype(np.float32) for shot in chosen]
        found = cv2.calibrateCameraExtended(
            [points] * len(chosen), corners, shots.image_size, np.eye(3), np.zeros(5), flags=flags
        )
        error, K, distortion, spread, each = (
            found[0],
            found[1],
            found[2].ravel()[:4],
            found[5].ravel(),
            found[7].ravel(),
        )
        good = each <= max(_WORSE * float(np.median(each)), _BAD_PX * max(shots.image_size) / 1920)
        if good.all() or good.sum() < FEWEST:
            break
        chosen = [shot for shot, keep in zip(chosen, good, strict=True) if keep]
    focal_error = float(max(spread[0] / K[0, 0], spread[1] / K[1, 1]))
    said = _judged(name, shots, chosen, error, focal_error)
    return Lens(K, distortion, float(error), focal_error, len(chosen), said)


def _too_few(shots: Shots, board: Board) -> str:
    count, of = len(shots.shots), shots.looked_at
    if count == 0:
        return (
            f"the chessboard of {board.name} inner corners was not found in {shots.source} ({of} "
            f"picture{'s' if of != 1 else ''}); board=... counts inner corners, one less than squares ({board.name} is "
            f"a board of {board.columns + 1} by {board.rows + 1} squares); the whole board must be in the picture, lit "
            "evenly, with a white margin"
        )
    return (
        f"the chessboard was found in {count} of {of} pictures of {shots.source} only, and {FEWEST} are needed (15 or "
        "more are good); show the whole board, tilted this way and that, near and far, in all parts of the picture"
    )


def spread_out(shots: Shots) -> list[Shot]:
    """Sharp pictures, each unlike the others: one after the other is added that is farthest from all before."""
    sharpness = np.array([shot.sharpness for shot in shots.shots])
    sharp = sharpness >= _SHARP * np.percentile(sharpness, 90) if shots.video else np.ones(len(sharpness), bool)
    candidates = [shot for shot, keep in zip(shots.shots, sharp, strict=True) if keep]
    places = np.stack([shot.corners for shot in candidates]) / max(shots.image_size)

    def away(i: int) -> Float[np.ndarray, " n"]:
        return np.asarray(np.linalg.norm(places - places[i], axis=-1).mean(1))

    first = int(np.argmax([shot.sharpness for shot in candidates]))
    chosen, nearest = [first], away(first)
    while len(chosen) < ENOUGH and nearest.max() > _ALIKE:
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, away(chosen[-1]))
    return [candidates[i] for i in sorted(chosen)]


def _judged(name: str, shots: Shots, chosen: Sequence[Shot], error: float, focal_error: float) -> tuple[str, ...]:
    """What is odd about a lens.

    Raises:
        InputError: it cannot be one.
    """
    scale = max(shots.image_size) / 1920
    if not error <= _REFUSED_PX * scale:
        raise InputError(
            f"{name}: no lens explains the chessboard in {shots.source}: corners are off by {error:.1f} pixels; is the "
            "board flat, was it one camera, and did the zoom stay the same? A fisheye lens cannot be used"
        )
    if not focal_error <= _REFUSED_FOCAL:
        raise InputError(
            f"{name}: the focal length remains uncertain by {100 * focal_error:.0f} % after {len(chosen)} pictures of "
            "the chessboard; tilt it more, this way and that, and show it near and far"
        )
    said = []
    if error > _SAID_PX * scale:
        said.append(f"{name}: the corners of the chessboard are off by {error:.2f} pixels; is the board flat?")
    if focal_error > _SAID_FOCAL:
        said.append(
            f"{name}: the focal length is uncertain by {100 * focal_error:.1f} %; more pictures help, with the "
            "chessboard tilted this way and that"
        )
    corners = np.concatenate([shot.corners for shot in chosen])
    side = np.percentile(corners, 99, axis=0) - np.percentile(corners, 1, axis=0)
    covered = float(np.prod(side / np.array(shots.image_size)))
    if covered < _COVERED:
        said.append(
            f"{name}: the chessboard is never outside {100 * covered:.0f} % of the picture; at the edges the lens is a "
            "guess; show it there too"
        )
    return tuple(said)
