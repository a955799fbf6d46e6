"""The keypoint stage on a video: one streaming pass that follows a person, looks round for others and at the camera.

MediaPipe follows whom it finds first. Only where that turns out not to be the largest person that stays longest is the
clip gone through again, with everybody else painted over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path

import numpy as np

from motionrecon.cameras.stillness import CameraMotion
from motionrecon.core.files import sha256
from motionrecon.core.progress import Progress
from motionrecon.keypoints import cache, models
from motionrecon.keypoints.detect import EVERYBODY, MAX_SIDE, Detection, PoseDetector, quiet
from motionrecon.keypoints.person import crowd_warning, mended
from motionrecon.keypoints.tracks import Track, distinct, follow, link, near
from motionrecon.keypoints.types import Keypoints
from motionrecon.video import VideoInfo, pictures, prefetch, probe

#: How often everybody is looked for, and with which detector.
_LOOKS_PER_SECOND = 4.0
_LOOKS_WITH = "full"
#: Share of the looks at the wanted person in which the one followed must be that person.
_FOLLOWED = 0.7
#: Share of the frames in which MediaPipe may follow somebody else.
_STRAYED = 0.1
#: A painted-over person's box is widened by this share.
_MARGIN = 0.15


@dataclass
class _Clip:
    """A range of a video and the detectors for it."""

    info: VideoInfo
    start: float | None
    end: float | None
    count: int
    model: Path
    scan_model: Path
    said: list[str] = field(default_factory=list)  # what only decoding showed
    every: int = field(init=False)  # frames from one look to the next

    def __post_init__(self) -> None:
        self.every = max(1, round(self.info.fps / _LOOKS_PER_SECOND))


def detect_clip(
    video: Path, detector: str, start: float | None, end: float | None, cache_dir: Path | None, progress: Progress
) -> Keypoints:
    """See `motionrecon.keypoints.detect_keypoints`."""
    info = probe(video)
    wanted = info.frame_range(start, end)
    clip = _Clip(info, start, end, len(wanted), models.find(detector), models.find(_LOOKS_WITH))
    cached_at = None
    if cache_dir is not None:
        depends_on: dict[str, str | float] = {
            "video": sha256(video),
            "model": sha256(clip.model),
            "first": wanted.start,
            "last": wanted.stop,
            "fps": info.fps,
            "pictures": "upright, mirrored, on a mended clock",  # what is shown is not what earlier versions showed
            "settings": f"{EVERYBODY} {MAX_SIDE} {_LOOKS_PER_SECOND}",
            "mediapipe": metadata.version("mediapipe"),
        }
        cached_at = cache.path_for(cache_dir, depends_on)
        cached = cache.load(cached_at, progress)
        if cached is not None:
            return cached

    camera = CameraMotion(info.fps)
    with quiet():
        seen, looks = _watch(clip, camera, progress)
        person, others = follow(looks, info.fps / clip.every)
        followed = _only(person, seen, clip) if others else follow(seen, info.fps, single=True)[0]
        share = _agreement(person, followed, clip.every)
        strayed = sum(map(len, seen)) - len(followed.frames)  # frames in which somebody else was followed
        if others and (share < _FOLLOWED or strayed > _STRAYED * len(seen)):
            again = _only(person, _watch_one(clip, person, others, progress), clip)
            if _agreement(person, again, clip.every) * len(again.frames) > share * len(followed.frames):
                followed = again
    if len(followed.frames) < 2:  # MediaPipe would not follow whom the looks favour: better somebody else than nobody
        followed, _ = follow(seen, info.fps)
    keypoints = mended(followed, len(seen), info.fps, info.image_size, video.name)
    warnings = [*info.warnings, *dict.fromkeys(clip.said)]
    if len(seen) < len(wanted):
        warnings.append(f"only {len(seen)} of {len(wanted)} frames of {video.name} could be used")
    warnings += [*crowd_warning(person, others, video.name), *keypoints.warnings, *camera.warnings()]
    keypoints = replace(keypoints, warnings=tuple(warnings))
    if cached_at is not None:
        cache.store(keypoints, cached_at)
    return keypoints


def _watch(
    clip: _Clip, camera: CameraMotion, progress: Progress
) -> tuple[list[list[Detection]], list[list[Detection]]]:
    """Whom MediaPipe follows, in every frame; and everybody, in every look."""
    looks: list[list[Detection]] = []
    scale = min(1.0, MAX_SIDE / max(clip.info.image_size))
    with closing(PoseDetector(clip.scan_model, clip.info.image_size, video=False)) as everybody:

        def look_round(k: int, frame: np.ndarray, found: list[Detection]) -> None:
            around = found
            if k % clip.every == 0:
                around = distinct(found + everybody(frame))
                looks.append(around)
            camera.add(frame, [person.box * scale for person in around])

        return _run(clip, None, look_round, "keypoints", progress), looks


def _watch_one(clip: _Clip, person: Track, others: Sequence[Track], progress: Progress) -> list[list[Detection]]:
    """Whom MediaPipe follows where the others are painted over."""
    scale = min(1.0, MAX_SIDE / max(clip.info.image_size))
    wanted = dict(zip(person.frames, person.detections, strict=True))
    unwanted: dict[int, list[Detection]] = {}
    for track in others:
        for look, detection in zip(track.frames, track.detections, strict=True):
            unwanted.setdefault(look, []).append(detection)

    def paint(k: int, frame: np.ndarray) -> np.ndarray:
        before = k // clip.every
        boxes = [d.box * scale for look in (before, before + 1) for d in unwanted.get(look, [])]
        keep = [wanted[look].box * scale for look in (before, before + 1) if look in wanted]
        return _painted(frame, boxes, keep)

    return _run(clip, paint, None, "keypoints (again)", progress)


def _run(
    clip: _Clip,
    prepare: Callable[[int, np.ndarray], np.ndarray] | None,
    observe: Callable[[int, np.ndarray, list[Detection]], None] | None,
    name: str,
    progress: Progress,
) -> list[list[Detection]]:
    """Follow one person through the clip: for each frame a list of one detection or none."""
    seen: list[list[Detection]] = []
    shown = pictures(clip.info.path, clip.start, clip.end, max_side=MAX_SIDE, info=clip.info, warn=clip.said.append)
    with (
        closing(prefetch(shown)) as film,
        closing(PoseDetector(clip.model, clip.info.image_size, video=True)) as one,
        progress.stage(name, clip.count) as advance,
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


def _only(person: Track, seen: Sequence[Sequence[Detection]], clip: _Clip) -> Track:
    """Those stretches of what MediaPipe followed that most looks say are the person."""
    stretches = [track for track in link(seen, clip.info.fps) if _shares(person, track, clip.every) > 0.5]
    pairs = sorted(
        ((frame, detection) for s in stretches for frame, detection in zip(s.frames, s.detections, strict=True)),
        key=lambda pair: pair[0],
    )
    return Track([frame for frame, _ in pairs], [detection for _, detection in pairs])


def _shares(person: Track, stretch: Track, every: int) -> float:
    """In which share of the looks within a stretch it is the person; 0 if there was no look."""
    at = dict(zip(person.frames, person.detections, strict=True))
    looked = [(f // every, d) for f, d in zip(stretch.frames, stretch.detections, strict=True) if f % every == 0]
    return sum(look in at and near(at[look], d) for look, d in looked) / max(1, len(looked))


def _agreement(person: Track, followed: Track, every: int) -> float:
    """In which share of the looks that show the person the one followed is that person."""
    at = dict(zip(followed.frames, followed.detections, strict=True))
    pairs = zip(person.frames, person.detections, strict=True)
    same = [look * every in at and near(detection, at[look * every]) for look, detection in pairs]
    return float(np.mean(same)) if same else 1.0


def _painted(frame: np.ndarray, boxes: Sequence[np.ndarray], keep: Sequence[np.ndarray]) -> np.ndarray:
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
