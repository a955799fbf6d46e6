"""Running MediaPipe's pose landmarker over frames: everybody that it sees, frame by frame.

With ``num_poses`` above one MediaPipe looks for people in every frame and does not smooth what it finds. Both are
wanted: others are noticed, and what comes out has no lag (its own smoothing lags by half a frame at 60 fps).
"""

from __future__ import annotations

import math
import os
import re
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motionrecon.errors import ModelError

#: People looked for at once. Against one, two or three cost 6 to 9 ms more a frame while one person is in view.
NUM_POSES = 3
#: Longer side of the frames that the detector is shown, pixels; it crops each person to 256 x 256 anyway.
MAX_SIDE = 1920
#: A landmark outside the image is a guess: its confidence is multiplied by this.
_OUTSIDE = 0.3
#: Two detections closer than this, mean distance over the person's size, are one person seen twice.
_SAME = 0.1
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


def detect(
    frames: Iterable[np.ndarray], model: Path, fps: float, image_size: tuple[int, int]
) -> Generator[tuple[np.ndarray, list[Detection]], None, None]:
    """Every frame with the people in it.

    Args:
        frames: RGB (H, W, 3) uint8, C-contiguous, possibly scaled down from ``image_size``.
        model: a checked ``.task`` file.
        fps: the frames' even clock.
        image_size: (width, height) that the pixels refer to.

    Raises:
        ModelError: MediaPipe cannot load the model.
    """
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model.read_bytes()),  # a path with Unicode fails on Windows
        running_mode=vision.RunningMode.VIDEO,
        num_poses=NUM_POSES,
    )
    try:
        landmarker = vision.PoseLandmarker.create_from_options(options)
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"MediaPipe cannot load {model}: {str(error).splitlines()[0]}") from error
    with landmarker:  # left open, it raises while the interpreter exits
        last = -1
        for k, frame in enumerate(frames):
            last = max(last + 1, round(1000 * k / fps))  # the clock must rise by whole milliseconds
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame)
            found = landmarker.detect_for_video(image, last)
            people = [
                _detection(landmarks, world, image_size)
                for landmarks, world in zip(found.pose_landmarks, found.pose_world_landmarks, strict=True)
            ]
            yield frame, _distinct(people)


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


def _distinct(people: list[Detection]) -> list[Detection]:
    """The same people without those seen twice; of two, the surer one stays."""
    kept: list[Detection] = []
    for person in sorted(people, key=lambda p: -float(p.confidence.mean())):
        near = (np.linalg.norm(person.pixels - other.pixels, axis=1).mean() / other.size for other in kept)
        if min(near, default=math.inf) > _SAME:
            kept.append(person)
    return kept


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
