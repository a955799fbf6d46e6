"""Reading a video: upright RGB frames on an even clock, one at a time.

Files in the wild are rotated by metadata, run at a variable frame rate, start at a time other than zero, have pixels
that are not square, or stop in the middle. All of that ends here: what `frames` yields is what a player shows, at
times ``k / fps`` after the first frame, and `probe` says in words what had to be mended.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from motionrecon.core.clock import Clock
from motionrecon.errors import InputError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

#: A clip whose frame intervals stray from their median by more than this share, in more than 1 % of the frames, has
#: a variable frame rate. Containers with millisecond stamps round by up to 12 % at 240 fps.
_UNEVEN = 0.3
#: Formats that FFmpeg opens as "video" although they are text.
_NOT_VIDEO = {"tty"}

T = TypeVar("T")


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
    """

    path: Path
    image_size: tuple[int, int]
    fps: float
    frame_count: int
    variable_frame_rate: bool
    warnings: tuple[str, ...] = ()

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
    with _open(path) as container:
        stream = container.streams.video[0]
        times, truncated = _packet_times(container, stream)
        promised = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None
    with _open(path) as container:
        first = next(_decode(container), None)
        if first is None:
            raise InputError(f"{path}: no frame can be decoded; the file is damaged, export it from its source again")
        rate = container.streams.video[0].average_rate
        sample_aspect = container.streams.video[0].sample_aspect_ratio
    size, stretched = _upright_size(first, sample_aspect), bool(sample_aspect) and sample_aspect != 1
    if len(times) < 2:
        raise InputError(f"{path} has only one frame, and one frame is no motion; give a video of at least two frames")

    span = float(times[-1] - times[0])
    steps = np.diff(times)
    variable = bool(np.mean(np.abs(steps / np.median(steps) - 1) > _UNEVEN) > 0.01)
    fps = (len(times) - 1) / span
    if variable:
        # The densest stretch sets the clock, so that no moment loses frames (within reason: stamps may coincide).
        fps = float(min(1 / np.percentile(steps[steps > 0], 25), 4 * fps))
    elif rate and abs(float(rate) / fps - 1) < 0.02:
        fps = float(rate)
    count = round(span * fps) + 1

    warnings = []
    if variable:
        warnings.append(
            f"{path.name} has a variable frame rate ({1 / steps.max():.3g} to {1 / max(steps.min(), 1e-3):.3g} fps); "
            f"its frames were put on an even clock of {fps:.5g} fps"
        )
    if stretched:
        warnings.append(f"{path.name} has pixels that are not square; its frames were stretched to {size[0]}x{size[1]}")
    if truncated or (promised is not None and promised - (span + 1 / fps) > max(0.5, 0.05 * promised)):
        of = f" of {promised:.2f} s" if promised else ""
        warnings.append(f"{path.name} is damaged or cut short: {span + 1 / fps:.2f} s{of} can be read")
    return VideoInfo(path, size, fps, count, variable, tuple(warnings))


def frames(
    path: str | Path,
    start: float | None = None,
    end: float | None = None,
    fps: float | None = None,
    *,
    max_side: int | None = None,
    info: VideoInfo | None = None,
) -> Generator[np.ndarray, None, None]:
    """Upright RGB frames (H, W, 3) uint8, C-contiguous, at times ``k / fps``: for each the nearest frame in time.

    Only a few frames are in memory at once. Where the clock runs faster than the file, the same array is yielded
    again: do not write into it. Decoding stops early at a damaged end.

    Args:
        path: the video.
        start, end: seconds from the first frame; ``end`` is exclusive.
        fps: the clock; None for the video's own.
        max_side: scale frames down, keeping their shape, until their longer side is at most this many pixels.
        info: what `probe` said of the file, if it is already known.

    Raises:
        InputError: as `probe` and `VideoInfo.frame_range`.
    """
    info = info or probe(path)
    wanted = info.frame_range(start, end, fps)
    return _frames(info, wanted, fps or info.fps, max_side)


