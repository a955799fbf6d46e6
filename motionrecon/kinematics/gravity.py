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
from motionrecon.core.landmarks import INDEX
from motionrecon.kinematics.seated import knees_bent
from motionrecon.kinematics.state import Trajectory

#: Share of what a frame tells in which both knees are bent: what carries the person then is a guess.
_BENT = 0.05


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
    upright = _unit(x.com - support)
    certain = np.minimum(weight.sum(1), 2.0)
    bent = knees_bent(x)
    if bent.any():  # somebody who squats or sits: only the first has the weight over the feet
        certain = np.where(bent, _BENT * certain, certain)
        sits, flat = _unit(_trunk_and_shanks(x)), _sole_normals(x, upright)
        nearer = np.einsum("ti,ti->t", sits - upright, flat)
        if np.average(nearer[bent], weights=certain[bent]) > 0.0:
            upright[bent] = sits[bent]
    up = _robust_mean(upright, certain)
    turn, _ = Rotation.align_vectors([[0.0, 0.0, 1.0]], [up])
    return _turned(x, turn.as_matrix())


def _unit(vectors: Float[np.ndarray, "T 3"]) -> Float[np.ndarray, "T 3"]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))


def _trunk_and_shanks(x: Trajectory) -> Float[np.ndarray, "T 3"]:
    """The way that trunk and shanks point together, which is up where somebody sits."""
    shoulders, hips, knees, ankles = (
        0.5 * (x.landmarks[:, INDEX[f"left_{part}"]] + x.landmarks[:, INDEX[f"right_{part}"]])
        for part in ("shoulder", "hip", "knee", "ankle")
    )
    return np.asarray(_unit(shoulders - hips) + _unit(knees - ankles))


def _sole_normals(x: Trajectory, up: Float[np.ndarray, "T 3"]) -> Float[np.ndarray, "T 3"]:
    """The normals of the planes nearest to the soles of both feet, on the side of `up`."""
    points = x.feet - x.feet.mean(1, keepdims=True)
    normal = np.linalg.svd(points)[2][:, 2]
    return np.asarray(normal * np.where(np.einsum("ti,ti->t", normal, up) < 0.0, -1.0, 1.0)[:, None])


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
