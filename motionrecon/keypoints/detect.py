"""Running MediaPipe's pose landmarker: following one person through frames, or finding everybody in a picture.

Asked for several poses in a video, MediaPipe loses people in backlight and puts limbs where nobody is; asked for one,
it follows it well. So one person is followed, and everybody is looked for now and then in single pictures.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motionrecon.errors import ModelError

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
#: What MediaPipe, absl and TensorFlow Lite print although nothing is wrong.
_NOISE = re.compile(r"^(INFO|WARNING):|^[IW]\d{4} |^\s*$")


@dataclass(frozen=True)
class Detection:
    """One person in one frame.

    Attributes:
        pixels: (33, 2), x right, y down, pixels of the original frame.
        confidence: (33,), visibility times presence, less outside the image.
        points_3d: (33, 3), metres, hip centred, x right, y down, z away from the camera.
    """

    pixels: np.ndarray
    confidence: np.ndarray
    points_3d: np.ndarray

    @property
    def box(self) -> np.ndarray:
        """(x0, y0, x1, y1) around the landmarks, pixels."""
        return np.concatenate([np.nanmin(self.pixels, axis=0), np.nanmax(self.pixels, axis=0)])

    @property
    def size(self) -> float:
        """The longer side of the box, pixels: for most poses close to the person's height in the image."""
        box = self.box
        return float(max(box[2] - box[0], box[3] - box[1], 1.0))


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

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        """The people in the next frame, RGB (H, W, 3) uint8, C-contiguous."""
        import mediapipe

        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame)
        if not self._video:
            found = self._landmarker.detect(image)
        else:
            self._milliseconds += _CLOCK_STEP
            found = self._landmarker.detect_for_video(image, self._milliseconds)
        return [
            _detection(landmarks, world, self._image_size)
            for landmarks, world in zip(found.pose_landmarks, found.pose_world_landmarks, strict=True)
        ]

    def close(self) -> None:
        """Free the model."""
        self._landmarker.close()


def _detection(landmarks: list, world: list, image_size: tuple[int, int]) -> Detection:
    width, height = image_size
    relative = np.array([(point.x, point.y) for point in landmarks])
    inside = ((relative >= 0) & (relative <= 1)).all(1)
    confidence = np.array([(point.visibility or 0.0) * (point.presence or 0.0) for point in landmarks])
    return Detection(
        pixels=(relative * (width, height)).astype(np.float32),
        confidence=(confidence * np.where(inside, 1.0, _OUTSIDE)).astype(np.float32),
        points_3d=np.array([(point.x, point.y, point.z) for point in world], dtype=np.float32),
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep MediaPipe's chatter, which its C++ side writes straight to file descriptor 2, off the terminal.

    Python's own ``sys.stderr`` (progress bars, warnings) goes on as before. What is not known to be chatter is printed
    when the block ends.
    """
    try:
        is_terminal_side = sys.stderr is not None and sys.stderr.fileno() == 2
    except (OSError, ValueError):  # replaced by something without a descriptor: a notebook, a test
        is_terminal_side = False
    with tempfile.TemporaryFile() as captured, open(os.dup(2), "w", encoding="utf-8", errors="replace") as terminal:
        before = sys.stderr
        if is_terminal_side:
            before.flush()
            sys.stderr = terminal
        os.dup2(captured.fileno(), 2)
        try:
            yield
        finally:
            terminal.flush()
            os.dup2(terminal.fileno(), 2)
            sys.stderr = before
            captured.seek(0)
            lines = captured.read().decode(errors="replace").splitlines()
            for line in (line for line in lines if not _NOISE.match(line)):
                print(line, file=sys.stderr)
