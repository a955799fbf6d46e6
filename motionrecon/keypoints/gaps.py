"""Looking for a person in frames in which the detector that follows lost them, or had not found them yet.

MediaPipe finds a person in a picture made as small as 224 x 224, and follows them from then on: somebody who is small,
or stands against the light, it may find late, and once lost not again for a while. Where they were a moment before, or
are a moment after, they are easily found in that part of the picture. So each gap is gone into from both of its ends,
one frame after the other, until nobody has been found there for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
from jaxtyping import UInt8

from motionrecon.keypoints.detect import MAX_SIDE, PoseDetector
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.lookout import found_there
from motionrecon.keypoints.tracks import Track
from motionrecon.video import Picture, VideoInfo, pictures

#: A gap is gone into until nobody has been found for this many seconds.
_LOST = 0.5
#: Frames that are in memory at once where the film is gone through backwards.
_CHUNK = 16


def gaps(track: Track, count: int) -> list[range]:
    """The stretches of a clip of ``count`` frames in which a track does not show the person."""
    edges = [-1, *track.frames, count]
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
        advance: told of each frame that was looked at.
    """

    info: VideoInfo
    first: int
    scale: float
    detector: PoseDetector
    prepare: Callable[[int, UInt8[np.ndarray, "H W 3"]], UInt8[np.ndarray, "H W 3"]]
    advance: Callable[[int], None]

    def into(self, gap: range, before: Detection | None, after: Detection | None) -> dict[int, Detection]:
        """Whom the frames of a gap show, given the person in the frame before it and in the one after it."""
        found: dict[int, Detection] = {}
        if before is not None:
            found |= self._along(self._pictures(gap), gap.start - 1, before)
        if after is not None:
            left = range(max(found, default=gap.start - 1) + 1, gap.stop)
            found |= self._along(self._backwards(left), gap.stop, after)
        return found

    def _along(self, film: Iterator[tuple[int, Picture]], frame: int, person: Detection) -> dict[int, Detection]:
        """The person in successive frames, from one on that shows them, until nobody has been found for a while."""
        found: dict[int, Detection] = {}
        for k, picture in film:
            seconds = abs(k - frame) / self.info.fps
            if seconds > _LOST:
                break
            self.advance(1)
            if picture.held:
                continue
            shown = self.prepare(k, picture.image)
            for one in found_there(self.detector, shown, self.scale, person, seconds):
                found[k], frame, person = one, k, one
        return found

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


def filled(track: Track, search: Search, stretches: Sequence[range]) -> Track:
    """A track with those whom a search finds in stretches in which it has nobody."""
    at = dict(zip(track.frames, track.detections, strict=True))
    for gap in stretches:
        at |= search.into(gap, at.get(gap.start - 1), at.get(gap.stop))
    return Track(sorted(at), [at[frame] for frame in sorted(at)])
