"""Doubting landmarks that leave for a single frame and come back, and of legs that jump onto the other leg."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.core.landmarks import INDEX
from motionrecon.core.sides import SIDES
from motionrecon.core.spans import spans
from motionrecon.keypoints.types import Keypoints

#: A landmark is doubted if it lies this far (sizes of the person) from the middle of its neighbours in time, plus
#: this many times the way that those are apart, and this many times farther than is usual for it.
_FAR = 0.04
_TIMES_MOTION = 1.0
_TIMES_USUAL = 5.0
#: What is left of the confidence.
_LEFT = 0.2
#: Of a leg, what may be taken for the other leg's.
_OF_LEGS = [[INDEX[f"{side}_{part}"] for side in SIDES] for part in ("knee", "ankle", "heel", "foot_index")]
#: Two legs' landmarks coincide that are nearer than this, in sizes of the person; legs that pass one another do so for
#: at most so many seconds.
_COINCIDE, _PASSING = 0.06, 0.25
#: One of them jumped that steps farther than this from one frame to the next, in sizes of the person, faster than this,
#: in sizes a second (5 m/s, of which feet are capable between frames that are far apart), this many times farther than
#: in the frames about that, of which so many count on each side, and than the other one does.
_JUMPS, _FAST, _TIMES_ABOUT, _ABOUT = 0.1, 3.0, 2.0, 3
#: What is left of the confidence then: it is the other leg that was seen, and several landmarks agree on it.
_HARDLY = 0.02


def doubt_jumps(keypoints: Keypoints) -> tuple[Keypoints, Bool[np.ndarray, "T 33"]]:
    """Lower the confidence of single-frame jumps, and of legs that jump onto the other one; pixels stay as seen.

    Returns:
        the keypoints, and which landmarks were doubted.
    """
    if len(keypoints) < 3 or not keypoints.tracked.any():
        return keypoints, np.zeros(keypoints.confidence.shape, dtype=bool)
    seen = keypoints.pixels[keypoints.tracked]
    size = max(float(np.median((np.nanmax(seen, axis=1) - np.nanmin(seen, axis=1)).max(1))), 1.0)
    places = keypoints.pixels / size
    left, taken = _leaves(places), _taken_for_other(places, keypoints.fps)
    kept = np.where(taken, _HARDLY, np.where(left, _LEFT, 1.0))
    return replace(keypoints, confidence=kept * keypoints.confidence), left | taken


def _leaves(places: Float[np.ndarray, "T 33 2"]) -> Bool[np.ndarray, "T 33"]:
    """Which landmarks leave for a single frame and come back; places are in sizes of the person."""
    doubted = np.zeros(places.shape[:2], dtype=bool)
    before, here, after = (places[k : len(places) - 2 + k] for k in range(3))
    jump = np.linalg.norm(here - (before + after) / 2, axis=-1)
    apart = np.linalg.norm(after - before, axis=-1)
    known = np.isfinite(jump)
    usual = np.nanmedian(np.where(known.any(0), jump, 0.0), axis=0)
    with np.errstate(invalid="ignore"):  # NaN next to a gap compares as False: nothing is doubted there
        doubted[1:-1] = (jump > _FAR + _TIMES_MOTION * apart) & (jump > _TIMES_USUAL * usual)
    return doubted


def _taken_for_other(places: Float[np.ndarray, "T 33 2"], fps: float) -> Bool[np.ndarray, "T 33"]:
    """Which landmarks of a leg are where the other leg is, for a few frames, and jumped there or jump from there.

    A detector that loses the far leg of somebody in profile behind the near one takes the near one for both. Legs that
    do pass one another coincide, too, but do not jump.
    """
    doubted = np.zeros(places.shape[:2], dtype=bool)
    steps = np.linalg.norm(np.diff(places, axis=0), axis=-1)
    for pair in _OF_LEGS:
        with np.errstate(invalid="ignore"):
            coincide = np.linalg.norm(places[:, pair[0]] - places[:, pair[1]], axis=-1) < _COINCIDE
        for run in spans(coincide):
            if run.stop - run.start > _PASSING * fps:
                continue
            jumps = [_jump(steps[:, pair], k, fps) for k in (run.start - 1, run.stop - 1)]
            larger = max(jumps, key=abs)
            if larger:  # of two legs only one can be where the other one is
                doubted[run, pair[int(larger > 0)]] = True
    return doubted


def _jump(steps: Float[np.ndarray, "S 2"], k: int, fps: float) -> float:
    """How far one of two legs steps as nobody does, and the other one does not: minus that of the first, that of the
    second, or 0 of neither. What is not known does not jump.
    """
    if not 0 <= k < len(steps) or not np.isfinite(steps[k]).all():
        return 0.0
    this = int(np.argmax(steps[k]))
    about = np.delete(steps[max(0, k - _ABOUT) : k + _ABOUT + 1, this], min(k, _ABOUT))
    usual = float(np.nanmedian(about)) if np.isfinite(about).any() else np.inf
    step, others = float(steps[k, this]), float(steps[k, 1 - this])
    jumps = step > max(_JUMPS, _FAST / fps) and step > _TIMES_ABOUT * max(usual, others)
    return (step if this else -step) if jumps else 0.0
