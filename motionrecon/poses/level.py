"""The world that a camera's own axes make: where poses look the same to whoever learned them.

Its origin is the camera; x points right, y ahead and z up in the picture. What was learned of poses before cameras is
told in this world, whatever world the camera was calibrated in.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from motionrecon.body.tangent import ANGLES, PLACE, QUATERNION
from motionrecon.cameras.base import Camera
from motionrecon.cameras.pinhole import LEVEL, Pinhole
from motionrecon.core import so3


def level_camera() -> Pinhole:
    """A camera at the origin of this world whose pixels are places on the image plane (`Camera.rays`)."""
    return Pinhole(np.eye(3), (1, 1), LEVEL, np.zeros(3))


def to_level(camera: Camera, qpos: Float[np.ndarray, "T nq"]) -> Float[np.ndarray, "T nq"]:
    """Configurations with a free root, from the camera's world into the one of its axes."""
    there = camera.to_camera(qpos[:, None, PLACE])[:, 0] @ LEVEL
    turn = so3.from_matrix(np.broadcast_to(LEVEL.T @ camera.axes, (len(qpos), 3, 3)))
    return np.concatenate([there, so3.multiply(turn, qpos[:, QUATERNION]), qpos[:, ANGLES]], axis=1)


def from_level(camera: Camera, qpos: Float[np.ndarray, "T nq"]) -> Float[np.ndarray, "T nq"]:
    """The inverse of `to_level`."""
    there = camera.to_world((qpos[:, PLACE] @ LEVEL.T)[:, None])[:, 0]
    turn = so3.from_matrix(np.broadcast_to((LEVEL.T @ camera.axes).transpose(0, 2, 1), (len(qpos), 3, 3)))
    return np.concatenate([there, so3.multiply(turn, qpos[:, QUATERNION]), qpos[:, ANGLES]], axis=1)
