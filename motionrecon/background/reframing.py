"""How a window moves over what a standing camera filmed: an editor's virtual pan and zoom, or a stabiliser's.

Such a window shifts, scales and leans the whole picture at once, near things and far ones alike, and to a fraction of a
pixel. A camera that turns does not: its picture's edges are farther away than the middle, so a pan stretches them. Each
frame's similarity is found by Gauss-Newton with weights after Geman and McClure, as `motionrecon.background.turning`
finds turns.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.background.course import CameraCourse, Corners, reached
from motionrecon.background.tracks import BackgroundTracks
from motionrecon.background.turning import SCALES
from motionrecon.cameras.pinhole import Pinhole

#: A window that leans by less than this, radians, and grows by less, as a logarithm, does neither.
_STAYS = 0.004


def find_reframing(tracks: BackgroundTracks, camera: Pinhole, count: int) -> CameraCourse:
    """The shifts, zooms and rolls that explain what was followed of the background, frame after key frame.

    Args:
        tracks: what was followed.
        camera: the lens, whose principal point is that of the first frame.
        count: frames of the motion.
    """
    corners, count = Corners.of(tracks, camera), tracks.first + count
    moves = np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (count, 1))  # scale times cosine and sine of the roll, and shift
    known, away = np.zeros(count, bool), np.full(tracks.agree.shape, np.nan)
    use = np.flatnonzero(tracks.frame < count)
    if len(tracks) and tracks.key[0] < count:
        known[tracks.key[0]] = True
    for key in dict.fromkeys(tracks.key[use].tolist()):
        links = use[tracks.key[use] == key]
        if known[key]:
            found, away[links] = _similarities(corners.start[links], corners.now[links], tracks.agree[links])
            moves[tracks.frame[links]], known[tracks.frame[links]] = _after(found, moves[key]), True
    at = np.flatnonzero(known) if known.any() else np.arange(1)
    moves = np.stack([np.interp(np.arange(count), at, moves[at, i]) for i in range(4)], axis=1)
    moves = _after(moves[tracks.first :], _undone(moves[tracks.first]))
    roll, zoom = np.arctan2(moves[:, 1], moves[:, 0]), np.hypot(moves[:, 0], moves[:, 1])
    if max(np.ptp(roll), np.ptp(np.log(zoom))) < _STAYS:
        roll, zoom = np.zeros(len(moves)), np.ones(len(moves))
    turns = np.zeros((len(moves), 3, 3))
    turns[:, 0, 0] = turns[:, 1, 1] = np.cos(roll)
    turns[:, 0, 1], turns[:, 1, 0], turns[:, 2, 2] = -np.sin(roll), np.sin(roll), 1.0
    shown, shift = reached(known)[tracks.first :], moves[:, 2:] * tracks.pixel
    return CameraCourse(turns, zoom, shown, 1.0, 0.0, away / corners.wide, corners.displaced, shift)


def _similarities(
    start: Float[np.ndarray, "N P 2"], now: Float[np.ndarray, "N P 2"], agree: Bool[np.ndarray, "N P"]
) -> tuple[Float[np.ndarray, "N 4"], Float[np.ndarray, "N P"]]:
    """What shifts, scales and leans each frame's corners, and by how much they are elsewhere; NaN where not found."""
    known = np.isfinite(start).all(2) & np.isfinite(now).all(2)
    p, q = (np.where(known[..., None], points, 0.0) for points in (start, now))
    slope = np.zeros((*known.shape, 2, 4))
    slope[..., 0, 0], slope[..., 0, 1], slope[..., 0, 2] = p[..., 0], -p[..., 1], 1.0
    slope[..., 1, 0], slope[..., 1, 1], slope[..., 1, 3] = p[..., 1], p[..., 0], 1.0
    found = np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (len(start), 1))
    for scale in SCALES:
        off = (slope @ found[:, None, :, None])[..., 0] - q
        square = (off**2).sum(2) / scale**2
        weight = known * (agree.astype(float) if np.isinf(scale) else 1.0 / (1.0 + square) ** 2)
        flat = slope.reshape(len(start), -1, 4)
        weighted = flat * np.repeat(weight, 2, axis=1)[..., None]
        normal = weighted.transpose(0, 2, 1) @ flat + 1e-6 * np.eye(4)
        found = found - np.linalg.solve(normal, weighted.transpose(0, 2, 1) @ off.reshape(len(start), -1, 1))[..., 0]
    off = (slope @ found[:, None, :, None])[..., 0] - q
    return found, np.where(known, np.linalg.norm(off, axis=2), np.nan)


def _after(later: Float[np.ndarray, "N 4"], before: Float[np.ndarray, " 4"]) -> Float[np.ndarray, "N 4"]:
    """One similarity and then each of others."""
    a, b, x, y = later.T
    c, d, u, v = before
    return np.stack([a * c - b * d, a * d + b * c, a * u - b * v + x, b * u + a * v + y], axis=1)


def _undone(move: Float[np.ndarray, " 4"]) -> Float[np.ndarray, " 4"]:
    """The similarity that undoes one."""
    a, b, x, y = move
    square = a * a + b * b
    c, d = a / square, -b / square
    return np.array([c, d, -(c * x - d * y), -(d * x + c * y)])
