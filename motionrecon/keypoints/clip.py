"""The keypoint stage on a video: a pass that sees everybody, the choice of one, and a second pass where it needs one.

MediaPipe follows whom it finds first. Only where that turns out not to be the person wanted is the clip gone through
again, with everybody else painted over. What the first pass saw is kept apart from the choice, so that another choice
does not see it all again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.core.cache import Checkpoint
from motionrecon.core.files import sha256
from motionrecon.core.progress import Progress
from motionrecon.errors import InputError, ModelError
from motionrecon.keypoints import file, models
from motionrecon.keypoints.child import Child
from motionrecon.keypoints.choice import Choice
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.mirrored import mean_of_looks, second_looks
from motionrecon.keypoints.pass_detections import PassDetections
from motionrecon.keypoints.passes import DetectorRun, watch, watch_gaps, watch_mirrored, watch_one, watch_there
from motionrecon.keypoints.person import crowd_warning, mended
from motionrecon.keypoints.sides import Judge, doubtful, put_right, words
from motionrecon.keypoints.tracks import Track, everybody, follow, link, near
from motionrecon.keypoints.types import Keypoints
from motionrecon.video import probe

#: The detector that looks for everybody.
_LOOKS_WITH = "full"
#: Share of the looks at the wanted person in which the one followed must be that person.
_FOLLOWED = 0.7
#: Share of the frames in which MediaPipe may follow somebody else.
_STRAYED = 0.1


@dataclass(frozen=True)
class _Job:
    """A clip, and where what is seen in it is kept."""

    clip: DetectorRun
    count: int
    cache_dir: Path | None
    depends_on: dict[str, Any]
    progress: Progress

    @staticmethod
    def of(
        video: Path,
        detector: str,
        start: float | None,
        end: float | None,
        cache_dir: Path | None,
        progress: Progress,
        hands: bool = False,
        mirrored: bool = False,
    ) -> _Job:
        info = probe(video)
        wanted = info.frame_range(start, end)
        hand_model = _hand_model(progress) if hands else None
        clip = DetectorRun(info, start, end, models.find(detector), models.find(_LOOKS_WITH), hand_model, mirrored)
        depends_on: dict[str, Any] = {}
        if cache_dir is not None:
            depends_on = {
                "video": sha256(video),
                "models": [sha256(clip.model), sha256(clip.scan_model)],
                "frames": [wanted.start, wanted.stop, info.fps],
                "twice": mirrored,
                "mediapipe": metadata.version("mediapipe"),
            }
            if hand_model is not None:
                depends_on["hands"] = sha256(hand_model)
        return _Job(clip, len(wanted), cache_dir, depends_on, progress)

    def sight(self, child: Child, choice: Choice) -> tuple[PassDetections, Track, list[Track]]:
        """What the first pass sees, or saw in an earlier run, the chosen person and the others.

        It is kept once the choice is one that can be met: what is refused leaves nothing behind.
        """
        kept = Checkpoint(self.cache_dir, "people", self.depends_on)
        arrays = kept.load(self.progress)
        if arrays is not None:
            sight = PassDetections.from_arrays(arrays)
        else:
            with self.progress.stage("keypoints", self.count) as advance:
                sight = child.call(watch, advance, self.clip)
        people = everybody(sight.looks, 1 / self.look_seconds)
        person, others = choice.among(people, self.clip.looks, self.clip.info.path.name)
        if arrays is None and people:
            kept.save(sight.to_arrays())
        return sight, person, others

    def again(self, child: Child, person: Track, others: Sequence[Track]) -> list[list[Detection]]:
        """What the second pass sees, in which the others are painted over."""
        with self.progress.stage("keypoints (again)", self.count) as advance:
            return child.call(watch_one, advance, self.clip, person, others)

    def filled(self, child: Child, followed: Track, count: int, person: Track, others: Sequence[Track]) -> Track:
        """The one followed, also in those of ``count`` frames in which they were lost or not found, and show."""
        missing = count - len(followed.frames)
        if not missing or not person.frames:
            return followed
        with self.progress.stage("keypoints (gaps)", missing) as advance:
            return child.call(watch_gaps, advance, self.clip, followed, count, person, others)

    def judged(
        self,
        child: Child,
        keypoints: Keypoints,
        looks: Sequence[Sequence[Detection]],
        cuts: Sequence[int],
        person: Track,
        others: Sequence[Track],
        judge: Judge,
        second: Track,
    ) -> Keypoints:
        """The keypoints with sides put right that were exchanged for good, which is said."""
        stretches = doubtful(keypoints, looks, self.every, cuts)
        if not stretches:
            return keypoints
        parts = [stretch.watched for stretch in stretches]
        if self.clip.twice:
            at = dict(zip(second.frames, second.detections, strict=True))
            seen = [[[at[frame]] if frame in at else [] for frame in part] for part in parts]
        else:
            with self.progress.stage("keypoints (mirrored)", sum(map(len, parts))) as advance:
                seen = child.call(watch_mirrored, advance, self.clip, parts, person, others)
        keypoints, taken = put_right(keypoints, stretches, seen, judge)
        if not taken:
            return keypoints
        first = self.clip.info.frame_range(self.clip.start, self.clip.end).start
        said = words(taken, first, self.clip.info.fps, self.clip.info.path.name)
        return replace(keypoints, warnings=(*keypoints.warnings, said))

    def made_by(self, detector: str) -> dict[str, Any]:
        """What keypoints say of how they were made."""
        return {"detector": detector, "mirrored": self.clip.twice}

    @property
    def every(self) -> int:
        return self.clip.every

    @property
    def look_seconds(self) -> float:
        """Seconds from one look to the next."""
        return self.clip.every / self.clip.info.fps


def detect_clip(
    video: Path,
    detector: str,
    start: float | None,
    end: float | None,
    choice: Choice,
    cache_dir: Path | None,
    progress: Progress,
    hands: bool = False,
    judge: Judge | None = None,
    mirrored: bool = False,
) -> Keypoints:
    """See `motionrecon.keypoints.detect_keypoints`."""
    job = _Job.of(video, detector, start, end, cache_dir, progress, hands, mirrored)
    settings = {"person": str(choice), "sides": "voted on" if judge is None else "voted on, judged"}
    kept = Checkpoint(cache_dir, "keypoints", job.depends_on | settings)
    arrays = kept.load(progress)
    if arrays is not None:
        return file.from_arrays(arrays, str(kept.path))
    info, name = job.clip.info, video.name
    with Child() as child:
        sight, person, others = job.sight(child, choice)
        followed = _followed(job, child, sight.seen, person, others)
        followed = job.filled(child, followed, len(sight.seen), person, others)
        if len(followed.frames) < 2 and choice == Choice():
            # MediaPipe would not follow whom the looks favour: better somebody else than nobody
            followed, _ = follow(sight.seen, info.fps)
        elif len(followed.frames) < 2 and person.frames:
            raise InputError(
                f"person={choice} was looked for in {name}, and could not be followed for more than a frame; choose "
                "another (list_people(...) shows who is there), or another start=... or end=..."
            )
        cuts = () if sight.background is None else sight.background.cuts.tolist()
        looks = sight.mirrored, job.every
        keypoints = mended(followed, len(sight.seen), info.fps, info.image_size, name, cuts, *looks)
        second = second_looks(followed)
        if judge is not None:
            keypoints = job.judged(child, keypoints, sight.mirrored, cuts, person, others, judge, second)
        keypoints = mean_of_looks(keypoints, second)
    for line in child.messages():
        progress.warn(f"the detector says: {line}")
    warnings = [*info.warnings]
    if len(sight.seen) < job.count:
        warnings.append(f"only {len(sight.seen)} of {job.count} frames of {name} could be used")
    warnings += [*crowd_warning(person, others, name, choice), *keypoints.warnings, *sight.warnings]
    keypoints = replace(keypoints, warnings=tuple(warnings), background=sight.background, **job.made_by(detector))
    kept.save(file.to_arrays(keypoints))
    return keypoints


def detect_there(
    video: Path,
    detector: str,
    start: float | None,
    end: float | None,
    boxes: Float[np.ndarray, "T 4"],
    cache_dir: Path | None,
    progress: Progress,
    hands: bool = False,
    mirrored: bool = False,
) -> Keypoints:
    """Keypoints of somebody who is known to be in some part of each frame, squares of one size in pixels of the video.

    The other arguments are those of `motionrecon.keypoints.detect_keypoints`.
    """
    job = _Job.of(video, detector, start, end, cache_dir, progress, hands, mirrored)
    kept = Checkpoint(cache_dir, "keypoints", job.depends_on | {"boxes": boxes})
    arrays = kept.load(progress)
    if arrays is not None:
        return file.from_arrays(arrays, str(kept.path))
    info, name = job.clip.info, video.name
    with Child() as child, progress.stage("keypoints (again)", job.count) as advance:
        seen = child.call(watch_there, advance, job.clip, boxes)
    frames = [frame for frame, found in enumerate(seen) if found]
    track = Track(frames, [seen[frame][0] for frame in frames])
    keypoints = mended(track, len(seen), info.fps, info.image_size, name)
    keypoints = mean_of_looks(keypoints, second_looks(track))
    said = f"the person was found in {name} only where the other cameras see them"
    keypoints = replace(keypoints, warnings=(*info.warnings, said, *keypoints.warnings), **job.made_by(detector))
    kept.save(file.to_arrays(keypoints))
    return keypoints


def look_round(
    video: Path,
    detector: str,
    start: float | None,
    end: float | None,
    cache_dir: Path | None,
    progress: Progress,
    hands: bool = False,
    mirrored: bool = False,
) -> tuple[DetectorRun, list[Track]]:
    """Everybody in a clip, numbered by their places in the list from 1 as `detect_clip` numbers them.

    Returns:
        the clip, and each person's track over its looks, which are ``clip.every`` frames apart.
    """
    if cache_dir is None:
        mirrored = False  # second looks are for who goes on with what is kept
    job = _Job.of(video, detector, start, end, cache_dir, progress, hands, mirrored)
    with Child() as child:
        _, first, others = job.sight(child, Choice())
    return job.clip, [first, *others] if first.frames else []


def _hand_model(progress: Progress) -> Path | None:
    """The model that looks for hands; a person is followed without it, too."""
    try:
        return models.find(models.HAND)
    except ModelError as error:
        progress.warn(f"hands are left out: {error}")
        return None


def _followed(
    job: _Job, child: Child, seen: Sequence[Sequence[Detection]], person: Track, others: Sequence[Track]
) -> Track:
    """The person in every frame: as MediaPipe followed them, or as it does where the others are painted over."""
    fps = job.clip.info.fps
    if not others:
        return follow(seen, fps, single=True)[0]
    followed = _only(person, seen, job.every, fps)
    share = _agreement(person, followed, job.every)
    strayed = sum(map(len, seen)) - len(followed.frames)  # frames in which somebody else was followed
    if share < _FOLLOWED or strayed > _STRAYED * len(seen):
        again = _unpainted(person, job.again(child, person, others), job.every, fps)
        if _agreement(person, again, job.every) * len(again.frames) > share * len(followed.frames):
            return again
    return followed


def _only(person: Track, seen: Sequence[Sequence[Detection]], every: int, fps: float) -> Track:
    """Those stretches of what MediaPipe followed that most looks say are the person."""
    stretches = [track for track in link(seen, fps) if _shares(person, track, every) > 0.5]
    pairs = sorted(
        ((frame, detection) for s in stretches for frame, detection in zip(s.frames, s.detections, strict=True)),
        key=lambda pair: pair[0],
    )
    return Track([frame for frame, _ in pairs], [detection for _, detection in pairs])


def _unpainted(person: Track, seen: Sequence[Sequence[Detection]], every: int, fps: float) -> Track:
    """The person among what MediaPipe followed where the others were painted over.

    A look that missed the person says nothing against a stretch there, as hardly anybody else was left to be followed;
    but one at least must have seen them in it: what shows beside the paint may look like somebody, too.
    """
    at = dict(zip(person.frames, person.detections, strict=True))
    pairs: list[tuple[int, Detection]] = []
    for track in link(seen, fps):
        found = list(zip(track.frames, track.detections, strict=True))
        same = [near(at[f // every], d) for f, d in found if f % every == 0 and f // every in at]
        if same and np.mean(same) > 0.5:
            pairs += found
    pairs.sort(key=lambda pair: pair[0])
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
