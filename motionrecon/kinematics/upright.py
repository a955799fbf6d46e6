"""Which way is up as a person stands: on average over a clip the centre of mass is over the feet, unless they sit."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from motionrecon.core.landmarks import INDEX
from motionrecon.core.vectors import unit
from motionrecon.kinematics.seated import hips_rest, knees_bent
from motionrecon.kinematics.state import Trajectory

#: Share of what a frame tells in which both knees are bent: what carries the person then is a guess.
_BENT = 0.05
#: Speed of a sole's point, m/s, at which it counts half as standing.
_SPEED = 0.4


def uprightness(x: Trajectory, fps: float) -> tuple[Float[np.ndarray, " 3"], float, float]:
    """The body's mean uprightness, how steady it is, and how much of it is guessed.

    Args:
        x: a trajectory in a world that may be tilted.
        fps: frames per second.

    Returns:
        a unit vector in the trajectory's world; by how much frames differ from it on average, radians; and which share
        of what they tell is of frames in which the person squats or sits, which is not known.
    """
    points = x.soles
    pace = np.linalg.norm(np.gradient(points, 1.0 / fps, axis=0), axis=-1) if len(x) > 1 else np.zeros(points.shape[:2])
    weight = 1.0 / (1.0 + (pace / _SPEED) ** 4) + 1e-3
    support = np.einsum("tp,tpi->ti", weight, points) / weight.sum(1)[:, None]
    upright = unit(x.com - support)
    certain = np.minimum(weight.sum(1), 2.0)
    bent = knees_bent(x) & hips_rest(x, fps)
    if bent.any():  # somebody who squats or sits: only the first has the weight over the feet
        certain = np.where(bent, _BENT * certain, certain)
        sits, flat = unit(_trunk_and_shanks(x)), _sole_normals(x, upright)
        nearer = np.einsum("ti,ti->t", sits - upright, flat)
        if np.average(nearer[bent], weights=certain[bent]) > 0.0:
            upright[bent] = sits[bent]
    mean = _robust_mean(upright, certain)
    away = np.arccos(np.clip(upright @ mean, -1.0, 1.0))
    return mean, float(np.average(away, weights=certain)), float(certain[bent].sum() / certain.sum())


def _trunk_and_shanks(x: Trajectory) -> Float[np.ndarray, "T 3"]:
    """The way that trunk and shanks point together, which is up where somebody sits."""
    shoulders, hips, knees, ankles = (
        0.5 * (x.landmarks[:, INDEX[f"left_{part}"]] + x.landmarks[:, INDEX[f"right_{part}"]])
        for part in ("shoulder", "hip", "knee", "ankle")
    )
    return np.asarray(unit(shoulders - hips) + unit(knees - ankles))


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
