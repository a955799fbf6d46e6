"""What a video is: its size, its even clock and its length, and what had to be mended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motionrecon.core.clock import FEWEST_FRAMES, Clock
from motionrecon.errors import InputError
from motionrecon.video import remarks
from motionrecon.video.index import Index
from motionrecon.video.opening import open_video
from motionrecon.video.pace import Pace
from motionrecon.video.scan import scan
from motionrecon.video.stamps import Numbering
from motionrecon.video.upright import Stored, is_stretched, shown_size, to_rgb

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

#: Frames per second between which a film can be one; a header may say anything.
_SLOWEST, _FASTEST = 1.0, 10_000.0
#: Frames of the even clock for each picture at most, beyond some minutes' worth.
_HELD_EACH, _HELD = 20, 20_000
#: A last picture is held for this long at most, seconds.
_LONGEST_END = 600.0


@dataclass(frozen=True)
class VideoInfo:
    """What a video is, as `frames` will give it.

    Attributes:
        path: the file.
        image_size: (width, height) in pixels, after rotation and with square pixels.
        fps: frames per second of the even clock.
        frame_count: frames on the even clock (a damaged end may yield fewer).
        variable_frame_rate: whether the file's own clock is uneven.
        warnings: what the user should know about this file.
        index: where its pictures are.
    """

    path: Path
    image_size: tuple[int, int]
    fps: float
    frame_count: int
    variable_frame_rate: bool
    warnings: tuple[str, ...] = ()
    index: Index = field(kw_only=True, compare=False, repr=False)

    @property
    def duration(self) -> float:
        """Seconds, each frame lasting ``1 / fps``."""
        return self.frame_count / self.fps

    def frame_range(self, start: float | None = None, end: float | None = None, fps: float | None = None) -> range:
        """The frames from ``start`` up to but not including ``end`` (seconds), numbered on a clock of ``fps``.

        Raises:
            InputError: the times lie outside the clip or leave fewer than two frames.
        """
        clock = Clock(fps or self.fps)
        return clock.cut(max(2, clock.frames(self.duration)), start, end, self.path.name)


def probe(path: str | Path) -> VideoInfo:
    """Size, clock and length of a video, found by reading its packets and decoding one frame.

    Raises:
        InputError: there is no such file, it holds no video that can be decoded, or only one frame of it.
    """
    path = Path(path)
    with open_video(path) as source:
        stream = source.stream
        numbering = Numbering.of(source)
        found = scan(source, numbering)
        if not numbering.counted and not found.is_stamped:
            numbering = Numbering.by_rate(source)  # its stamps are missing, or all alike
            with open_video(path) as again:
                found = scan(again, numbering)
        first = found.first
        if first is None:
            raise InputError(f"{path}: no frame can be decoded; the file is damaged, export it from its source again")
        rates = [float(rate) for rate in (stream.average_rate, stream.guessed_rate) if rate]
        tells = stream.duration and not numbering.counted and not found.breaks
        promised = stream.duration * source.tick if stream.duration and tells else None
        aspect = stream.sample_aspect_ratio
    times = np.unique(found.times[np.isfinite(found.times)])
    times = times[times >= found.first_time] - found.first_time
    if len(times) < 2:
        raise InputError(f"{path} has only one frame; give a longer video: a motion needs {FEWEST_FRAMES}")
    pace = Pace.of(times, [numbering.rate] if numbering.counted else rates)
    hold = min(found.last_lasts, _LONGEST_END)
    end = float(times[-1]) + (hold if pace.is_gap(hold) else 1 / pace.fps)
    count = round((end - 1 / pace.fps) * pace.fps) + 1
    _refuse_absurd(path, pace, len(times), count)
    size = shown_size(first, aspect)
    _try_picture(path, first)

    warnings = (
        *remarks.pace_of(path, pace),
        *remarks.gaps(path, pace, times, end),
        *remarks.mended(path, numbering, [at - found.first_time for at in found.breaks]),
        *remarks.looks(path, first, size, is_stretched(aspect)),
        *remarks.cut_short(path, found.broken, end, promised),
    )
    keys = np.array(found.keys, dtype=int)
    index = Index(
        stored=Stored.of(first),
        numbering=numbering,
        origin=found.first_time,
        times=times,
        keys=keys,
        key_times=found.times[keys] - found.first_time,
        length=end,
        far=pace.far,
        is_sought=numbering.own and not found.breaks,
    )
    return VideoInfo(path, size, pace.fps, count, pace.variable, warnings, index=index)


def _refuse_absurd(path: Path, pace: Pace, pictures: int, count: int) -> None:
    """Raise an InputError where so many pictures, and frames of the even clock, are no film."""
    if not _SLOWEST <= pace.fps <= _FASTEST:
        raise InputError(
            f"{path} says that it runs at {pace.fps:.3g} frames per second; between {_SLOWEST:g} and {_FASTEST:g} are "
            "read: give a film, or export it from its source again"
        )
    if count > _HELD_EACH * pictures + _HELD:
        raise InputError(
            f"{path} has {pictures} pictures in {count / pace.fps:.0f} s: nearly all of that time nothing was filmed; "
            "export it from its source again"
        )


def _try_picture(path: Path, frame: VideoFrame) -> None:
    """Raise an InputError where pictures cannot be converted."""
    try:
        to_rgb(frame, (16, 16))
    except InputError as error:
        raise InputError(f"{path}: {error}; convert it to H.264 first") from error
