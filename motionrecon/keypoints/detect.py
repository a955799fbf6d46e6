"""Running MediaPipe's pose landmarker: following one person through frames, or finding everybody in a picture.

Asked for one pose in a video, MediaPipe follows it from frame to frame and smooths it a little (a lag of about half a
frame at 60 fps). Asked for several, it does not smooth, loses people in backlight and puts limbs where nobody is. So
one person is followed, and everybody is looked for now and then in single pictures.
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
        fps: the even clock of the frames to follow one person through; None to look at single pictures, for everybody.

    Raises:
        ModelError: MediaPipe cannot load the model.
    """

    def __init__(self, model: Path, image_size: tuple[int, int], fps: float | None) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        self._image_size = image_size
        self._fps = fps
        self._count = 0
        self._milliseconds = -1
        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=model.read_bytes()),  # a path with Unicode fails on Windows
            running_mode=vision.RunningMode.IMAGE if fps is None else vision.RunningMode.VIDEO,
            num_poses=EVERYBODY if fps is None else 1,
        )
        try:
            self._landmarker = vision.PoseLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"MediaPipe cannot load {model}: {str(error).splitlines()[0]}") from error

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        """The people in the next frame, RGB (H, W, 3) uint8, C-contiguous."""
        import mediapipe

        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame)
        if self._fps is None:
            found = self._landmarker.detect(image)
        else:
            # The clock must rise by whole milliseconds, however fast the film.
            self._milliseconds = max(self._milliseconds + 1, round(1000 * self._count / self._fps))
            self._count += 1
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
