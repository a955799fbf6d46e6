"""Following one person through frames that may show several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from motionrecon.core.landmarks import MIRROR, NAMES
from motionrecon.keypoints.detection import Detection

#: How far a person may be from where they were: sizes of the person, plus sizes per second since, but not farther.
_REACH = 0.2
_REACH_PER_SECOND = 2.0
_FARTHEST = 1.0
#: Ratio of sizes beyond which two detections are different people, for gaps up to a second.
_SIZE_RATIO = 1.6
_SINGLE_SIZE_RATIO = 3.0
#: Seconds after which a track ends, and seconds after which a new track is not the same person while others are around.
_LONGEST_GAP = 0.5
_LONGEST_ABSENCE = 2.0
#: Somebody seen for less than this many seconds is not reported as another person.
_PASSING = 0.3
#: A single frame with somebody, far from all others of a track that is longer than this, shows nobody.
_SETTLED = 8
#: Two detections in the same frame are of one person if half of their landmarks are nearer than this, sizes of theirs.
_ALIKE = 0.2

_TRUNK = np.isin(NAMES, [f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "hip")])


@dataclass
class Track:
    """One person: the frames that show them (ascending) and what was detected there."""

    frames: list[int] = field(default_factory=list)
    detections: list[Detection] = field(default_factory=list)

    def add(self, frame: int, detection: Detection) -> None:
        self.frames.append(frame)
        self.detections.append(detection)

    @property
    def size(self) -> float:
        """The person's usual size, pixels."""
        return float(np.median([d.size for d in self.detections]))

    @property
    def weight(self) -> float:
        """How large, how sure and how long: the sum over frames of size times mean confidence."""
        return float(sum(d.size * d.confidence.mean() for d in self.detections))


@dataclass(frozen=True)
class Looks:
    """When the frames of tracks were, in seconds as a player shows the film.

    Attributes:
        every: from one to the next.
        first: when the first of them is.
        end: where what was looked at ends, which is seldom a whole number of looks.
    """

    every: float
    first: float = 0.0
    end: float = math.inf

    def span(self, track: Track) -> tuple[float, float]:
        """From when until when somebody is seen: each look stands for the time until the next one."""
        begin, end = (self.first + frame * self.every for frame in (track.frames[0], track.frames[-1] + 1))
        return begin, min(end, self.end)

    def seconds(self, track: Track) -> float:
        """How long somebody is seen, without the gaps."""
        begin, end = self.span(track)
        return min(len(track.frames) * self.every, end - begin)


def everybody(people: Sequence[Sequence[Detection]], fps: float, single: bool | None = None) -> list[Track]:
    """Everybody who is more than passing; first the largest that stays longest, then the same of those left over.

    Args:
        people: for each frame the people detected in it.
        fps: frames per second.
        single: whether there is but one person, who may then be anywhere after an absence or a cut; None to judge by
            whether two are ever seen at once.
    """
    single = max(map(len, people), default=0) == 1 if single is None else single
    left = link(people, fps)
    found: list[Track] = []
    while left and (not found or max(len(track.frames) for track in left) > 1):
        person, left = _longest(left, fps, single)
        if not found or len(person.frames) >= max(2, _PASSING * fps):
            found.append(person)
    return found


def follow(people: Sequence[Sequence[Detection]], fps: float, single: bool | None = None) -> tuple[Track, list[Track]]:
    """The largest person that stays longest (no frames if nobody was seen), and the others; see `everybody`."""
    person, *others = everybody(people, fps, single) or [Track()]
    return person, others


def _longest(tracks: Sequence[Track], fps: float, single: bool) -> tuple[Track, list[Track]]:
    """The track with most weight with all that may be the same person before and after it; and the tracks left over."""
    best = max(tracks, key=lambda t: (len(t.frames) > 1, t.weight))
    person = Track(list(best.frames), list(best.detections))
    left = []
    for track in sorted((t for t in tracks if t is not best), key=lambda t: _gap(best, t)):
        if single and len(track.frames) == 1 and len(best.frames) > _SETTLED and not _soon(person, track, fps):
            continue
        after = _continues(person, track, fps, single)
        before = _continues(track, person, fps, single)
        if after or before:
            first, second = (person, track) if after else (track, person)
            person = Track(first.frames + second.frames, first.detections + second.detections)
        elif _alternates(person, track, fps):
            person = _both(person, track)
        else:
            left.append(track)
    return person, left


def link(people: Sequence[Sequence[Detection]], fps: float) -> list[Track]:
    """Join detections that are near each other in place and size, frame after frame and over short gaps."""
    tracks: list[Track] = []
    open_tracks: list[Track] = []
    for t, frame in enumerate(people):
        open_tracks = [track for track in open_tracks if t - track.frames[-1] <= max(1, _LONGEST_GAP * fps)]
        pairs = assigned([(track.detections[-1], (t - track.frames[-1]) / fps) for track in open_tracks], frame)
        for i, j in pairs.items():
            open_tracks[i].add(t, frame[j])
        for j, person in enumerate(frame):
            if j not in pairs.values():
                track = Track([t], [person])
                tracks.append(track)
                open_tracks.append(track)
    return tracks


