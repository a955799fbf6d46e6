"""Which way is up, where no calibration says so.

A person who stands or walks has the centre of mass over the feet, on average over a clip; and feet that stand lie on
one plane. The first gives the direction of gravity to start from; the fit then refines it together with the motion.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.tangent import PLACE, QUATERNION
from motionrecon.core import so3
from motionrecon.kinematics.state import Trajectory


def levelled(x: Trajectory, fps: float, speed: float = 0.4) -> Trajectory:
    """The same trajectory seen by the same cameras, in a world whose up is the body's mean uprightness.

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
    return _turned(x, turn.as_matrix())


def _robust_mean(directions: Float[np.ndarray, "T 3"], weight: Float[np.ndarray, " T"]) -> Float[np.ndarray, " 3"]:
    """Unit vector near most of the directions: a bow or a stumble in between does not count for much."""
    mean = (weight[:, None] * directions).sum(0)
    for _ in range(10):
        mean /= np.linalg.norm(mean)
        away = np.linalg.norm(directions - mean, axis=1)
        mean = ((weight / (0.1 + away))[:, None] * directions).sum(0)
    return np.asarray(mean / np.linalg.norm(mean))


def _turned(x: Trajectory, turn: Float[np.ndarray, "3 3"]) -> Trajectory:
    """The trajectory in a world turned about the origin; the ground is put under the lowest soles."""
    qpos = x.qpos.copy()
    qpos[:, PLACE] = x.qpos[:, PLACE] @ turn.T
    qpos[:, QUATERNION] = so3.multiply(so3.from_matrix(turn), x.qpos[:, QUATERNION])
    y = replace(x, qpos=qpos, turn=turn @ x.turn)
    return replace(y, ground=y.ground.raised(float(np.percentile(y.over.min(1), 10))))
