"""Whether somebody sits or leans on something: hips that rest, and the weight where no foot is."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from motionrecon.core.gravity import GRAVITY
from motionrecon.core.landmarks import INDEX
from motionrecon.core.spans import spans
from motionrecon.kinematics.standing import feet_alone
from motionrecon.kinematics.state import Trajectory
from motionrecon.views import bridged

#: Sine of the slope of thighs that are level, on average, and of each.
LEVEL, LEVEL_LEAST = 0.6, 0.7
#: Speed of hips that rest, m/s.
STILL = 0.4
#: Height of hips over the ground, metres, below which somebody sits on the ground itself.
ON_THE_GROUND = 0.2
#: How far beside what touches the ground the weight must be, metres, of who sits and of who leans. In the deepest squat
#: it is over the feet; but only with level thighs do some centimetres say so: upright, the fit may lean as much.
BESIDE, LEANING = 0.05, 0.15
#: Radians by which the knees of somebody who may sit are bent, on average, and each: from behind one looks straighter.
BENT, BENT_LEAST = 0.9, 0.6
#: Seconds over which the weight's place is averaged, so that all that swings evens out; those for which somebody sits
#: at least; and those of a doubt between two that is none.
AVERAGED, LASTING, PAUSE = 0.5, 0.5, 0.5
#: How far over the lowest sole others are, metres, that bear somebody with it; and how far over the ground what else
#: may rest on it: knees and hands are found centimetres too high, and hands that hang beside a chair are higher.
NEAR, BEARING = 0.15, 0.2
#: Directions in which it is asked how far the support reaches.
DIRECTIONS = 24


def knee_bends(x: Trajectory) -> Float[np.ndarray, "T 2"]:
    """By how much the left and the right knee are bent, radians: 0 of a straight leg."""
    hips, knees, ankles = (
        x.landmarks[:, [INDEX[f"left_{part}"], INDEX[f"right_{part}"]]] for part in ("hip", "knee", "ankle")
    )
    thigh, shank = knees - hips, ankles - knees
    size = np.maximum(np.linalg.norm(thigh, axis=-1) * np.linalg.norm(shank, axis=-1), 1e-9)
    return np.asarray(np.arccos(np.clip((thigh * shank).sum(-1) / size, -1.0, 1.0)))


def knees_bent(x: Trajectory) -> Bool[np.ndarray, " T"]:
    """Where both knees are bent as somebody's who sits or squats, whichever way is up."""
    bend = knee_bends(x)
    return np.asarray((bend.mean(1) > BENT) & (bend.min(1) > BENT_LEAST))


def hips_rest(x: Trajectory, fps: float) -> Bool[np.ndarray, " T"]:
    """Where the hips hardly move."""
    hips = 0.5 * (x.landmarks[:, INDEX["left_hip"]] + x.landmarks[:, INDEX["right_hip"]])
    if len(x) < 2:
        return np.ones(len(x), dtype=bool)
    return np.asarray(np.linalg.norm(np.gradient(hips, 1.0 / fps, axis=0), axis=-1) < STILL)


def seated(x: Trajectory, fps: float) -> Bool[np.ndarray, " T"]:
    """Where a person sits, or leans, on something that is not the ground.

    Not where they squat, kneel, land, lunge or kick: there the weight is over what touches the ground, or moves.

    Args:
        x: the person's trajectory.
        fps: frames per second.
    """
    if len(x) < 3:
        return np.zeros(len(x), dtype=bool)
    hips, knees = (x.landmarks[:, [INDEX[f"left_{part}"], INDEX[f"right_{part}"]]] for part in ("hip", "knee"))
    thigh = hips - knees
    slope = np.abs(thigh[..., 2]) / np.maximum(np.linalg.norm(thigh, axis=-1), 1e-9)
    high = x.ground.gap(hips)[0].min(1) > ON_THE_GROUND
    level = (slope.mean(1) < LEVEL) & (slope.max(1) < LEVEL_LEAST)
    stands = x.over.min(1) < NEAR
    needed = np.where(level, BESIDE, np.where(stands, LEANING, np.inf))
    sits = hips_rest(x, fps) & high & (beside(x, fps) > needed)
    found = np.zeros(len(x), dtype=bool)
    for frames in spans(bridged(sits, round(PAUSE * fps))):
        found[frames] = frames.stop - frames.start >= LASTING * fps
    return found


def on_feet(x: Trajectory, fps: float) -> Float[np.ndarray, " T"]:
    """How surely a person is on nothing but their feet, in [0, 1].

    Where they rest with bent knees, they squat or sit, and only what was seen may tell: to hold such a person balanced
    would make a squat of every seat.
    """
    return np.asarray(feet_alone(x) * ~(knees_bent(x) & hips_rest(x, fps)))


def beside(x: Trajectory, fps: float) -> Float[np.ndarray, " T"]:
    """How far beside what touches the ground a person's weight is, metres; negative where it is over it.

    The weight is at the zero-moment point (Vukobratovic), averaged: the mean acceleration is a change of velocity. What
    touches is the hull of what is near the ground: the lower feet, and hands, knees, seat and all else, as thick as it
    is. So who sits on a kerb, with hips less than some 28 cm high, is on the ground.
    """
    n = 2 * max(1, round(0.5 * AVERAGED * fps)) + 1
    T, com = len(x), x.com[:, :2]
    first, last = np.maximum(np.arange(T) - n // 2, 0), np.minimum(np.arange(T) + n // 2, T - 1)
    velocity = np.gradient(com, 1.0 / fps, axis=0)
    acceleration = (velocity[last] - velocity[first]) * fps / np.maximum(last - first, 1)[:, None]
    height = uniform_filter1d(x.ground.gap(x.com)[0], n, mode="nearest")
    weight = uniform_filter1d(com, n, axis=0, mode="nearest") - (height / GRAVITY)[:, None] * acceleration
    rests = x.pose.at(x.body.hull)
    points = np.concatenate([x.feet, rests], axis=1)[..., :2]
    near = x.ground.gap(rests)[0] - x.body.hull.radii < BEARING
    touches = [x.over < x.over.min(1, keepdims=True) + NEAR, near]
    angle = np.linspace(0.0, 2 * np.pi, DIRECTIONS, endpoint=False)
    ways = np.stack([np.cos(angle), np.sin(angle)])
    reach = np.where(np.concatenate(touches, axis=1)[..., None], points @ ways, -np.inf).max(1)
    return np.asarray((weight @ ways - maximum_filter1d(reach, n, axis=0, mode="nearest")).max(1))
