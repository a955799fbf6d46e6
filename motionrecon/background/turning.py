"""A camera's turn and zoom between a key frame and others, from where the same far points are seen in both.

A camera that turns about its centre by R, and whose focal length grows from f to f exp(z), sees what it saw at the ray
r at the pixel f exp(z) (R r)_xy / (R r)_z, however far away it is: the homography K' R K^-1 (Hartley and Zisserman,
Multiple View Geometry, 8.4). Four numbers for each frame are found by Gauss-Newton over all corners, with weights after
Geman and McClure, so that what moves by itself, and what is near while the camera sways, does not pull.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.core import so3

#: Scales of the weights, small pixels, from far to that of the noise of corners; before them come steps in which all
#: corners that are believed count alike.
SCALES = (np.inf, np.inf, 3.0, 1.5, 0.8, 0.8)
#: A ray is not turned farther from the axis than this share of its length ahead.
_AHEAD = 0.05


@dataclass(frozen=True)
class Turning:
    """What a camera did between a key frame and N others.

    Attributes:
        turn: (N, 3, 3) from the key frames' axes to each one's.
        zoom: (N,) logarithm of the focal length in each, in focal lengths of the key frames.
        away: (N, P) how far corners are from where they would be seen, small pixels; NaN where they were not found.
    """

    turn: Float[np.ndarray, "N 3 3"]
    zoom: Float[np.ndarray, " N"]
    away: Float[np.ndarray, "N P"]

    @property
    def cost(self) -> float:
        """The sum that the fit lowers (Geman and McClure), in squares of the scale of the noise."""
        square = (np.nan_to_num(self.away) / SCALES[-1]) ** 2
        return float((square / (1.0 + square)).sum())


def fit_turning(
    rays: Float[np.ndarray, "N P 2"],
    seen: Float[np.ndarray, "N P 2"],
    agree: Bool[np.ndarray, "N P"],
    focal: Float[np.ndarray, " N"],
    zooms: bool = True,
) -> Turning:
    """Fit turns and zooms of N frames after their key frames.

    Args:
        rays: where corners are on each key frame's image plane; NaN beyond those that there are.
        seen: where each frame shows them: small pixels from the middle of the picture, without the lens's distortion;
            NaN where they were not found.
        agree: which of them are believed at first.
        focal: focal length in each key frame, small pixels.
        zooms: whether the camera may zoom.
    """
    N = len(rays)
    known = np.isfinite(rays).all(2) & np.isfinite(seen).all(2)
    target = np.where(known[..., None], seen, 0.0)
    ahead = np.concatenate([np.where(known[..., None], rays, 0.0), np.ones((*known.shape, 1))], axis=2)
    turn = np.tile(np.eye(3), (N, 1, 1))
    zoom = np.zeros(N)
    for scale in SCALES:
        there = ahead @ turn.transpose(0, 2, 1)
        residual, slope = _residual(there, target, focal * np.exp(zoom))
        square = (residual**2).sum(2) / scale**2
        weight = known * (agree.astype(float) if np.isinf(scale) else 1.0 / (1.0 + square) ** 2)
        step = _step(residual, slope[..., : 3 + zooms], weight)
        turn = so3.matrix(step[:, :3]) @ turn
        zoom = zoom + (step[:, 3] if zooms else 0.0)
    residual, _ = _residual(ahead @ turn.transpose(0, 2, 1), target, focal * np.exp(zoom))
    return Turning(turn, zoom, np.where(known, np.linalg.norm(residual, axis=2), np.nan))


def _residual(
    there: Float[np.ndarray, "N P 3"], target: Float[np.ndarray, "N P 2"], focal: Float[np.ndarray, " N"]
) -> tuple[Float[np.ndarray, "N P 2"], Float[np.ndarray, "N P 2 4"]]:
    """By how much points are seen elsewhere, pixels, and how that changes with a further turn and zoom."""
    depth = np.maximum(there[..., 2], _AHEAD)
    x, y = there[..., 0] / depth, there[..., 1] / depth
    scale = focal[:, None]
    slope = np.empty((*depth.shape, 2, 4))
    slope[..., 0, 0], slope[..., 1, 0] = -x * y, -(1 + y * y)
    slope[..., 0, 1], slope[..., 1, 1] = 1 + x * x, x * y
    slope[..., 0, 2], slope[..., 1, 2] = -y, x
    slope[..., 0, 3], slope[..., 1, 3] = x, y
    slope *= scale[..., None, None]
    return np.stack([scale * x, scale * y], axis=2) - target, slope


def _step(
    residual: Float[np.ndarray, "N P 2"], slope: Float[np.ndarray, "N P 2 n"], weight: Float[np.ndarray, "N P"]
) -> Float[np.ndarray, "N n"]:
    """The Gauss-Newton step of each frame."""
    N, n = len(residual), slope.shape[-1]
    flat = slope.reshape(N, -1, n)
    weighted = flat * np.repeat(weight, 2, axis=1)[..., None]
    normal = weighted.transpose(0, 2, 1) @ flat + 1e-6 * np.eye(n)
    gradient = weighted.transpose(0, 2, 1) @ residual.reshape(N, -1, 1)
    return np.asarray(-np.linalg.solve(normal, gradient)[..., 0])
