"""What a video is: its size, its even clock and its length, and what had to be mended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from motionrecon.core.clock import Clock
from motionrecon.errors import InputError
from motionrecon.video.decoding import Packets, decoded
from motionrecon.video.opening import Source, open_video
from motionrecon.video.pace import Pace
from motionrecon.video.stamps import Numbering, Stamps
from motionrecon.video.upright import Stored, is_stretched, shown_size, to_rgb

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

#: Frames per second between which a film can be one; a header may say anything.
_SLOWEST, _FASTEST = 1.0, 10_000.0
#: Frames of the even clock for each picture at most, beyond some minutes' worth.
_HELD_EACH, _HELD = 20, 20_000
#: A last picture is held for this long at most, seconds.
_LONGEST_END = 600.0
#: Packets of which a first frame must come; a film that was cut out of another begins between two key frames.
_MOST_WITHOUT_FRAME = 3000
#: Packets beside a joint of two files that FFmpeg may take for damaged.
_LOOK_DAMAGED = 3
#: Gaps and breaks that a warning lists.
_MOST_GAPS_TOLD = 5


@dataclass(frozen=True)
class Index:
    """Where a stream's pictures are and how they lie there, for those who decode it.

    Attributes:
        stored: how its first picture is stored.
        numbering: how its frames get their times.
        origin: the first picture's time on the stream's own clock, seconds.
        times: (n,) when each picture is shown, seconds after the first.
        keys: (k,) the packets from which decoding can start, counted from the file's first.
        key_times: (k,) when their pictures are shown, seconds after the first.
        length: seconds until the last picture ends.
        far: seconds from a picture beyond which nothing was filmed.
        is_sought: whether FFmpeg finds a picture by its time: its stamps run on by themselves.
    """

    stored: Stored
    numbering: Numbering
    origin: float
    times: Float[np.ndarray, " N"]
    keys: Int[np.ndarray, " K"]
    key_times: Float[np.ndarray, " K"]
    length: float
    far: float
    is_sought: bool

    def packet_before(self, seconds: float) -> tuple[int, float]:
        """The last packet from which decoding can start and show all that is shown from then on, and its time."""
        before = np.flatnonzero(self.key_times <= seconds - 0.5)
        if not len(before) or not self.numbering.own:  # without stamps a lost picture would shift all that follow it
            return 0, 0.0
        return int(self.keys[before[-1]]), float(self.key_times[before[-1]])


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
        read = _read(source, numbering)
        if not numbering.counted and not read.is_stamped:
            numbering = Numbering.by_rate(source)  # its stamps are missing, or all alike
            with open_video(path) as again:
                read = _read(again, numbering)
        first = read.first
        if first is None:
            raise InputError(f"{path}: no frame can be decoded; the file is damaged, export it from its source again")
        rates = [float(rate) for rate in (stream.average_rate, stream.guessed_rate) if rate]
        tells = stream.duration and not numbering.counted and not read.breaks
        promised = stream.duration * source.tick if stream.duration and tells else None
        aspect = stream.sample_aspect_ratio
    times = np.unique(read.times[np.isfinite(read.times)])
    times = times[times >= read.first_time] - read.first_time
    if len(times) < 2:
        raise InputError(f"{path} has only one frame, and one frame is no motion; give a video of at least two frames")
    pace = Pace.of(times, [numbering.rate] if numbering.counted else rates)
    hold = min(read.last_lasts, _LONGEST_END)
    end = float(times[-1]) + (hold if pace.is_gap(hold) else 1 / pace.fps)
    count = round((end - 1 / pace.fps) * pace.fps) + 1
    _refuse_absurd(path, pace, len(times), count)
    size = shown_size(first, aspect)
    _try_picture(path, first)

    warnings = []
    if pace.variable:
        slow, fast = 1 / pace.steps.max(), 1 / max(pace.steps.min(), 1e-3)
        warnings.append(
            f"{path.name} has a variable frame rate ({slow:.3g} to {fast:.3g} fps); "
            f"its frames were put on an even clock of {pace.fps:.5g} fps"
        )
    warnings += _gaps(path, pace, times, end)
    warnings += _mended(path, numbering, [at - read.first_time for at in read.breaks])
    warnings += _looks(path, first, size, is_stretched(aspect))
    if read.broken or (promised is not None and promised - end > max(0.5, 0.05 * promised)):
        of = f" of {promised:.2f} s" if promised else ""
        warnings.append(f"{path.name} is damaged or cut short: {end:.2f} s{of} can be read")
    keys = np.array(read.keys, dtype=int)
    index = Index(
        stored=Stored.of(first),
        numbering=numbering,
        origin=read.first_time,
        times=times,
        keys=keys,
        key_times=read.times[keys] - read.first_time,
        length=end,
        far=pace.far,
        is_sought=numbering.own and not read.breaks,
    )
    return VideoInfo(path, size, pace.fps, count, pace.variable, tuple(warnings), index=index)


@dataclass
class _Read:
    """What one pass over a stream's packets finds.

    Attributes:
        times: (n,) each packet's time on the stream's own clock, seconds; NaN for those that show nothing.
        showing: how many packets show something.
        keys: the packets from which decoding can start.
        first, first_time: the first frame that can be decoded, and when it is shown.
        last_lasts: for how long the last picture says that it is shown, seconds.
        breaks: the times at which stamps started anew or jumped.
        broken: whether reading broke off, or packets are damaged.
    """

    times: Float[np.ndarray, " N"]
    showing: int
    keys: list[int]
    first: VideoFrame | None
    first_time: float
    last_lasts: float
    breaks: list[float]
    broken: bool

    @property
    def is_stamped(self) -> bool:
        """Whether most packets have a stamp of their own, and stamps of the same second are not all alike."""
        known = np.unique(self.times[np.isfinite(self.times)])
        if len(known) < max(1, self.showing / 2):
            return False
        return len(known) < 2 or (len(known) - 1) / (known[-1] - known[0]) < _FASTEST


def _read(source: Source, numbering: Numbering) -> _Read:
    stamps = Stamps(source, numbering)
    times: list[float] = []
    keys: list[int] = []
    damaged: list[int] = []
    joints: list[int] = []
    showing = 0
    first, first_time = None, 0.0
    last, lasts = -np.inf, 0.0
    packets = Packets(source)
    for k, packet in enumerate(packets):
        time = stamps.mend(packet)
        if len(stamps.breaks) > len(joints):
            joints.append(k)
        if packet.is_corrupt:
            damaged.append(k)
        showing += not packet.is_discard
        times.append(np.nan if time is None or packet.is_discard else time)
        if time is not None and packet.is_keyframe and not packet.is_discard:
            keys.append(k)
        if time is not None and time >= last:
            last, lasts = time, (packet.duration or 0) * source.tick
        if first is None:
            first = next(iter(decoded(source, packet)), None)
            first_time = 0.0 if first is None else stamps.time_of(first)
            if first is None and k > _MOST_WITHOUT_FRAME:
                break
    if first is None:
        first = next(iter(decoded(source, None)), None)
        first_time = 0.0 if first is None else stamps.time_of(first)
    if damaged and damaged[-1] == len(times) - 1:  # the file ends within its last packet
        times[-1] = np.nan
    # Where two files were joined, packets on both sides look damaged, and are not.
    alone = [k for k in damaged if all(abs(k - joint) > _LOOK_DAMAGED for joint in joints)]
    broken = packets.broken or bool(alone)
    return _Read(np.array(times, dtype=float), showing, keys, first, first_time, lasts, stamps.breaks, broken)


def _refuse_absurd(path: Path, pace: Pace, pictures: int, count: int) -> None:
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


def _gaps(path: Path, pace: Pace, times: Float[np.ndarray, " N"], end: float) -> list[str]:
    """That pictures are held, and when."""
    starts, ends = times, np.append(times[1:], end)
    held = [(a, b) for a, b in zip(starts, ends, strict=True) if pace.is_gap(b - a)]
    if not held or (pace.variable and len(held) > _MOST_GAPS_TOLD):
        return []
    told = ", ".join(f"{a:.2f} to {b:.2f} s" for a, b in held[:_MOST_GAPS_TOLD])
    more = f" and {len(held) - _MOST_GAPS_TOLD} more times" if len(held) > _MOST_GAPS_TOLD else ""
    return [f"{path.name} has no pictures from {told}{more}; the last one is held, and nobody is tracked there"]


def _mended(path: Path, numbering: Numbering, breaks: list[float]) -> list[str]:
    """What was wrong with the stamps."""
    said = []
    if numbering.counted:
        rate = "its header says" if numbering.said else "players assume"
        said.append(
            f"{path.name} has no time stamps; {numbering.rate:.5g} frames per second were taken, which {rate}: "
            "if it was filmed at another rate, all speeds and forces are wrong"
        )
    if breaks:
        told = ", ".join(f"{at:.2f} s" for at in breaks[:_MOST_GAPS_TOLD])
        more = f" and {len(breaks) - _MOST_GAPS_TOLD} more times" if len(breaks) > _MOST_GAPS_TOLD else ""
        said.append(
            f"{path.name} has time stamps that start anew or jump at {told}{more}; it was read on without a break"
        )
    return said


def _looks(path: Path, first: VideoFrame, size: tuple[int, int], stretched: bool) -> list[str]:
    """What is special about the pictures."""
    said = []
    if stretched:
        said.append(f"{path.name} has pixels that are not square; its frames were stretched to {size[0]}x{size[1]}")
    if Stored.of(first).orientation.tilted:
        said.append(f"{path.name} asks to be shown tilted, which was left out but for quarter turns")
    if first.interlaced_frame:
        said.append(
            f"{path.name} is interlaced: two moments share each picture, and what moves has combs; "
            "deinterlace it for better keypoints"
        )
    return said


def _try_picture(path: Path, frame: VideoFrame) -> None:
    """Raise an InputError where pictures cannot be converted."""
    try:
        to_rgb(frame, (16, 16))
    except InputError as error:
        raise InputError(f"{path}: {error}; convert it to H.264 first") from error