def near(one: Detection, other: Detection) -> bool:
    """Whether two detections in the same frame are of one person."""
    return apart(one, other) < _REACH


def assigned(before: Sequence[tuple[Detection, float]], people: Sequence[Detection]) -> dict[int, int]:
    """Which of those seen before, so many seconds ago each, is which of the people, by their places in the lists."""
    cost = np.array([[_way(earlier, person, seconds) for person in people] for earlier, seconds in before])
    if not cost.size:
        return {}
    if 1 in cost.shape:  # as most often: spares the detector's process half a second of importing
        best = int(np.argmin(cost))
        pairs = [(best // len(people), best % len(people))]
    else:
        from scipy.optimize import linear_sum_assignment

        pairs = list(zip(*linear_sum_assignment(np.minimum(cost, 1e3)), strict=True))
    return {int(i): int(j) for i, j in pairs if cost[i, j] < 1.0}


def reached(before: Detection, person: Detection, seconds: float) -> bool:
    """Whether ``person`` may be who ``before`` is, that many seconds later."""
    return _way(before, person, seconds) < 1.0


def _way(before: Detection, person: Detection, seconds: float) -> float:
    """As a share of what is allowed; 1 or more if they cannot be the same person."""
    if max(before.size, person.size) > _SIZE_RATIO * (1 + seconds) * min(before.size, person.size):
        return np.inf
    return apart(before, person) / min(_FARTHEST, _REACH + _REACH_PER_SECOND * seconds)


def apart(one: Detection, other: Detection) -> float:
    """Between two trunks, in sizes of the larger person; infinite if they share no landmark.

    The trunk, not the box: limbs swing. Its middle does not care whether left and right were exchanged.
    """
    both = np.isfinite(one.pixels).all(1) & np.isfinite(other.pixels).all(1)
    if not both.any():
        return np.inf
    trunk = both & _TRUNK if (both & _TRUNK).any() else both
    between = np.linalg.norm(one.pixels[trunk].mean(0) - other.pixels[trunk].mean(0))
    return float(between / max(one.size, other.size))


def _gap(one: Track, other: Track) -> int:
    """Frames between two tracks; negative if they overlap."""
    return max(other.frames[0] - one.frames[-1], one.frames[0] - other.frames[-1])


def _soon(one: Track, other: Track, fps: float) -> bool:
    """Whether a track goes on so soon after another that no more than a gap is between them."""
    return _gap(one, other) <= max(1, _LONGEST_GAP * fps)


def _continues(one: Track, other: Track, fps: float, single: bool) -> bool:
    """Whether ``other`` may be the same person later: of a size, and, unless ``single``, soon and within reach."""
    gap = (other.frames[0] - one.frames[-1]) / fps
    last, first = one.detections[-1], other.detections[0]
    sizes = one.size, other.size  # usual ones: somebody who crouches is small for a moment
    ratio = max(sizes) / min(sizes)
    moved = apart(last, first) * max(last.size, first.size) / max(sizes)
    reached = moved < _REACH + _REACH_PER_SECOND * gap
    if single:
        return gap > 0 and ratio < _SINGLE_SIZE_RATIO
    return 0 < gap <= _LONGEST_ABSENCE and reached and ratio < _SIZE_RATIO * (1 + gap)


def _alike(one: Detection, other: Detection) -> bool:
    """Whether two detections in the same frame lie on each other, but for some limbs, or for one's left on a right.

    Two looks at one person may have their hips far apart, where the picture ends below them.
    """
    apart = [np.linalg.norm(one.pixels - pixels, axis=-1) for pixels in (other.pixels, other.pixels[MIRROR])]
    known = [each[np.isfinite(each)] for each in apart]
    return min(float(np.median(each)) if len(each) else np.inf for each in known) < _ALIKE * max(one.size, other.size)


def _alternates(one: Track, other: Track, fps: float) -> bool:
    """Whether two tracks are of one person who is found now as in the one, now as in the other, never as in both."""
    shorter, longer = sorted((one, other), key=lambda track: len(track.frames))
    if set(one.frames) & set(other.frames) or _gap(one, other) >= 0:
        return False
    near_by = [
        any(
            abs(frame - theirs) <= _LONGEST_GAP * fps and reached(before, person, abs(frame - theirs) / fps)
            for theirs, before in zip(longer.frames, longer.detections, strict=True)
        )
        for frame, person in zip(shorter.frames, shorter.detections, strict=True)
    ]
    return float(np.mean(near_by)) > 0.5


def _both(one: Track, other: Track) -> Track:
    pairs = [*zip(one.frames, one.detections, strict=True), *zip(other.frames, other.detections, strict=True)]
    pairs.sort(key=lambda pair: pair[0])
    return Track([frame for frame, _ in pairs], [detection for _, detection in pairs])


def distinct(people: Sequence[Detection]) -> list[Detection]:
    """The same people without those seen twice; the first of two stays."""
    kept: list[Detection] = []
    for person in people:
        if not any(near(person, other) or _alike(person, other) for other in kept):
            kept.append(person)
    return kept
