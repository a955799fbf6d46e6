"""Which points of the soles stand on the ground, and whether anything else is on it, judged from a trajectory."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from motionrecon.core.gravity import GRAVITY
from motionrecon.core.landmarks import INDEX
from motionrecon.kinematics.state import Trajectory

#: Landmarks near which somebody rests on the ground who kneels, crawls, sits on it or lies.
RESTS = [
    INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("shoulder", "elbow", "wrist", "hip", "knee")
]
#: What is between such a landmark and the ground then, metres, roughly.
_FLESH = 0.05
#: Speed of a walker's sole, m/s, and its height over the ground, metres, at which the chance that it stands is down to
#: one half.
_SPEED, _HEIGHT = 0.35, 0.04
#: Height of anything else over the ground, metres, at which the chance that it is on it is down to one half.
_LIES = 0.1
#: Who runs flies below the first share of their weight and is held up from the second; the standard deviation, seconds,
#: of what smooths it.
_FLIES, _HELD, _STEADY = 0.15, 0.5, 0.045
#: How surely the lowest point of the soles bears them, then, if it is less than so many metres over the ground; and how
#: far others are over that point, metres, for which the chance is down to 1 / e.
_SURE, _BELOW, _FLAT = 0.5, 0.1, 0.01
#: Seconds between two frames up to which feet that stand are told by their speed, and from which they are not: it is
#: that from the frame before to the frame after, and a walker's foot stands for 0.6 s.
_TOLD, _UNTOLD = 0.05, 0.1
#: Speeds of hips, m/s, up to which somebody does not walk, and from which they do; and likewise run.
_WALKING, _RUNNING = (0.2, 0.4), (2.0, 2.5)
#: Root mean square of a walker's feet's speed, m/s, and the seconds over which it is taken, a standard deviation.
_WALKS, _ABOUT = 2.0, 0.25


def haste(x: Trajectory, fps: float) -> Float[np.ndarray, " T"]:
    """How many times as fast as a walker's the feet are about each frame, at least 1: 2.5 where somebody runs.

    A trajectory, which is smoothed, errs the more: in it, a runner's foot that stands is still moving and higher.
    """
    return np.asarray(np.maximum(1.0, np.sqrt((_pace(x, fps) ** 2).mean(axis=1))))


def runs(x: Trajectory, fps: float) -> Float[np.ndarray, " T"]:
    """How surely somebody runs: both feet are faster than a walker's, not only one that kicks or is lost for a while.

    Returns:
        in [0, 1]: 0 where the slower foot is as fast as a walker's, 1 where it is half as fast again.
    """
    return np.asarray(np.clip(2.0 * (_pace(x, fps).min(axis=1) - 1.0), 0.0, 1.0))


def _pace(x: Trajectory, fps: float) -> Float[np.ndarray, "T S"]:
    """Speed of each point of the soles, root mean square about each frame, over that of a walker's."""
    square = (np.gradient(x.feet, 1.0 / fps, axis=0) ** 2).sum(-1)
    return np.asarray(np.sqrt(gaussian_filter1d(square, _ABOUT * fps, axis=0, mode="nearest")) / _WALKS)


def standing_points(
    x: Trajectory, fps: float, times: Float[np.ndarray, " T"] | None = None
) -> Float[np.ndarray, "T S"]:
    """How surely each point of the soles stands.

    A point stands while it is slow and near the ground; a foot in swing is neither, and a foot held still in the air
    is not near. Both are soft: the trajectory that judges is itself uncertain by centimetres, the more the faster the
    feet are (`haste`).

    Args:
        x: a trajectory.
        fps: frames per second.
        times: how many times as fast as a walker's the feet are, where that is known already; else it is found.

    Returns:
        in [0, 1], in the order of `body.soles`.
    """
    wide = (haste(x, fps) if times is None else times)[:, None]
    slow = 1.0 / (1.0 + (speed(x.feet, fps) / (_SPEED * wide)) ** 4)
    low = 1.0 / (1.0 + (np.maximum(x.over, 0.0) / (_HEIGHT * wide)) ** 4)
    return np.asarray(slow * low)


