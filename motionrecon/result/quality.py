"""How good a motion is, judged by the video alone: what can be said without a reference."""

from __future__ import annotations

import numpy as np

from motionrecon.cameras.pinhole import Camera
from motionrecon.core import landmarks
from motionrecon.result import metrics

#: Keypoints below this confidence do not count in the reprojection error.
CONFIDENT = 0.5


def quality(
    joints: np.ndarray,
    marks: np.ndarray,
    camera: Camera,
    pixels: np.ndarray,
    confidence: np.ndarray,
    height: float,
    fps: float,
) -> dict[str, float]:
    """Numbers for the report.

    Args:
        joints: (T, 33, 3) landmarks of the motion, metres.
        marks: (T, 33, 3) where the detector marks them (`body.marks`): on the skin, not at the joints' centres.
        camera: the camera.
        pixels: (T, 33, 2) undistorted keypoints, NaN where unseen.
        confidence: (T, 33).
        height: the person's height, metres.
        fps: frames per second.

    Returns:
        ``reprojection_px``: mean distance in pixels between the limbs' marks and confident keypoints;
        ``reprojection_percent``: the same in percent of the person's height in the picture; and
        `metrics.foot_quality` of the frames in which the person is seen.
    """
    body = np.array([landmarks.INDEX[name] for name in landmarks.BODY])
    away = np.linalg.norm(camera.project(marks[:, body]) - pixels[:, body], axis=-1)
    counts = np.isfinite(away) & (confidence[:, body] >= CONFIDENT)
    depth = camera.to_camera(marks[:, body])[..., 2]
    tall = height * 0.5 * (camera.K[0, 0] + camera.K[1, 1]) / depth
    error = float(away[counts].mean()) if counts.any() else float("nan")
    percent = 100 * float((away / tall)[counts].mean()) if counts.any() else float("nan")
    seen = (confidence > 0).any(1)
    feet = metrics.pick(joints[seen] if seen.any() else joints, landmarks.NAMES, metrics.FEET)
    return {"reprojection_px": error, "reprojection_percent": percent, **metrics.foot_quality(feet, fps)}
