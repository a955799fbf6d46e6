"""A start without anything learned: the pose at rest, turned every way, and put where it is seen best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.pose import pose
from motionrecon.body.tangent import PLACE, QUATERNION
from motionrecon.cameras.pinhole import LEVEL
from motionrecon.core import so3
from motionrecon.poses.articulation import Articulation

#: Ways that the pose at rest is tried to face.
TURNS = 16
#: Distance at which a pose is put whose place makes no sense, and nearer than which none makes sense, metres.
FAR, NEAR = 3.0, 0.3


@dataclass(frozen=True)
class Placed:
    """Where shapes were put.

    Attributes:
        place: (N, C, 3) of each of C shapes, in the camera's axes, metres.
        away: (N, C) how far from the rays the points then are: a weighted sum of squares on the image plane.
    """

    place: Float[np.ndarray, "N C 3"]
    away: Float[np.ndarray, "N C"]


def relaxed_start(
    articulation: Articulation,
    rays: Float[np.ndarray, "N P 2"],
    weight: Float[np.ndarray, "N P"],
    points_3d: Float[np.ndarray, "N P 3"] | None = None,
) -> Float[np.ndarray, "N nq"]:
    """A pose for each frame, in the world of the camera's own axes (`motionrecon.poses.level`).

    Args:
        articulation: with a free root.
        rays: where the points are seen on the image plane, NaN where unseen.
        weight: root weights.
        points_3d: the detector's own guess, camera axes, metres: where a frame has one, it says how the pose is turned.
    """
    yaws = np.linspace(0, 2 * np.pi, TURNS, endpoint=False)
    turns = np.broadcast_to(Rotation.from_euler("z", yaws[:, None]).as_matrix(), (len(rays), TURNS, 3, 3))
    upright = articulation.rest[None].copy()
    upright[:, PLACE] = 0.0
    shape = pose(articulation.model, upright).at(articulation.points)[0]
    if points_3d is not None:
        known = np.isfinite(points_3d).all((1, 2))
        turns = turns.copy()
        turns[known] = _aligning(shape, points_3d[known] @ LEVEL, weight[known])[:, None]
    placed = place(rays, (shape @ np.swapaxes(turns, -1, -2)) @ LEVEL.T, weight)
    rows, best = np.arange(len(rays)), placed.away.argmin(1)
    x = np.tile(articulation.rest, (len(rays), 1))
    x[:, PLACE] = placed.place[rows, best] @ LEVEL
    x[:, QUATERNION] = so3.multiply(so3.from_matrix(turns[rows, best]), x[:, QUATERNION])
    return x


def place(
    rays: Float[np.ndarray, "N P 2"], shapes: Float[np.ndarray, "N C P 3"], weight: Float[np.ndarray, "N P"]
) -> Placed:
    """Put shapes where their points are seen best, in perspective (linear in the place).

    Args:
        rays: where the points are seen on the image plane, NaN where unseen.
        shapes: C of them for each frame, in the camera's axes, about an origin of their own.
        weight: root weights.
    """
    seen = np.isfinite(rays).all(-1)
    ray = np.where(seen[..., None], rays, 0.0)[:, None]
    w = np.where(seen, weight + 1e-3, 0.0)[:, None, :, None]
    # ray * (z + tz) = xy + txy
    right = (shapes[..., :2] - ray * shapes[..., 2:]) * w
    square = w[..., 0] ** 2
    total = np.broadcast_to(square.sum(-1), shapes.shape[:2])
    cross = (square[..., None] * ray).sum(2)
    matrix = np.zeros((*shapes.shape[:2], 3, 3))
    matrix[..., 0, 0] = matrix[..., 1, 1] = total
    matrix[..., :2, 2] = matrix[..., 2, :2] = -cross
    matrix[..., 2, 2] = (square[..., None] * ray**2).sum((2, 3))
    target = np.concatenate([-(right * w).sum(2), (right * w * ray).sum((2, 3))[..., None]], axis=-1)
    matrix = matrix + 1e-9 * np.eye(3)
    there = np.linalg.solve(matrix, target[..., None])[..., 0]
    there = np.where(there[..., 2:] < NEAR, [0.0, 0.0, FAR], there)
    points = shapes + there[:, :, None]
    off = points[..., :2] / np.maximum(points[..., 2:], 0.1) - ray
    return Placed(there, ((off * w) ** 2).sum((2, 3)))


def _aligning(
    shape: Float[np.ndarray, "P 3"], targets: Float[np.ndarray, "N P 3"], weight: Float[np.ndarray, "N P"]
) -> Float[np.ndarray, "N 3 3"]:
    """Rotations that carry a shape onto others best, both about their weighted means (`so3.aligning`, batched)."""
    share = (weight + 1e-3)[..., None] ** 2
    share = share / share.sum(1, keepdims=True)
    a = shape - (share * shape).sum(1, keepdims=True)
    b = targets - (share * targets).sum(1, keepdims=True)
    u, _, vt = np.linalg.svd(np.swapaxes(share * a, 1, 2) @ b)
    proper = np.ones((len(targets), 3))
    proper[:, 2] = np.sign(np.linalg.det(u @ vt))
    return np.asarray(np.swapaxes((u * proper[:, None]) @ vt, 1, 2))
