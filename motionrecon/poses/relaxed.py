"""A start without anything learned: the pose at rest, turned every way, and put where it is seen best."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.pose import pose
from motionrecon.body.tangent import PLACE, QUATERNION
from motionrecon.cameras.pinhole import LEVEL
from motionrecon.core import so3
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.placing import FAR, NEAR, placed

#: Ways that the pose at rest is tried to face.
TURNS = 16


def relaxed_start(
    articulation: Articulation,
    rays: Float[np.ndarray, "N P 2"],
    weight: Float[np.ndarray, "N P"],
    points_3d: Float[np.ndarray, "N P 3"] | None = None,
    near: float = NEAR,
    far: float = FAR,
) -> Float[np.ndarray, "N nq"]:
    """A pose for each frame, in the world of the camera's own axes (`motionrecon.poses.level`).

    Args:
        articulation: with a free root.
        rays: where the points are seen on the image plane, NaN where unseen.
        weight: root weights.
        points_3d: the detector's own guess, camera axes, metres: where a frame has one, it says how the pose is turned.
        near, far: as `motionrecon.poses.placing.placed` has them; those of a person where not given.
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
    places, away = placed(rays, weight, (shape @ np.swapaxes(turns, -1, -2)) @ LEVEL.T, near, far)
    rows, best = np.arange(len(rays)), away.argmin(1)
    x = np.tile(articulation.rest, (len(rays), 1))
    x[:, PLACE] = places[rows, best] @ LEVEL
    x[:, QUATERNION] = so3.multiply(so3.from_matrix(turns[rows, best]), x[:, QUATERNION])
    return x


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
