"""Looking for a person in frames in which the detector that follows lost them, or had not found them yet.

MediaPipe finds a person in a picture made as small as 224 x 224, and follows them from then on: somebody who is small,
or stands against the light, it may find late or never, and once lost not again for a while. Where they were a moment
before, or are a moment after, or where a look at everybody saw them, they are easily found in that part of the picture.
So each gap is gone into from both of its ends and from such looks, one frame after the other, until nobody has been
found there for a while. The same looks mend the frames after it, in which MediaPipe often has half a person: it needs
some to settle on whom it found. Whom such a look shows has neither hands nor a second, mirrored look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice, pairwise

import numpy as np
from jaxtyping import UInt8

from motionrecon.keypoints.detect import MAX_SIDE, PoseDetector
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.lookout import found_there
from motionrecon.keypoints.tracks import Track, link
from motionrecon.video import Picture, VideoInfo, pictures

#: A gap is gone into until nobody has been found for this many seconds.
_LOST = 0.5
#: For so many seconds MediaPipe may follow badly whom it just found: such frames are looked at, too.
_SETTLING = 0.3
#: A look and what was followed show a person alike where landmarks are less far apart on average, sizes of the person.
_ALIKE = 0.05
#: So many looks in a row show somebody even where nobody followed them.
_SURELY = 3
#: Frames that are in memory at once where the film is gone through backwards.
_CHUNK = 16


def gaps(frames: Sequence[int], count: int) -> list[range]:
    """The stretches of a clip of ``count`` frames between those, ascending, in which the person is."""
    edges = [-1, *frames, count]
    return [range(one + 1, other) for one, other in pairwise(edges) if other - one > 1]


@dataclass
class Search:
    """Looks for one person in a clip.

    Attributes:
        info: of the video.
        first: the clip's first frame in the video.
        scale: the size of the frames that the detector is shown, in sizes of the video's.
        detector: of single pictures.
        prepare: what the detector is shown instead of a frame of the clip, given its number.
        advance: told of each frame of a gap that was looked at, once.
        told: those frames, so far.
    """

    info: VideoInfo
    first: int
    scale: float
    detector: PoseDetector
    prepare: Callable[[int, UInt8[np.ndarray, "H W 3"]], UInt8[np.ndarray, "H W 3"]]
    advance: Callable[[int], None]
    told: set[int] = field(default_factory=set)

    def at_hints(self, stretch: range, hints: Mapping[int, Detection]) -> dict[int, Detection]:
        """Whom those frames of a stretch show in which looks at everybody showed the person."""
        found: dict[int, Detection] = {}
        hinted = [k for k in stretch if k in hints]
        for k, picture in self._pictures(range(min(hinted, default=0), max(hinted, default=-1) + 1)):
            if k in hints and not picture.held:
                self._tell(k)
                shown = self.prepare(k, picture.image)
                for one in found_there(self.detector, shown, self.scale, hints[k], 0.0):
                    found[k] = one
        return found

    def into(self, gap: range, at: Mapping[int, Detection]) -> dict[int, Detection]:
        """Whom the frames of a gap show, and those after it in which the person was followed badly.

        Args:
            gap: frames in which the person is not.
            at: where they are in others.
        """
        found: dict[int, Detection] = {}
        before, after = gap.start - 1, _settled(at, gap.stop, round(_SETTLING * self.info.fps))
        if before in at:
            found |= self._along(self._pictures(gap), before, at)
        if after in at:
            left = range(max(found, default=before) + 1, after)
            found |= self._along(self._backwards(left), after, at)
        return found

    def _along(
        self, film: Iterator[tuple[int, Picture]], frame: int, at: Mapping[int, Detection]
    ) -> dict[int, Detection]:
        """The person in successive frames, from one on that shows them, until nobody has been found for a while."""
        found: dict[int, Detection] = {}
        person = at[frame]
        for k, picture in film:
            seconds = abs(k - frame) / self.info.fps
            if seconds > _LOST:
                break
            if k not in at:
                self._tell(k)
            if picture.held:
                continue
            shown = self.prepare(k, picture.image)
            there = found_there(self.detector, shown, self.scale, person, seconds)
            if k in at and not (there and _better(there[0], at[k])):
                there = [at[k]]
            for one in there:
                found[k], frame, person = one, k, one
        return found

    def _tell(self, frame: int) -> None:
        """Tell of a frame that was not told of."""
        if frame not in self.told:
            self.told.add(frame)
            self.advance(1)

    def _pictures(self, frames: range) -> Iterator[tuple[int, Picture]]:
        if not frames:
            return
        start = self.first + frames.start
        begin = min(start, len(self.info.frame_range()) - 2)  # less than two frames are no range
        film = pictures(self.info.path, begin / self.info.fps, max_side=MAX_SIDE, info=self.info)
        with closing(film):
            yield from zip(frames, islice(film, start - begin, None), strict=False)

    def _backwards(self, frames: range) -> Iterator[tuple[int, Picture]]:
        for stop in range(frames.stop, frames.start, -_CHUNK):
            yield from reversed(list(self._pictures(range(max(frames.start, stop - _CHUNK), stop))))


def filled(track: Track, search: Search, count: int, hints: Mapping[int, Detection]) -> Track:
    """A track of a clip of ``count`` frames, with whom a search finds where it has nobody, and right after that."""
    at = dict(zip(track.frames, track.detections, strict=True))
    for gap in gaps(track.frames, count):
        at |= search.at_hints(gap, hints)
    for gap in gaps(sorted(at), count):
        at |= search.into(gap, at)
    return Track(sorted(at), [at[frame] for frame in sorted(at)])


def hinted(looks: Track, followed: Track, every: int, look_seconds: float) -> dict[int, Detection]:
    """Where looks at everybody, ``every`` frames apart, show the person, by frame.

    What too few looks in a row show that also met nobody who was followed may be nobody.
    """
    at = dict(zip(looks.frames, looks.detections, strict=True))
    rows = [[at[look]] if look in at else [] for look in range(max(at, default=-1) + 1)]
    there = set(followed.frames)
    stretches = [one for one in link(rows, 1 / look_seconds) if len(one.frames) >= _SURELY or _met(one, there, every)]
    return {look * every: at[look] for stretch in stretches for look in stretch.frames}


def _met(stretch: Track, frames: Set[int], every: int) -> bool:
    return any(look * every in frames for look in stretch.frames)


def _settled(at: Mapping[int, Detection], start: int, reach: int) -> int:
    """The last of so many frames in a row, from a gap's end on, in which the person is."""
    frame = start
    while frame + 1 in at and frame - start < reach:
        frame += 1
    return frame


def _better(look: Detection, followed: Detection) -> bool:
    """Whether a look at a picture shows a person elsewhere than they were followed, and more surely."""
    apart = float(np.nanmean(np.linalg.norm(look.pixels - followed.pixels, axis=-1)))
    return apart > _ALIKE * look.size and look.confidence.mean() > followed.confidence.mean()
