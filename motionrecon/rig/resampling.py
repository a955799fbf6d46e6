"""Keypoints of one recording brought onto the clock of the camera that leads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from motionrecon.core.clock import Clock
from motionrecon.keypoints.types import Keypoints
from motionrecon.rig.course import SAME, between, linear

#: How far a landmark is taken from the straight line between two frames toward the cubic through four (see `course`).
CURVED = 0.5


def on_clock(keypoints: Keypoints, own: Clock, clock: Clock, count: int, offset: float = 0.0) -> Keypoints:
    """The keypoints as if they had been seen at the times of another clock.

    Args:
        keypoints: of the recording.
        own: their clock.
        clock: the one that leads.
        count: frames on it.
        offset: seconds that the recording's zero lies after the leader's.

    Returns:
        `count` frames of keypoints: those of the recording themselves where its clock comes to the same times, and
        between two frames where both were seen, what `motionrecon.rig.course.between` puts there. Nothing is seen where
        the recording has no picture.
    """
    at = frames_at(own, clock, count, offset)
    whole = np.round(at)
    if np.abs(at - whole).max(initial=0.0) < SAME:
        return _picked(keypoints, whole.astype(int), clock.fps)
    tracked = _both(keypoints.tracked.astype(float), at) > 0
    pixels = between(keypoints.pixels, np.isfinite(keypoints.pixels), at, CURVED)
    points_3d = between(keypoints.points_3d, np.isfinite(keypoints.points_3d), at, CURVED)
    confidence = linear(keypoints.confidence, at) * (_both(keypoints.confidence, at) > 0)
    pixels[~tracked] = np.nan
    points_3d[~tracked] = np.nan
    confidence = np.where(tracked[:, None] & np.isfinite(pixels).all(2), confidence, 0.0)
    return replace(keypoints, pixels=pixels, confidence=confidence, points_3d=points_3d, tracked=tracked, fps=clock.fps)


def frames_at(own: Clock, clock: Clock, count: int, offset: float) -> Float[np.ndarray, " count"]:
    """Which frames of a recording, not whole ones as a rule, were taken at the times of the leader's frames.

    Args:
        own: the recording's clock.
        clock: the leader's.
        count: frames on it.
        offset: seconds that the recording's zero lies after the leader's.
    """
    times = (clock.first + np.arange(count)) / clock.fps
    return np.asarray((times - offset) * own.fps - own.first)


def _picked(keypoints: Keypoints, frames: np.ndarray, fps: float) -> Keypoints:
    """Some of the frames, bit for bit; frames beyond the recording show nothing."""
    inside = (frames >= 0) & (frames < len(keypoints))
    held = np.clip(frames, 0, len(keypoints) - 1)
    picked = replace(
        keypoints,
        pixels=keypoints.pixels[held],
        confidence=keypoints.confidence[held],
        points_3d=keypoints.points_3d[held],
        tracked=keypoints.tracked[held],
        fps=fps,
    )
    picked.pixels[~inside] = picked.points_3d[~inside] = np.nan
    picked.confidence[~inside] = 0.0
    picked.tracked[~inside] = False
    return picked


def _both(values: Float[np.ndarray, " T *K"], frames: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n *K"]:
    """The smaller of the values of the two frames beside; 0 outside the recording."""
    last = len(values) - 1
    before = np.floor(frames + SAME).astype(int)
    after = np.ceil(frames - SAME).astype(int)
    inside = ((before >= 0) & (after <= last)).reshape(-1, *(1,) * (values.ndim - 1))
    pair = np.minimum(values[np.clip(before, 0, last)], values[np.clip(after, 0, last)])
    return np.asarray(np.where(inside, pair, 0.0))
