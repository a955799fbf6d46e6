"""What Optimus is told of poses before cameras: features of each unknown, and facts of each frame."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from motionrecon.body.pose import pose
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.problem import PoseProblem

#: Features of an unknown.
CHANNELS = 3
#: How far a pull reaches: radians, metres.
TURN, LENGTH = 1.0, 0.5


def features_of(articulation: Articulation, x: Float[np.ndarray, "N nq"]) -> Float[np.ndarray, "N n 3"]:
    """How far each unknown is from rest and from both ends of its range."""
    angles = articulation.angles(x)
    low, high = articulation.limits
    rest = articulation.angles(articulation.rest)
    return np.stack([angles - rest, (angles - low).clip(-1, 1), (high - angles).clip(-1, 1)], axis=-1)


def reach_of(articulation: Articulation) -> Float[np.ndarray, " n"]:
    """How far each unknown may be pulled, in its units."""
    return np.where(articulation.turns, TURN, LENGTH)


def count_of(articulation: Articulation) -> int:
    """How many facts `facts_of` tells."""
    return 12 + 7 * len(articulation.points) + 1


def facts_of(problem: PoseProblem, x: Float[np.ndarray, "N nq"]) -> Float[np.ndarray, "N facts"]:
    """How the root is turned and where the middle of the points is, then by point: where it is seen from there, how
    far that is from where the pose has it (metres across the line of sight), whether it is seen, and the same in depth
    of the detector's own 3D."""
    articulation, camera = problem.articulation, problem.camera
    posed = pose(articulation.model, x)
    points = posed.at(articulation.points)
    sight = camera.across(points)
    there = camera.to_camera(points)
    middle = there.mean(1)
    centre, depth = sight.image.mean(1, keepdims=True), problem.depth[:, None, None]
    rays = camera.rays(problem.pixels)
    seen = np.isfinite(rays).all(-1, keepdims=True) & (problem.weight > 0)[..., None]
    observed = np.where(seen, (rays - centre) * depth, 0.0)
    away = np.where(seen, observed - (sight.image - centre) * depth, 0.0)
    guess = np.zeros((*points.shape[:2], 2))
    guessed = np.zeros((len(x), 1))
    if problem.points_3d is not None:
        guessed = np.isfinite(problem.points_3d).all((1, 2))[:, None].astype(float)
        near = problem.points_3d[..., 2] - problem.points_3d[..., 2].mean(1, keepdims=True)
        beside = near - (there[..., 2] - middle[:, None, 2])
        guess = np.where(guessed[..., None] > 0, np.stack([near, beside], axis=-1), 0.0)
    turned = camera.axes @ posed.rotations[:, 1]
    parts = [turned, middle / 3 - np.array([0, 0, 1.3]), observed, away, seen, guess, guessed]
    return np.concatenate([part.reshape(len(x), -1).clip(-3, 3) for part in map(np.asarray, parts)], axis=1)
