"""A first trajectory from the detector's own 3D guess, or without one, good enough for the fit to start from."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from motionrecon.body import Body
from motionrecon.body.pose import pose
from motionrecon.cameras.pinhole import Camera
from motionrecon.core.landmarks import INDEX

#: Distance at which a person is put of whom nothing is known, metres.
FAR = 3.0


def first_guess(
    body: Body, camera: Camera, pixels: np.ndarray, points_3d: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Root position and orientation per frame, with relaxed hinges.

    Args:
        body: the person.
        camera: where the video was taken from.
        pixels: (T, 33, 2) undistorted keypoints, NaN where unseen.
        points_3d: (T, 33, 3) the detector's guess: metres, hip-centred, camera axes; NaN where there is none.
        weight: (T, 33) root weights.

    Returns:
        (T, nq). Frames without a person lie between their neighbours; where there is nobody at all, a relaxed person
        stands in the middle of the picture.
    """
    T = len(pixels)
    qpos = np.tile(body.rest_qpos, (T, 1))
    seen = (np.isfinite(pixels).all(2) & (weight > 0)).any(1)
    known = np.flatnonzero(seen)
    if len(known) == 0:
        qpos[:, :3] = (np.array([0.0, 0.0, FAR]) - camera.t_camera_world) @ camera.R_camera_world
        return qpos
    turns = _relaxed_turns(body, camera)
    positions, rotations = [], []
    for t in known:
        guesses = [points_3d[t]] if np.isfinite(points_3d[t]).all() else turns
        placed = [_translation(camera, pixels[t], points, weight[t]) for points in guesses]
        best = int(np.argmin([away for _, away in placed]))
        positions.append((placed[best][0] - camera.t_camera_world) @ camera.R_camera_world)
        rotations.append(_pelvis(guesses[best] @ camera.R_camera_world))
    frames = np.arange(T)
    for axis in range(3):
        qpos[:, axis] = np.interp(frames, known, np.array(positions)[:, axis])
    turn = Rotation.from_matrix(np.array(rotations))
    if len(known) > 1:
        turn = Slerp(known, turn)(np.clip(frames, known[0], known[-1]))
    qpos[:, 3:7] = np.roll(turn.as_quat(), 1, axis=-1)
    return qpos


def _relaxed_turns(body: Body, camera: Camera) -> list[np.ndarray]:
    """Landmarks (33, 3), hip-centred, camera axes, of a relaxed person who stands and faces one of sixteen ways."""
    points = pose(body.model, body.rest_qpos[None]).at(body.marks)[0]
    points = points - 0.5 * (points[INDEX["left_hip"]] + points[INDEX["right_hip"]])
    turns = Rotation.from_euler("z", np.linspace(0, 2 * np.pi, 16, endpoint=False)[:, None])
    return [points @ (camera.R_camera_world @ turn).T for turn in turns.as_matrix()]


def _translation(
    camera: Camera, pixels: np.ndarray, points: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, float]:
    """Where the hips' middle is in the camera's frame so that the points are seen at the pixels (linear in it).

    Returns:
        the place (3,) and how far from the pixels the points then are: a weighted sum of squares, of radians.
    """
    focal = np.array([camera.K[0, 0], camera.K[1, 1]])
    ray = (pixels - camera.K[:2, 2]) / focal
    ok = np.isfinite(ray).all(1)
    ray, points, weight = ray[ok], points[ok], weight[ok] + 1e-3
    # ray * (z + tz) = xy + txy
    rows = np.zeros((len(ray), 2, 3))
    rows[:, 0, 0] = rows[:, 1, 1] = -1.0
    rows[:, :, 2] = ray
    right = points[:, :2] - ray * points[:, 2:]
    w = weight[:, None]
    t, *_ = np.linalg.lstsq((rows * w[..., None]).reshape(-1, 3), (right * w).ravel(), rcond=None)
    if t[2] < 0.3:  # nothing sensible: a person fills the view at this distance
        t = np.array([0.0, 0.0, FAR])
    there = points + t
    away = there[:, :2] / np.maximum(there[:, 2:], 0.1) - ray
    return t, float(((away * w) ** 2).sum())


def _pelvis(points: np.ndarray) -> np.ndarray:
    """Rotation (3, 3) of the pelvis in the world from world-axes points (33, 3): x forward, y left, z up."""
    left, right = points[INDEX["left_hip"]], points[INDEX["right_hip"]]
    shoulders = 0.5 * (points[INDEX["left_shoulder"]] + points[INDEX["right_shoulder"]])
    y = (left - right) + 0.5 * (points[INDEX["left_shoulder"]] - points[INDEX["right_shoulder"]])
    z = shoulders - 0.5 * (left + right)
    y = y / np.linalg.norm(y)
    x = np.cross(y, z)
    x = x / np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)], axis=1)
