"""Running MediaPipe's pose landmarker: following one person through frames, or finding everybody in a picture.

Asked for several poses in a video, MediaPipe loses people in backlight and puts limbs where nobody is; asked for one,
it follows it well. So one person is followed, and everybody is looked for now and then in single pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from motionrecon.errors import ModelError
from motionrecon.keypoints.detection import Detection

#: People looked for at once in a single picture.
EVERYBODY = 4
#: Longer side of the frames that the detector is shown, pixels; it crops each person to 256 x 256 anyway.
MAX_SIDE = 1920
#: Milliseconds between frames, as MediaPipe is told. It smooths a single pose in real time (One Euro), which lags,
#: and smears exchanged sides into limbs that wander across. A clock this slow leaves next to nothing of the smoothing:
#: the kinematics smooths later, with the whole clip in view.
_CLOCK_STEP = 1_000_000
#: A landmark outside the image is a guess: its confidence is multiplied by this.
_OUTSIDE = 0.3


class PoseDetector:
    """MediaPipe's pose landmarker, open until closed (left open, it raises while the interpreter exits).

    Args:
        model: a checked ``.task`` file.
        image_size: (width, height) that the pixels refer to; frames may be scaled down from it.
        video: follow one person through successive frames; otherwise look at single pictures, for everybody.

    Raises:
        ModelError: MediaPipe cannot load the model.
    """

    def __init__(self, model: Path, image_size: tuple[int, int], video: bool) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        self._image_size = image_size
        self._video = video
        self._milliseconds = 0
        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=model.read_bytes()),  # a path with Unicode fails on Windows
            running_mode=vision.RunningMode.VIDEO if video else vision.RunningMode.IMAGE,
            num_poses=1 if video else EVERYBODY,
        )
        try:
            self._landmarker = vision.PoseLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"MediaPipe cannot load {model}: {str(error).splitlines()[0]}") from error

    def __call__(self, frame: UInt8[np.ndarray, "H W 3"], size: tuple[float, float] | None = None) -> list[Detection]:
        """The people in the next frame, RGB, C-contiguous, which is of another ``size`` than `image_size` if given."""
        import mediapipe

        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame)
        if not self._video:
            found = self._landmarker.detect(image)
        else:
            self._milliseconds += _CLOCK_STEP
            found = self._landmarker.detect_for_video(image, self._milliseconds)
        return [
            _detection(landmarks, world, size or self._image_size)
            for landmarks, world in zip(found.pose_landmarks, found.pose_world_landmarks, strict=True)
        ]

    def close(self) -> None:
        """Free the model."""
        self._landmarker.close()


def _detection(landmarks: Sequence[Any], world: Sequence[Any], image_size: tuple[float, float]) -> Detection:
    width, height = image_size
    relative = np.array([(point.x, point.y) for point in landmarks])
    inside = ((relative >= 0) & (relative <= 1)).all(1)
    confidence = np.array([(point.visibility or 0.0) * (point.presence or 0.0) for point in landmarks])
    return Detection(
        pixels=(relative * (width, height)).astype(np.float32),
        confidence=(confidence * np.where(inside, 1.0, _OUTSIDE)).astype(np.float32),
        points_3d=np.array([(point.x, point.y, point.z) for point in world], dtype=np.float32),
    )
