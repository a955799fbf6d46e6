"""A first trajectory from the detector's own 3D guess, good enough for the fit to start from."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from ..body import Body
from ..camera import Camera
from ..landmarks import INDEX


def first_guess(
    body: Body, camera: Camera, pixels: np.ndarray, points_3d: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Root position and orientation per frame, with relaxed hinges.

    Args:
        body: the person.
        camera: where the video was taken from.
        pixels: (T, 33, 2) undistorted keypoints, NaN where unseen.
        points_3d: (T, 33, 3) the detector's guess: metres, hip-centred, camera axes.
        weight: (T, 33) root weights.

    Returns:
        (T, nq). Frames without a person lie between their neighbours.
    """
    T = len(pixels)
    qpos = np.tile(body.rest_qpos, (T, 1))
    seen = np.isfinite(points_3d).all((1, 2)) & (np.isfinite(pixels).all(2) & (weight > 0)).any(1)
    known = np.flatnonzero(seen)
    positions, rotations = [], []
    for t in known:
        in_camera = _translation(camera, pixels[t], points_3d[t], weight[t])
        positions.append((in_camera - camera.t_camera_world) @ camera.R_camera_world)
        rotations.append(_pelvis(points_3d[t] @ camera.R_camera_world))
    frames = np.arange(T)
    for axis in range(3):
        qpos[:, axis] = np.interp(frames, known, np.array(positions)[:, axis])
    turn = Rotation.from_matrix(np.array(rotations))
    if len(known) > 1:
        turn = Slerp(known, turn)(np.clip(frames, known[0], known[-1]))
    qpos[:, 3:7] = np.roll(turn.as_quat(), 1, axis=-1)
    return qpos


def _translation(camera: Camera, pixels: np.ndarray, points: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Where the hips' middle is in the camera's frame so that the points are seen at the pixels (linear in it)."""
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
        t = np.array([0.0, 0.0, 3.0])
    return t


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
