"""A first trajectory, good enough for the fit to start from: from typical poses, or of a relaxed person."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation, Slerp

from motionrecon.body import Body
from motionrecon.body.pose import pose
from motionrecon.body.tangent import PLACE, QUATERNION
from motionrecon.core.landmarks import INDEX
from motionrecon.poses import FIRST_POSES
from motionrecon.poses.bank import PoseBank
from motionrecon.poses.start import likely_course
from motionrecon.views import View

#: What gives a first trajectory (T, nq) of a body that views saw.
Start = Callable[[Body, Sequence[View]], Float[np.ndarray, "T nq"]]

#: Distance at which a person is put of whom nothing is known, metres.
FAR = 3.0
#: Nobody is nearer than this, metres: a person fills the view there.
NEAR = 0.3
#: Ways that a relaxed person is tried to face.
TURNS = 16


def learned(body: Body, views: Sequence[View]) -> Float[np.ndarray, "T nq"]:
    """From typical poses that look like what was seen; of a body that they are not of, as `relaxed`."""
    ordered = _ordered(views)
    bank = PoseBank.of(body)
    found = None if bank is None else likely_course(body, bank, ordered[0], ordered[1:])
    return relaxed(body, views) if found is None else found


def relaxed(body: Body, views: Sequence[View]) -> Float[np.ndarray, "T nq"]:
    """Of a relaxed person, turned as the detector's own 3D guess says, or as looks most like what was seen."""
    return first_guess(body, _ordered(views)[0])


#: The ways to start, by the names that users give them.
STARTS: dict[str, Start] = dict(zip(FIRST_POSES, (learned, relaxed), strict=True))


def _ordered(views: Sequence[View]) -> list[View]:
    """The views, the one that saw most first."""
    return sorted(views, key=lambda view: -float((view.weight**2).sum()))


def first_guess(body: Body, view: View) -> Float[np.ndarray, "T nq"]:
    """Root position and orientation per frame, with relaxed hinges.

    Frames without a person lie between their neighbours; where there is nobody at all, a relaxed person stands in the
    middle of the picture.
    """
    camera, T = view.camera, len(view)
    qpos = np.tile(body.rest_qpos, (T, 1))
    known = np.flatnonzero((np.isfinite(view.pixels).all(2) & (view.weight > 0)).any(1))
    if len(known) == 0:
        qpos[:, PLACE] = camera.to_world(np.tile([0.0, 0.0, FAR], (T, 1, 1)))[:, 0]
        return qpos
    rays = camera.rays(view.pixels)
    axes = np.broadcast_to(camera.axes, (T, 3, 3))
    relaxed = _relaxed_turns(body)
    places, turns = [], []
    for t in known:
        guesses = view.points_3d[t][None] if np.isfinite(view.points_3d[t]).all() else relaxed @ axes[t].T
        placed = [_translation(rays[t], points, view.weight[t]) for points in guesses]
        best = int(np.argmin([away for _, away in placed]))
        places.append(placed[best][0])
        turns.append(_pelvis(guesses[best] @ axes[t]))
    frames = np.arange(T)
    there = camera.at(known).to_world(np.array(places)[:, None])[:, 0]
    qpos[:, PLACE] = np.stack([np.interp(frames, known, row) for row in there.T], axis=1)
    turn = Rotation.from_matrix(np.array(turns))
    if len(known) > 1:
        turn = Slerp(known, turn)(np.clip(frames, known[0], known[-1]))
    qpos[:, QUATERNION] = turn.as_quat(scalar_first=True)
    return qpos


def _relaxed_turns(body: Body) -> Float[np.ndarray, "turns 33 3"]:
    """Landmarks about the hips, in the world's axes, of a relaxed person who stands and faces each of the ways."""
    points = pose(body.model, body.rest_qpos[None]).at(body.marks)[0]
    points = points - 0.5 * (points[INDEX["left_hip"]] + points[INDEX["right_hip"]])
    turns = Rotation.from_euler("z", np.linspace(0, 2 * np.pi, TURNS, endpoint=False)[:, None])
    return np.asarray(points @ turns.as_matrix().transpose(0, 2, 1))


def _translation(
    rays: Float[np.ndarray, "33 2"], points: Float[np.ndarray, "33 3"], weight: Float[np.ndarray, " 33"]
) -> tuple[Float[np.ndarray, " 3"], float]:
    """Where the hips' middle is in the camera's axes so that the points are seen where they were (linear in it).

    Returns:
        the place and how far from the rays the points then are: a weighted sum of squares on the image plane.
    """
    ok = np.isfinite(rays).all(1)
    rays, points, weight = rays[ok], points[ok], weight[ok] + 1e-3
    # ray * (z + tz) = xy + txy
    rows = np.zeros((len(rays), 2, 3))
    rows[:, 0, 0] = rows[:, 1, 1] = -1.0
    rows[:, :, 2] = rays
    right = points[:, :2] - rays * points[:, 2:]
    w = weight[:, None]
    t, *_ = np.linalg.lstsq((rows * w[..., None]).reshape(-1, 3), (right * w).ravel(), rcond=None)
    if t[2] < NEAR:  # nothing sensible
        t = np.array([0.0, 0.0, FAR])
    there = points + t
    away = there[:, :2] / np.maximum(there[:, 2:], 0.1) - rays
    return t, float(((away * w) ** 2).sum())


def _pelvis(points: Float[np.ndarray, "33 3"]) -> Float[np.ndarray, "3 3"]:
    """Rotation of the pelvis in the world from world-axes points: x forward, y left, z up."""
    left, right = points[INDEX["left_hip"]], points[INDEX["right_hip"]]
    shoulders = 0.5 * (points[INDEX["left_shoulder"]] + points[INDEX["right_shoulder"]])
    y = (left - right) + 0.5 * (points[INDEX["left_shoulder"]] - points[INDEX["right_shoulder"]])
    z = shoulders - 0.5 * (left + right)
    y = y / np.linalg.norm(y)
    x = np.cross(y, z)
    x = x / np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)], axis=1)
