"""Doubting landmarks that leave for a single frame and come back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motionrecon.keypoints.types import Keypoints

#: A landmark is doubted if it lies this far (sizes of the person) from the middle of its neighbours in time, plus
#: this many times the way that those are apart, and this many times farther than is usual for it.
_FAR = 0.04
_TIMES_MOTION = 1.0
_TIMES_USUAL = 5.0
#: What is left of the confidence.
_LEFT = 0.2


def doubt_jumps(keypoints: Keypoints) -> tuple[Keypoints, np.ndarray]:
    """Lower the confidence of single-frame jumps; the pixels stay as they were seen.

    Returns:
        the keypoints, and (T, 33) bool: which landmarks were doubted.
    """
    doubted = np.zeros(keypoints.confidence.shape, dtype=bool)
    if len(keypoints) < 3 or not keypoints.tracked.any():
        return keypoints, doubted
    seen = keypoints.pixels[keypoints.tracked]
    size = max(float(np.median((np.nanmax(seen, axis=1) - np.nanmin(seen, axis=1)).max(1))), 1.0)
    before, here, after = (keypoints.pixels[k : len(keypoints) - 2 + k] / size for k in range(3))
    jump = np.linalg.norm(here - (before + after) / 2, axis=-1)
    apart = np.linalg.norm(after - before, axis=-1)
    known = np.isfinite(jump)
    usual = np.nanmedian(np.where(known.any(0), jump, 0.0), axis=0)
    with np.errstate(invalid="ignore"):  # NaN next to a gap compares as False: nothing is doubted there
        doubted[1:-1] = (jump > _FAR + _TIMES_MOTION * apart) & (jump > _TIMES_USUAL * usual)
    return replace(keypoints, confidence=np.where(doubted, _LEFT, 1.0) * keypoints.confidence), doubted
