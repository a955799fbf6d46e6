"""Edges behind the person: straight lines of a film, which tell how the camera is held."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import numpy as np
from jaxtyping import Float

from motionrecon.background.motion import UNKNOWN, CameraMotion
from motionrecon.cameras.base import Camera
from motionrecon.cameras.lines import distinct, lines
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.keypoints import Keypoints
from motionrecon.run import Run
from motionrecon.source import Recording, Source
from motionrecon.video import frames

#: Pictures of a film that are searched for straight lines: one for so many seconds, and no more than so many.
_LOOK_EVERY, _LOOKS = 5.0, 3


def lines_behind(
    run: Run, source: Source, seen: Sequence[Keypoints], motions: Sequence[CameraMotion]
) -> tuple[Float[np.ndarray, "L 2 2"], ...]:
    """The straight lines behind the person in each recording: they tell which way is up, or whether a calibration does.

    Args:
        seen: of the person in each recording, in its own frames.
        motions: of the recordings' cameras.
    """
    with run.timed("lines"):
        return tuple(
            behind(recording, keypoints, motion.camera, motion.kind)
            for recording, keypoints, motion in zip(source.recordings, seen, motions, strict=True)
        )


def behind(recording: Recording, keypoints: Keypoints, camera: Camera, motion: str) -> Float[np.ndarray, "L 2 2"]:
    """Ends of straight lines behind the person in some pictures of a film, without the lens's distortion.

    None without a film. Where the camera turns, they are where the first picture would have them; what several pictures
    show counts once.

    Args:
        recording: whose film is looked at.
        keypoints: where the person is in it, behind whom nothing is told from a line.
        camera: the film's.
        motion: what it does, in the words of `motionrecon.background.motion`.
    """
    found = [np.zeros((0, 2, 2))]
    film = recording.video
    if film is not None:
        fps, count = keypoints.fps, len(keypoints)  # given ones may be of another rate than the film, and longer
        first = round((recording.start or 0.0) * fps)
        looks = min(_LOOKS, 1 + int(count / fps / _LOOK_EVERY))
        if motion == UNKNOWN:
            looks = 1  # others are looked at from elsewhere
        shown = np.flatnonzero(keypoints.tracked) if keypoints.tracked.any() else np.arange(count)
        for frame in shown[np.linspace(0, len(shown), looks, endpoint=False).astype(int)].tolist():
            start = (first + frame) / fps
            if start > film.duration - 2 / film.fps:
                break
            around = keypoints.pixels[frame]
            known = np.isfinite(around).all(axis=1)
            people = [np.concatenate([around[known].min(axis=0), around[known].max(axis=0)])] if known.any() else []
            with closing(frames(film.path, start, info=film)) as pictures:
                picture = next(pictures, None)
            if picture is not None:
                ends = camera.undistort(lines(picture, people))
                found.append(camera.in_picture(0, ends, frame) if isinstance(camera, PanTiltZoom) else ends)
    whole = np.concatenate(found)
    return distinct(whole[np.isfinite(whole).all(axis=(1, 2))], camera.image_size)
