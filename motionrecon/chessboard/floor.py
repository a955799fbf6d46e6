"""Where a camera stands, from a chessboard that lies on the floor: the world is the board's, z up, its floor z = 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.pinhole import Pinhole, Uncertainty
from motionrecon.chessboard.board import Board
from motionrecon.chessboard.shots import Shot, Shots
from motionrecon.core import so3
from motionrecon.errors import InputError

#: A board lies still while its corners move by less than this from picture to picture, as a share of a square's side.
_STILL = 0.1
#: Pictures of a video in which it lies still at least.
_FEWEST = 3
#: Reprojection error (root mean square, pixels of a picture whose longer side is 1920) that is refused.
_REFUSED_PX = 5.0
#: Uncertainty of the rotation that is said, degrees, and of a corner at the least, pixels.
_SAID_DEGREES, _CORNER_PX = 0.5, 0.1
#: The other pose that a flat board has is told from the right one if it is this much worse.
_CLEARLY = 1.5


@dataclass(frozen=True)
class Standing:
    """A camera that was posed.

    Attributes:
        camera: calibrated, in the board's world.
        uncertainty: of its pose.
        error_px: root mean square distance of the corners from where they were seen.
        warnings: what is odd.
    """

    camera: Pinhole
    uncertainty: Uncertainty
    error_px: float
    warnings: tuple[str, ...]


def standing(name: str, shots: Shots, board: Board, camera: Pinhole) -> Standing:
    """Where a camera stands that sees the board on the floor.

    Args:
        name: how messages call the camera.
        shots: the board in its picture, or in a video in which it lies still for a while.
        board: what was seen.
        camera: its lens, for pictures of this size.

    Raises:
        InputError: the board is not there, or never lies still.
    """
    import cv2

    corners = _lying(name, shots, board)
    points = board.points
    count, turns, shifts, errors = cv2.solvePnPGeneric(
        points, corners, camera.K, camera.distortion, flags=cv2.SOLVEPNP_IPPE
    )
    if not count:
        raise InputError(f"{name}: the chessboard in {shots.source} fits no place; is board=... right?")
    best = int(np.argmin(errors.ravel()))
    turn, shift = cv2.solvePnPRefineLM(points, corners, camera.K, camera.distortion, turns[best], shifts[best])
    seen, jacobian = cv2.projectPoints(points, turn, shift, camera.K, camera.distortion)
    error = float(np.sqrt(((seen[:, 0] - corners) ** 2).sum(1).mean()))
    if not error <= _REFUSED_PX * max(shots.image_size) / 1920:
        raise InputError(
            f"{name}: the chessboard in {shots.source} is off by {error:.1f} pixels from where a flat board is; is it "
            "flat, and are the intrinsics those of this camera?"
        )
    R = np.asarray(cv2.Rodrigues(turn)[0], float)
    posed = Pinhole(camera.K, camera.image_size, R, shift.ravel().astype(float), camera.distortion, calibrated=True)
    uncertainty = _uncertainty(R, shift.ravel(), jacobian[:, :6], max(error, _CORNER_PX))
    said = []
    if uncertainty.rotation > _SAID_DEGREES:
        said.append(
            f"{name}: the chessboard is small in {shots.source}, and the camera's direction uncertain by "
            f"{uncertainty.rotation:.1f} degrees; use a larger board, or bring it nearer"
        )
    if count > 1 and errors.ravel()[1 - best] < _CLEARLY * errors.ravel()[best]:
        said.append(
            f"{name}: the chessboard in {shots.source} could lie in two ways, which differ by hardly anything in the "
            "picture; use a larger board, or bring it nearer"
        )
    return Standing(posed, uncertainty, error, tuple(said))


def _lying(name: str, shots: Shots, board: Board) -> Float[np.ndarray, "N 2"]:
    """The corners of the board while it lies still, the mean of its pictures."""
    if not shots.shots:
        raise InputError(
            f"{name}: the chessboard of {board.name} inner corners, which should lie on the floor, was not found in "
            f"{shots.source}; the whole board must be seen, large enough (20 pixels a square), and lit evenly"
        )
    if not shots.video:
        if len(shots.shots) > 1:
            raise InputError(
                f"{shots.source} holds {len(shots.shots)} pictures of the chessboard; give the one of the board on the "
                "floor"
            )
        return shots.shots[0].corners
    longest: list[Shot] = []
    stretch: list[Shot] = []
    for shot in shots.shots:
        if stretch and _moved(stretch[0], shot, board) > _STILL:
            stretch = []
        stretch.append(shot)
        longest = max(longest, stretch, key=len).copy()
    if len(longest) < _FEWEST:
        raise InputError(
            f"{name}: the chessboard never lies still in {shots.source}; lay it on the floor before all cameras, and "
            "film it there for some seconds"
        )
    return np.asarray(np.median([shot.corners for shot in longest], axis=0))


def _moved(one: Shot, other: Shot, board: Board) -> float:
    """How far the corners went, in sides of a square."""
    grid = one.corners.reshape(board.rows, board.columns, 2)
    side = float(np.median(np.linalg.norm(np.diff(grid, axis=1), axis=-1)))
    return float(np.linalg.norm(other.corners - one.corners, axis=1).mean()) / max(side, 1e-9)


def _uncertainty(
    R: Float[np.ndarray, "3 3"], shift: Float[np.ndarray, " 3"], jacobian: Float[np.ndarray, "n 6"], error: float
) -> Uncertainty:
    """Of a pose (world to camera), from the derivative of the corners by it (Rodrigues vector, shift)."""
    covariance = error**2 / 2 * np.linalg.inv(jacobian.T @ jacobian)
    turn = so3.log(so3.from_matrix(R))

    def eye(step: Float[np.ndarray, " 6"]) -> Float[np.ndarray, " 3"]:
        return np.asarray(-(shift + step[3:]) @ so3.matrix(turn + step[:3]))

    by_step = np.stack([(eye(1e-6 * axis) - eye(-1e-6 * axis)) / 2e-6 for axis in np.eye(6)], axis=1)
    by_turn = so3.right_jacobian(turn)
    rotation = np.sqrt(np.trace(by_turn @ covariance[:3, :3] @ by_turn.T))
    return Uncertainty(float(np.degrees(rotation)), float(np.sqrt(np.trace(by_step @ covariance @ by_step.T))))
