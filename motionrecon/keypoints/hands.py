"""The hands of the person followed: MediaPipe's hand landmarker, shown what is around each wrist.

In a whole picture it misses hands, which are small there. It looks a few times a second only, beside the detection of
the pose in the next frame, and not at all where a hand would be a few pixels, or is not seen.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.core.landmarks import INDEX
from motionrecon.core.sides import SIDES
from motionrecon.errors import ModelError
from motionrecon.keypoints.detection import Detection, SeenHands
from motionrecon.keypoints.picture_part import cropped

#: How often it looks.
LOOKS_PER_SECOND = 15.0
#: Sides of the square that it is shown: in lengths of the trunk and of the forearm in the picture, whichever is more.
_TRUNK, _FOREARM = 0.9, 1.6
#: Where the square's middle is: at the wrist, and so far on to the knuckles.
_ONWARDS = 1.0
#: Pixels of a square's side below which a hand in it is a dozen pixels, and what is found there is chance.
LEAST_SIDE = 112
#: A wrist of which the pose's detector is less sure is not looked at.
_SURE = 0.4
#: Scores above which MediaPipe counts a palm and a hand; what it says of doubtful ones is weighed later.
_SCORE = 0.4
#: A hand whose wrist is farther from the pose's, in sizes of itself (wrist to middle knuckle), is another's, or none.
_AWAY = 1.5
#: What is left of the confidence where it takes the hand for one of the other side.
_OTHER_SIDE = 0.7
_CLOCK_STEP = 1_000_000  # milliseconds, as of the pose's detector


class HandDetector:
    """MediaPipe's hand landmarker, one for each hand, open until closed.

    Args:
        model: a checked ``.task`` file.
        scale: pixels of the pictures that are shown, in one of the detections that come with them.

    Raises:
        ModelError: MediaPipe cannot load the model.
    """

    def __init__(self, model: Path, scale: float) -> None:
        self._scale = scale
        self._milliseconds = 0
        self._landmarkers: list[Any] = []
        try:
            for _ in SIDES:
                self._landmarkers.append(_landmarker(model.read_bytes()))
        except (RuntimeError, ValueError) as error:
            self.close()
            raise ModelError(f"MediaPipe cannot load {model}: {str(error).splitlines()[0]}") from error

    def __call__(self, frame: UInt8[np.ndarray, "H W 3"], person: Detection) -> SeenHands:
        """The hands of a person in the next frame, RGB."""
        self._milliseconds += _CLOCK_STEP
        found = SeenHands.none()
        for i, side in enumerate(SIDES):
            square = around_wrist(person, side, self._scale)
            if square is not None:
                self._look(i, frame, square, found)
        return replace(found, pixels=found.pixels / self._scale)

    def look(self, i: int, frame: UInt8[np.ndarray, "H W 3"], square: Square) -> SeenHands:
        """The left (0) or the right (1) hand alone, in a square that is known."""
        self._milliseconds += _CLOCK_STEP
        found = SeenHands.none()
        self._look(i, frame, square, found)
        return found

    def _look(self, i: int, frame: UInt8[np.ndarray, "H W 3"], square: Square, found: SeenHands) -> None:
        seen = self._shown(i, cropped(frame, square.corner, square.side))
        if not seen.hand_landmarks:
            return
        pixels = np.round(square.corner) + square.side * np.array([(p.x, p.y) for p in seen.hand_landmarks[0]])
        points = _as_large_as_usual(square.side * np.array([(p.x, p.y, p.z) for p in seen.hand_landmarks[0]]))
        says = seen.handedness[0][0]
        same = says.category_name.lower() == SIDES[i]
        if np.linalg.norm(pixels[_WRIST] - square.wrist) > _AWAY * np.linalg.norm(pixels[_MIDDLE] - pixels[_WRIST]):
            self._forget(i)
            return
        found.pixels[i], found.points_3d[i] = pixels, points
        found.confidence[i] = says.score * (1.0 if same else _OTHER_SIDE)

    def _shown(self, i: int, picture: UInt8[np.ndarray, "S S 3"]) -> Any:
        import mediapipe

        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        return self._landmarkers[i].detect_for_video(image, self._milliseconds)

    def _forget(self, i: int) -> None:
        """Let it look afresh next time: it follows what it found, also where that was no hand."""
        self._milliseconds += 1
        self._shown(i, np.zeros((64, 64, 3), np.uint8))

    def close(self) -> None:
        """Free the model."""
        for landmarker in self._landmarkers:
            landmarker.close()


class HandWatch:
    """Looks for hands beside what else is done with the frames: a context manager, of one clip.

    Args:
        detector: closed with it.
        every: frames from one look to the next.
    """

    def __init__(self, detector: HandDetector, every: int) -> None:
        self._detector, self._every = detector, every
        self._thread = ThreadPoolExecutor(1, "motionrecon-hands")
        self._found: dict[int, Future[SeenHands]] = {}
        self._last: Future[SeenHands] | None = None

    def add(self, k: int, frame: UInt8[np.ndarray, "H W 3"], person: Detection) -> None:
        """Look at frame number ``k``, if it is one to be looked at; waits where an earlier one is not done."""
        if k % self._every:
            return
        if self._last is not None:
            self._last.result()  # no more than one picture waits
        self._last = self._found[k] = self._thread.submit(self._detector, frame, person)

    def found(self) -> dict[int, SeenHands]:
        """By the numbers of the frames, all that was looked for."""
        return {k: future.result() for k, future in self._found.items()}

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._detector.close()


_WRIST, _MIDDLE, _KNUCKLES = 0, 9, (5, 9, 13, 17)
#: How far an adult's knuckles are from the wrist, on average, metres.
_PALM = 0.104


@dataclass(frozen=True)
class Square:
    """A part of a picture in which a hand is to be looked for, pixels.

    Attributes:
        wrist: (x, y) where the pose has the wrist.
        corner: (x, y) of its upper left corner.
        side: its length.
    """

    wrist: Float[np.ndarray, " 2"]
    corner: Float[np.ndarray, " 2"]
    side: int


def around_wrist(person: Detection, side: str, scale: float = 1.0) -> Square | None:
    """Where a person's hand is to be looked for, in a picture so many times as large as the detection's.

    None where it would be too small, or the wrist is not seen.
    """
    at = {name: scale * person.pixels[INDEX[name]] for name in _NEEDED}
    wrist, elbow = at[f"{side}_wrist"], at[f"{side}_elbow"]
    shoulders, hips = ((at[f"left_{name}"] + at[f"right_{name}"]) / 2 for name in ("shoulder", "hip"))
    knuckles = (at[f"{side}_index"] + at[f"{side}_pinky"]) / 2
    size = max(_TRUNK * float(np.linalg.norm(shoulders - hips)), _FOREARM * float(np.linalg.norm(wrist - elbow)))
    if not size >= LEAST_SIDE or person.confidence[INDEX[f"{side}_wrist"]] < _SURE:
        return None
    middle = wrist + _ONWARDS * (knuckles - wrist)
    return Square(wrist, middle - size / 2, round(size))


def _as_large_as_usual(points: Float[np.ndarray, "21 3"]) -> Float[np.ndarray, "21 3"]:
    """Pixels, depth in pixels too, as metres on an adult's hand.

    MediaPipe's own metres (its world landmarks) are not used: on renders whose truth is known they turn the palm three
    times as wrongly as its points in the picture with their depth, and half of the time that the hand shows its back.
    """
    palm = float(np.linalg.norm(points[list(_KNUCKLES)] - points[_WRIST], axis=1).mean())
    return np.asarray(points * (_PALM / max(palm, 1e-9)))


_NEEDED = tuple(f"{side}_{name}" for side in SIDES for name in ("wrist", "elbow", "shoulder", "hip", "index", "pinky"))


def _landmarker(model: bytes) -> Any:
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.HandLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model),
        running_mode=vision.RunningMode.VIDEO,
        num_hands=1,
        min_hand_detection_confidence=_SCORE,
        min_hand_presence_confidence=_SCORE,
        min_tracking_confidence=_SCORE,
    )
    return vision.HandLandmarker.create_from_options(options)
