"""The passes over a clip, run in the detector's process: one person followed, everybody looked for now and then.

MediaPipe follows whom it finds first. Only where that turns out not to be the person wanted is the clip gone through
again, with everybody else painted over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.background.watch import BackgroundWatch
from motionrecon.core.prefetch import prefetch
from motionrecon.keypoints.afresh import FreshLook
from motionrecon.keypoints.child import Advance
from motionrecon.keypoints.detect import MAX_SIDE, PoseDetector
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.gaps import Search, filled, hinted
from motionrecon.keypoints.hands import LOOKS_PER_SECOND as HANDS_PER_SECOND
from motionrecon.keypoints.hands import HandDetector, HandWatch
from motionrecon.keypoints.lookout import Lookout
from motionrecon.keypoints.mirrored import seen_mirrored, with_second
from motionrecon.keypoints.pass_detections import PassDetections
from motionrecon.keypoints.picture_part import cropped, painted
from motionrecon.keypoints.tracks import Looks, Track
from motionrecon.video import Picture, VideoInfo, pictures

#: How often everybody is looked for.
LOOKS_PER_SECOND = 4.0
#: Frames, at least, from one look at a part of the picture to the next.
_PART_FRAMES = 20


@dataclass(frozen=True)
class DetectorRun:
    """A range of a video, and who looks at it.

    Attributes:
        info: of the video.
        start, end: the range, seconds; None for the video's beginning and end.
        model: of the detector that follows.
        scan_model: of the one that looks round.
        hand_model: of the one that looks for hands, if these are asked for.
        twice: whether the one that follows looks at each picture mirrored, too.
    """

    info: VideoInfo
    start: float | None
    end: float | None
    model: Path
    scan_model: Path
    hand_model: Path | None = None
    twice: bool = False

    @property
    def every(self) -> int:
        """Frames from one look to the next."""
        return max(1, round(self.info.fps / LOOKS_PER_SECOND))

    @property
    def looks(self) -> Looks:
        """When everybody is looked for."""
        fps, frames = self.info.fps, self.info.frame_range(self.start, self.end)
        return Looks(self.every / fps, frames.start / fps, frames.stop / fps)

    @property
    def scale(self) -> float:
        """The size of the frames that the detector is shown, in sizes of the video's."""
        return min(1.0, MAX_SIDE / max(self.info.image_size))


def watch(advance: Advance, clip: DetectorRun) -> PassDetections:
    """Whom MediaPipe follows, in every frame; everybody, in every look; and what is followed of the background.

    The looks are at mirrored pictures, which show everybody as well, and sides independently of whom it follows.
    """
    looks: list[list[Detection]] = []
    mirrored: list[list[Detection]] = []
    background = BackgroundWatch(clip.info.fps, clip.scale)
    with closing(PoseDetector(clip.scan_model, clip.info.image_size, video=False)) as everybody:
        lookout = Lookout(everybody, clip.scale, clip.looks.every, max(2, math.ceil(_PART_FRAMES / clip.every)))

        def look_round(k: int, picture: Picture, found: list[Detection]) -> None:
            around = found
            if k % clip.every == 0:
                mirrored.append(seen_mirrored(everybody, picture.image, clip.info.image_size[0]))
                around = lookout(picture.image, found, mirrored[-1])
                looks.append(around)
            background.add(k, picture.image, [person.box * clip.scale for person in around], picture.held)

        said: list[str] = []
        seen = _run(advance, clip, None, look_round, said.append)
    return PassDetections(seen, looks, mirrored, tuple(dict.fromkeys(said)), background.tracks())


def watch_one(advance: Advance, clip: DetectorRun, person: Track, others: Sequence[Track]) -> list[list[Detection]]:
    """Whom MediaPipe follows where the others are painted over; ``person`` and ``others`` are numbered by looks."""
    return _run(advance, clip, _painter(clip, person, others), None, lambda text: None)


def watch_mirrored(
    advance: Advance, clip: DetectorRun, parts: Sequence[range], person: Track, others: Sequence[Track]
) -> list[list[list[Detection]]]:
    """Whom MediaPipe follows in parts of the film if that is mirrored: for each part as `watch_one`, not mirrored.

    Others, if there are any, are painted over.
    """
    fps, first = clip.info.fps, clip.info.frame_range(clip.start, clip.end).start
    found = []
    for part in parts:
        cut = replace(clip, start=(first + part.start) / fps, end=(first + part.stop) / fps, twice=False)
        paint = _painter(clip, person, others, part.start) if others else None
        found.append(_run(advance, cut, paint, None, lambda text: None, mirrored=True))
    return found