def bearing_points(x: Trajectory, fps: float) -> Float[np.ndarray, "T S"]:
    """How surely each point of the soles bears somebody who runs: the lowest ones, while something holds them up.

    That is the floor, though in the trajectory, which is smoothed, the foot comes down late and leaves it early. Who
    walks is held up all the time, which tells nothing.

    Returns:
        in [0, 1], in the order of `body.soles`.
    """
    lowest = x.over.min(axis=1, keepdims=True)
    low = np.exp((lowest - x.over) / _FLAT) * (lowest < _BELOW)
    return np.asarray(_SURE * (held_up(x, fps) * runs(x, fps))[:, None] * low)


def held_up(x: Trajectory, fps: float) -> Float[np.ndarray, " T"]:
    """How surely something holds a person up, in [0, 1]: 0 where the centre of mass falls freely."""
    rising = np.gradient(np.gradient(x.com[:, 2], 1.0 / fps), 1.0 / fps)
    share = 1.0 + gaussian_filter1d(rising, _STEADY * fps, mode="nearest") / GRAVITY
    return np.asarray(np.clip((share - _FLIES) / (_HELD - _FLIES), 0.0, 1.0))


def walkers_points(x: Trajectory, fps: float, within: float) -> Float[np.ndarray, "T S"]:
    """How surely each point of the soles is on the floor of somebody who walks, in a film of few frames a second.

    There speed hardly tells which foot stands. But who walks, unlike who runs, is always on the lower one, and who
    jumps falls while no foot is on the floor. Which points stand still is not known by that.

    Args:
        x: a trajectory.
        fps: frames per second.
        within: how far from the floor the lowest point may be, metres.

    Returns:
        in [0, 1], in the order of `body.soles`; 0 where frames are so many that speed tells.
    """
    untold = float(np.clip((1.0 / fps - _TOLD) / (_UNTOLD - _TOLD), 0.0, 1.0))
    if untold == 0.0 or len(x) < 3:
        return np.zeros(x.over.shape)
    hips = x.landmarks[:, [INDEX["left_hip"], INDEX["right_hip"]], :2].mean(1)
    steps = np.pad(np.linalg.norm(np.diff(hips, axis=0), axis=-1) * fps, 1)
    pace = np.maximum(steps[1:], steps[:-1])
    goes, hurries = (np.clip((pace - low) / (high - low), 0.0, 1.0) for low, high in (_WALKING, _RUNNING))
    # From frame to frame: over more of them a jump would be lost.
    rising = np.pad(np.diff(x.com[:, 2], 2) * fps**2, 1)
    held = np.clip((1.0 + rising / GRAVITY - _FLIES) / (_HELD - _FLIES), 0.0, 1.0)
    lowest = x.over.min(axis=1, keepdims=True)
    low = np.exp((lowest - x.over) / _FLAT) * (lowest < within)
    walks = goes * (1.0 - hurries) * held * feet_alone(x)
    return np.asarray(_SURE * untold * walks[:, None] * low)


def feet_alone(x: Trajectory) -> Float[np.ndarray, " T"]:
    """How surely nothing but feet is on the ground, in [0, 1]: no hand, no knee, not the trunk of somebody who lies."""
    over = np.maximum(x.ground.gap(x.marks[:, RESTS])[0] - _FLESH, 0.0)
    high = (over / _LIES) ** 4
    return np.asarray((high / (1.0 + high)).prod(axis=1))


def speed(places: Float[np.ndarray, "T P 3"], fps: float) -> Float[np.ndarray, "T P"]:
    """How fast places move, m/s, less the jitter of a trajectory."""
    velocity = np.gradient(places, 1.0 / fps, axis=0)
    return np.asarray(np.linalg.norm(uniform_filter1d(velocity, _odd(0.08 * fps), axis=0, mode="nearest"), axis=-1))


def _odd(frames: float) -> int:
    """The nearest odd number: a mean over an even one would be that of a moment between two frames."""
    return 2 * max(0, round(0.5 * (frames - 1))) + 1
