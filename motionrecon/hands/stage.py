"""The hands of a motion, from what its cameras saw of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.base import Anatomy
from motionrecon.body.handed import Handed, Hands, bears_hands
from motionrecon.body.pose import pose, zero_pose
from motionrecon.core import landmarks
from motionrecon.core.sides import SIDES
from motionrecon.hands.course import Course, course
from motionrecon.hands.looks import Looks, able, looks_of
from motionrecon.keypoints.types import HandKeypoints
from motionrecon.views import View

#: A hand that is seen in less than this share of the frames is not shown.
_LEAST = 0.1


def track_hands(
    seen: Sequence[HandKeypoints | None],
    at: Sequence[Float[np.ndarray, " K"]],
    views: Sequence[View],
    body: Anatomy,
    qpos: Float[np.ndarray, "T nq"],
) -> Hands | None:
    """Wrists and fingers on top of a motion; None where nobody looked for hands, or hardly any were seen.

    Args:
        seen: by each camera, in its own frames.
        at: when these are, in frames of the motion.
        views: of the cameras, for where they stand and the clock.
        body: the person.
        qpos: the motion.
    """
    model = body.model
    if all(one is None for one in seen) or not bears_hands(model):
        return None
    posed, rest = pose(model, qpos), zero_pose(model).rotations[0]
    wrists = posed.at(body.landmarks)[:, [landmarks.INDEX[f"{side}_wrist"] for side in SIDES]]
    shapes = Handed(body).hands
    each = zip(seen, at, views, strict=True)
    looks = Looks.together([looks_of(s, a, view.camera, wrists, shapes) for s, a, view in each if s is not None])
    courses = []
    for i, side in enumerate(SIDES):
        hand, forearm = (
            posed.rotations[:, b] @ rest[b].T for b in (model.body(f"{side}_{part}").id for part in ("hand", "forearm"))
        )
        courses.append(_course(looks.of(i), hand, forearm, views[0].clock.fps))
    return _together(courses)


def _course(looks: Looks, hand: Float[np.ndarray, "T 3 3"], forearm: Float[np.ndarray, "T 3 3"], fps: float) -> Course:
    """One hand's, on top of the body's own hand and forearm, turned in the world from the T pose."""
    frames = np.clip(np.round(looks.frame).astype(int), 0, len(hand) - 1)
    turned, believed = able(looks.turned, forearm[frames])
    turns = hand[frames].transpose(0, 2, 1) @ turned
    found = course(looks.frame, turns, looks.angles, believed * looks.weight, len(hand), fps)
    if found.seen.mean() < _LEAST:
        none = np.zeros(0)
        return course(none, np.zeros((0, 3, 3)), np.zeros((0, 20)), none, len(hand), fps)
    return found


def _together(courses: Sequence[Course]) -> Hands | None:
    if not any(one.seen.any() for one in courses):
        return None
    turns = [Rotation.from_matrix(one.turns).as_quat(scalar_first=True) for one in courses]
    return Hands(
        np.stack([one.angles for one in courses], axis=1),
        np.stack(turns, axis=1),
        np.stack([one.seen for one in courses], axis=1),
    )