def prefetch(items: Generator[T, None, None], ahead: int = 4) -> Generator[T, None, None]:
    """The same items, made by a thread of their own up to ``ahead`` in advance; errors reach the consumer.

    Closed early, it closes ``items`` too, in their thread.
    """
    lane: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(maxsize=ahead)
    stop = threading.Event()

    def put(entry: tuple[T | None, BaseException | None, bool]) -> None:
        while not stop.is_set():
            try:
                return lane.put(entry, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            with closing(items):
                for item in items:
                    put((item, None, False))
                    if stop.is_set():
                        return
            put((None, None, True))
        except BaseException as error:  # handed to the consumer, who raises it
            put((None, error, True))

    worker = threading.Thread(target=work, name="motionrecon-prefetch", daemon=True)
    worker.start()
    try:
        while True:
            item, error, done = lane.get()
            if error is not None:
                raise error
            if done:
                return
            yield item  # type: ignore[misc]
    finally:
        stop.set()
        worker.join()


def _frames(info: VideoInfo, wanted: range, fps: float, max_side: int | None) -> Generator[np.ndarray, None, None]:
    """`frames` after its checks."""
    k = wanted.start
    kept: VideoFrame | None = None
    kept_time = 0.0
    image: np.ndarray | None = None
    for time, frame in _from(info.path, wanted.start / fps):
        # Everything on the clock before the midpoint of two frames is nearer to the earlier one.
        while kept is not None and k < wanted.stop and k / fps < (kept_time + time) / 2:
            image = _to_rgb(kept, info.image_size, max_side) if image is None else image
            yield image
            k += 1
        if k >= wanted.stop:
            return
        kept, kept_time, image = frame, time, None
    # The last frame is shown until it ends, and no longer: what cannot be decoded is not invented.
    while kept is not None and k < wanted.stop and k / fps < kept_time + 0.75 / min(fps, info.fps):
        image = _to_rgb(kept, info.image_size, max_side) if image is None else image
        yield image
        k += 1


def _from(path: Path, start: float) -> Iterator[tuple[float, VideoFrame]]:
    """Frames and their times in seconds since the clip's first, beginning at the latest at ``start``."""
    with _open(path) as container:
        first_frame = next(_decode(container), None)
        origin = 0.0 if first_frame is None else _time(first_frame)
    with _open(path) as container:
        stream = container.streams.video[0]
        if start > 2.0 and stream.time_base:
            container.seek(int((origin + start - 0.5) / stream.time_base), stream=stream)
            first = next(_timed(container, origin), None)
            late = first is None or first[0] > start
            if not late:
                assert first is not None
                yield first
                yield from _timed(container, origin)
                return
    with _open(path) as container:
        yield from _timed(container, origin)


def _timed(container: InputContainer, origin: float) -> Iterator[tuple[float, VideoFrame]]:
    last = -math.inf
    for frame in _decode(container):
        time = _time(frame) - origin
        if time > last:
            yield time, frame
            last = time


def _time(frame: VideoFrame) -> float:
    return float(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base else 0.0


def _decode(container: InputContainer) -> Iterator[VideoFrame]:
    """Decoded frames in the order shown; packets that cannot be decoded are passed over."""
    import av

    stream = container.streams.video[0]
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):  # an unreadable rest ends the clip; probe warned of it
            return
        try:
            decoded: list[Any] = packet.decode()
        except av.FFmpegError:
            continue
        yield from decoded


def _packet_times(container: InputContainer, stream: VideoStream) -> tuple[np.ndarray, bool]:
    """Presentation times (n,) of all packets in seconds, sorted, without repeats; and whether reading broke off."""
    import av

    stamps: list[int] = []
    broken = False
    try:
        for packet in container.demux(stream):
            if packet.size and packet.is_corrupt:
                broken = True
            elif packet.size and not packet.is_discard:
                stamp = packet.pts if packet.pts is not None else packet.dts
                if stamp is not None:
                    stamps.append(stamp)
    except av.FFmpegError:
        broken = True
    times = np.unique(stamps) * float(stream.time_base or 1)
    if len(times) < len(stamps) / 2 or not len(times):  # a raw stream carries no stamps: number its frames
        rate = float(stream.average_rate or 25)
        times = np.arange(max(len(stamps), stream.frames)) / rate
    return times, broken


def _upright_size(frame: VideoFrame, sample_aspect: Any) -> tuple[int, int]:
    """(width, height) of a frame as shown: square pixels, upright."""
    width = frame.width
    if sample_aspect:
        width = max(1, round(frame.width * float(sample_aspect)))
    return (frame.height, width) if _quarter_turns(frame) % 2 else (width, frame.height)


def _quarter_turns(frame: VideoFrame) -> int:
    """Counter-clockwise quarter turns that bring a frame upright, from its display matrix."""
    return round(frame.rotation / 90) % 4


def _to_rgb(frame: VideoFrame, size: tuple[int, int], max_side: int | None) -> np.ndarray:
    """A frame as upright RGB (H, W, 3) uint8, contiguous (MediaPipe misreads strided arrays without a word)."""
    turns = _quarter_turns(frame)
    scale = min(1.0, max_side / max(size)) if max_side else 1.0
    width, height = (max(1, round(side * scale)) for side in size)
    if turns % 2:
        width, height = height, width
    image = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    return np.ascontiguousarray(np.rot90(image, turns))


def _open(path: Path) -> InputContainer:
    """Open a file that must hold a video stream.

    Raises:
        InputError: it does not, in words.
    """
    import av

    if not path.exists():
        raise InputError(f"no such file: {path}")
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a video file")
    try:
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty (0 bytes); copy it from its source again")
        # "file:" keeps FFmpeg from taking a colon in the name for a protocol.
        container = av.open(f"file:{path}", metadata_errors="replace")
    except PermissionError as error:
        raise InputError(f"{path} cannot be read: permission denied") from error
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path} is not a video that can be read, or it is cut short; try to play it first") from error
    if not container.streams.video or container.format.name in _NOT_VIDEO:
        kind = "holds sound only" if container.streams.audio else "is not a video"
        container.close()
        raise InputError(f"{path} {kind}; give a video file")
    container.streams.video[0].thread_type = "AUTO"
    return container
