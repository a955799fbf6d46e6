"""Which way is up, where no calibration says so.

A person who stands or walks has the centre of mass over the feet, on average over a clip; and feet that stand lie on
one plane. The first gives the direction of gravity to start from; the fit then refines it together with the motion.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from motionrecon.body.tangent import quat_multiply
from motionrecon.kinematics.state import Trajectory


def levelled(x: Trajectory, fps: float, speed: float = 0.4) -> Trajectory:
    """The same trajectory seen by the same camera, in a world whose up is the body's mean uprightness.

    Args:
        x: a trajectory in a world that may be tilted.
        fps: frames per second.
        speed: m/s at which a sole's point counts half as standing.
    """
    points = x.soles
    pace = np.linalg.norm(np.gradient(points, 1.0 / fps, axis=0), axis=-1) if len(x) > 1 else np.zeros(points.shape[:2])
    weight = 1.0 / (1.0 + (pace / speed) ** 4) + 1e-3
    support = np.einsum("tp,tpi->ti", weight, points) / weight.sum(1)[:, None]
    upright = x.com - support
    upright /= np.linalg.norm(upright, axis=1, keepdims=True)
    certain = np.minimum(weight.sum(1), 2.0)
    up = _robust_mean(upright, certain)
    turn, _ = Rotation.align_vectors([[0.0, 0.0, 1.0]], [up])
    return _turned(x, turn)


def _robust_mean(directions: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Unit vector (3,) near most of the directions (T, 3): a bow or a stumble in between does not count for much."""
    mean = (weight[:, None] * directions).sum(0)
    for _ in range(10):
        mean /= np.linalg.norm(mean)
        away = np.linalg.norm(directions - mean, axis=1)
        mean = ((weight / (0.1 + away))[:, None] * directions).sum(0)
    return mean / np.linalg.norm(mean)


def _turned(x: Trajectory, turn: Rotation) -> Trajectory:
    """The trajectory and its camera in a world turned about the origin; the floor is put under the lowest soles."""
    R = turn.as_matrix()
    qpos = x.qpos.copy()
    qpos[:, :3] = x.qpos[:, :3] @ R.T
    qpos[:, 3:7] = quat_multiply(np.roll(turn.as_quat(), 1), x.qpos[:, 3:7])
    camera = replace(x.camera, R_camera_world=x.camera.R_camera_world @ R.T)
    y = Trajectory(x.body, camera, qpos, 0.0)
    return replace(y, floor=float(np.percentile(y.soles[..., 2].min(1), 10)))
