"""How good a motion is, judged by the video alone: what can be said without a reference."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from motionrecon.core import landmarks
from motionrecon.ground.base import Ground
from motionrecon.result import metrics
from motionrecon.result.report import Quality
from motionrecon.views import View

#: Keypoints below this confidence do not count in the reprojection error.
CONFIDENT = 0.5

_BODY = np.array([landmarks.INDEX[name] for name in landmarks.BODY])


def quality(
    joints: Float[np.ndarray, "T 33 3"],
    marks: Float[np.ndarray, "T 33 3"],
    views: Sequence[View],
    height: float,
    ground: Ground,
    soles: Float[np.ndarray, "T S"] | None = None,
) -> Quality:
    """Numbers for the report.

    Args:
        joints: landmarks of the motion, metres.
        marks: where the detector marks them: on the skin, not at the joints' centres.
        views: what was seen.
        height: the person's height, metres.
        ground: what the person stands on.
        soles: how far the points of the soles are over it, metres; the landmarks of heel and toes, which lie 2 and 3 cm
            over the soles, where not given.
    """
    away, share = reprojection(marks, views, height)
    seen = np.any([(v.weight > 0).any(1) for v in views], axis=0)
    there = seen if seen.any() else np.ones(len(joints), dtype=bool)
    feet = metrics.pick(joints[there], landmarks.NAMES, metrics.FEET)
    over = None if soles is None else soles[there]
    return Quality(
        reprojection_px=away,
        reprojection_percent=share,
        **metrics.foot_quality(feet, views[0].clock.fps, ground.gap(feet)[0], over),
    )


def reprojection(marks: Float[np.ndarray, "T 33 3"], views: Sequence[View], height: float) -> tuple[float, float]:
    """Mean distance of the limbs' marks from confident keypoints: pixels, and percent of the person's height there.

    NaN where nothing was seen well enough. Arguments as of `quality`.
    """
    away, share = (np.concatenate(parts) for parts in zip(*(_errors(marks, v, height) for v in views), strict=True))
    return (float(away.mean()), 100 * float(share.mean())) if len(away) else (math.nan, math.nan)


def _errors(
    marks: Float[np.ndarray, "T 33 3"], view: View, height: float
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Distances of the limbs' marks from confident keypoints, in pixels and in heights of the person there."""
    camera = view.camera
    away = np.linalg.norm(camera.project(marks[:, _BODY]) - view.pixels[:, _BODY], axis=-1)
    confidence = (view.weight[:, _BODY] / landmarks.TRUST[_BODY]) ** 2
    counts = np.isfinite(away) & (confidence >= CONFIDENT - 1e-9)
    tall = height * camera.pixels_per_metre(camera.to_camera(marks[:, _BODY])[..., 2])
    return away[counts], (away / tall)[counts]