def watch_gaps(
    advance: Advance, clip: DetectorRun, followed: Track, count: int, person: Track, others: Sequence[Track]
) -> Track:
    """Whom MediaPipe followed in a clip of ``count`` frames, and the same person where it did not, but shows them.

    Others, if there are any, are painted over.
    """
    paint = _painter(clip, person, others) if others else lambda k, frame: frame
    first = clip.info.frame_range(clip.start, clip.end).start
    with closing(PoseDetector(clip.model, clip.info.image_size, video=False)) as detector:
        search = Search(clip.info, first, clip.scale, detector, paint, advance)
        return filled(followed, search, count, hinted(person, followed, clip.every, clip.looks.every))


def _painter(
    clip: DetectorRun, person: Track, others: Sequence[Track], first: int = 0
) -> Callable[[int, UInt8[np.ndarray, "H W 3"]], UInt8[np.ndarray, "H W 3"]]:
    """Paints the others over in a frame of the clip, given its number after ``first``."""
    wanted = dict(zip(person.frames, person.detections, strict=True))
    unwanted: dict[int, list[Detection]] = {}
    for track in others:
        for look, detection in zip(track.frames, track.detections, strict=True):
            unwanted.setdefault(look, []).append(detection)

    def paint(k: int, frame: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
        before = (first + k) // clip.every
        boxes = [d.box * clip.scale for look in (before, before + 1) for d in unwanted.get(look, [])]
        keep = [wanted[look].box * clip.scale for look in (before, before + 1) if look in wanted]
        return painted(frame, boxes, keep)

    return paint


def watch_there(advance: Advance, clip: DetectorRun, boxes: Float[np.ndarray, "T 4"]) -> list[list[Detection]]:
    """Whom MediaPipe follows in a square part of each frame: somebody too small or too hidden to be found in all of it.

    Args:
        boxes: (x0, y0, x1, y1), pixels of the video; squares of one size that may reach beyond the picture.
    """
    side = max(16, round(float(boxes[0, 2] - boxes[0, 0])))
    corners = np.round(boxes[:, :2])

    def crop(k: int, frame: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "S S 3"]:
        return cropped(frame, corners[min(k, len(corners) - 1)] * clip.scale, round(side * clip.scale))

    found = _run(advance, clip, crop, None, lambda text: None, (side, side))
    return [[d.moved(corner) for d in one] for one, corner in zip(found, corners, strict=False)]


def _run(
    advance: Advance,
    clip: DetectorRun,
    prepare: Callable[[int, np.ndarray], np.ndarray] | None,
    observe: Callable[[int, Picture, list[Detection]], None] | None,
    warn: Callable[[str], None],
    size: tuple[int, int] | None = None,
    mirrored: bool = False,
) -> list[list[Detection]]:
    """Follow one person through the clip: for each frame a list of one detection or none.

    Pixels are those of pictures of a `size`, the video's own if it is None; also where MediaPipe sees them mirrored.
    Where the clip is looked at twice, each detection has what the second look shows of the same person.
    """
    seen: list[list[Detection]] = []
    shown_size = size or clip.info.image_size
    film = pictures(clip.info.path, clip.start, clip.end, max_side=MAX_SIDE, info=clip.info, warn=warn)
    with (
        closing(prefetch(film)) as pictured,
        closing(PoseDetector(clip.model, shown_size, video=True)) as one,
        closing(PoseDetector(clip.model, shown_size, video=True)) if clip.twice else nullcontext() as another,
        closing(FreshLook(lambda: PoseDetector(clip.model, shown_size, video=False))) as afresh,
        _hand_watch(clip) as hands,
    ):

        def follow(image: UInt8[np.ndarray, "H W 3"]) -> list[Detection]:
            return afresh(image, one(image))

        def look_again(image: UInt8[np.ndarray, "H W 3"]) -> list[Detection]:
            assert another is not None
            return afresh(image, another(image))

        for k, picture in enumerate(pictured):
            frame = picture.image
            # A picture that is held says nothing of where the person is now.
            shown = frame if prepare is None or picture.held else prepare(k, frame)
            if picture.held:
                found = []
            elif mirrored:
                found = seen_mirrored(follow, shown, shown_size[0])
            else:
                found = follow(shown)
                if clip.twice:
                    found = with_second(found, seen_mirrored(look_again, shown, shown_size[0]))
            if hands is not None and found:
                hands.add(k, shown, found[0])
            if observe is not None:
                observe(k, picture, found)
            seen.append(found)
            advance(1)
        for k, of_person in ({} if hands is None else hands.found()).items():
            seen[k] = [replace(seen[k][0], hands=of_person)]
    return seen


def _hand_watch(clip: DetectorRun) -> AbstractContextManager[HandWatch | None]:
    """Who looks for hands in a clip, if these are asked for."""
    if clip.hand_model is None:
        return nullcontext()
    every = max(1, round(clip.info.fps / HANDS_PER_SECOND))
    return closing(HandWatch(HandDetector(clip.hand_model, clip.scale), every))
