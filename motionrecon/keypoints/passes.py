"""The passes over a clip, run in the detector's process: one person followed, everybody looked for now and then.

MediaPipe follows whom it finds first. Only where that turns out not to be the person wanted is the clip gone through
again, with everybody else painted over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.cameras.stillness import CameraMotion
from motionrecon.core.prefetch import prefetch
from motionrecon.keypoints.child import Advance
from motionrecon.keypoints.detect import MAX_SIDE, PoseDetector
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.pass_detections import PassDetections
from motionrecon.keypoints.tracks import Track, distinct
from motionrecon.video import VideoInfo, pictures

#: How often everybody is looked for.
LOOKS_PER_SECOND = 4.0
#: A painted-over person's box is widened by this share.
_MARGIN = 0.15


@dataclass(frozen=True)
class DetectorRun:
    """A range of a video, and the models of the detector that follows and of the one that looks round."""

    info: VideoInfo
    start: float | None
    end: float | None
    model: Path
    scan_model: Path

    @property
    def every(self) -> int:
        """Frames from one look to the next."""
        return max(1, round(self.info.fps / LOOKS_PER_SECOND))

    @property
    def scale(self) -> float:
        """The size of the frames that the detector is shown, in sizes of the video's."""
        return min(1.0, MAX_SIDE / max(self.info.image_size))


def watch(advance: Advance, clip: DetectorRun) -> PassDetections:
    """Whom MediaPipe follows, in every frame; everybody, in every look; and what the background says of the camera."""
    looks: list[list[Detection]] = []
    camera = CameraMotion(clip.info.fps)
    with closing(PoseDetector(clip.scan_model, clip.info.image_size, video=False)) as everybody:

        def look_round(k: int, frame: UInt8[np.ndarray, "H W 3"], found: list[Detection]) -> None:
            around = found
            if k % clip.every == 0:
                around = distinct(found + everybody(frame))
                looks.append(around)
            camera.add(frame, [person.box * clip.scale for person in around])

        said: list[str] = []
        seen = _run(advance, clip, None, look_round, said.append)
    return PassDetections(seen, looks, (*dict.fromkeys(said), *camera.warnings()))


def watch_one(advance: Advance, clip: DetectorRun, person: Track, others: Sequence[Track]) -> list[list[Detection]]:
    """Whom MediaPipe follows where the others are painted over; ``person`` and ``others`` are numbered by looks."""
    wanted = dict(zip(person.frames, person.detections, strict=True))
    unwanted: dict[int, list[Detection]] = {}
    for track in others:
        for look, detection in zip(track.frames, track.detections, strict=True):
            unwanted.setdefault(look, []).append(detection)

    def paint(k: int, frame: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
        before = k // clip.every
        boxes = [d.box * clip.scale for look in (before, before + 1) for d in unwanted.get(look, [])]
        keep = [wanted[look].box * clip.scale for look in (before, before + 1) if look in wanted]
        return _painted(frame, boxes, keep)

    return _run(advance, clip, paint, None, lambda text: None)


def _run(
    advance: Advance,
    clip: DetectorRun,
    prepare: Callable[[int, np.ndarray], np.ndarray] | None,
    observe: Callable[[int, np.ndarray, list[Detection]], None] | None,
    warn: Callable[[str], None],
) -> list[list[Detection]]:
    """Follow one person through the clip: for each frame a list of one detection or none."""
    seen: list[list[Detection]] = []
    shown = pictures(clip.info.path, clip.start, clip.end, max_side=MAX_SIDE, info=clip.info, warn=warn)
    with (
        closing(prefetch(shown)) as film,
        closing(PoseDetector(clip.model, clip.info.image_size, video=True)) as one,
    ):
        for k, picture in enumerate(film):
            frame = picture.image
            # A picture that is held says nothing of where the person is now.
            found = [] if picture.held else one(frame if prepare is None else prepare(k, frame))
            if observe is not None:
                observe(k, frame, found)
            seen.append(found)
            advance(1)
    return seen


def _painted(
    frame: UInt8[np.ndarray, "H W 3"], boxes: Sequence[Float[np.ndarray, " 4"]], keep: Sequence[Float[np.ndarray, " 4"]]
) -> UInt8[np.ndarray, "H W 3"]:
    """A copy of the frame with the boxes grey, except where they overlap those to keep."""
    hidden = np.zeros(frame.shape[:2], dtype=bool)
    for group, value in ((boxes, True), (keep, False)):
        for x0, y0, x1, y1 in group:
            dx, dy = _MARGIN * (x1 - x0), _MARGIN * (y1 - y0)
            rows = slice(max(0, int(y0 - dy)), max(0, int(y1 + dy) + 1))
            hidden[rows, max(0, int(x0 - dx)) : max(0, int(x1 + dx) + 1)] = value
    painted = frame.copy()
    painted[hidden] = 128
    return painted
