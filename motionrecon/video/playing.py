"""Upright RGB frames on an even clock, one at a time: what a player shows, at times ``k / fps`` after the first."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from motionrecon.errors import InputError
from motionrecon.video.decoding import Packets, decoded
from motionrecon.video.info import VideoInfo, probe
from motionrecon.video.opening import OpenVideo, open_video
from motionrecon.video.stamps import Stamps
from motionrecon.video.upright import Stored, to_rgb

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

#: Seconds without a picture for which the nearer one stands; in a longer gap the last is held. (The fit bridges gaps
#: of that length, for which the nearer is the better guess.)
_LONG_GAP = 0.5


@dataclass(frozen=True)
class Picture:
    """What a player shows at one time of the even clock.

    Attributes:
        image: upright, RGB, C-contiguous; the same array again where the same picture is shown again.
        distance: seconds from that time to the one at which it was filmed.
        held: whether that is so far that it says nothing of where people are now.
    """

    image: UInt8[np.ndarray, "H W 3"]
    distance: float
    held: bool


def frames(
    path: str | Path,
    start: float | None = None,
    end: float | None = None,
    fps: float | None = None,
    *,
    max_side: int | None = None,
    info: VideoInfo | None = None,
) -> Generator[UInt8[np.ndarray, "H W 3"], None, None]:
    """The images of `pictures`, which see."""
    return _images(pictures(path, start, end, fps, max_side=max_side, info=info))


def _images(shown: Generator[Picture, None, None]) -> Generator[UInt8[np.ndarray, "H W 3"], None, None]:
    with closing(shown):
        for picture in shown:
            yield picture.image
            del picture  # before the next is made: large arrays that come and go cost page faults


def pictures(
    path: str | Path,
    start: float | None = None,
    end: float | None = None,
    fps: float | None = None,
    *,
    max_side: int | None = None,
    info: VideoInfo | None = None,
    warn: Callable[[str], None] | None = None,
) -> Generator[Picture, None, None]:
    """For each time ``k / fps`` the picture that is nearest in time, or in a gap the one that is held, upright RGB.

    Only a few are in memory at once. Where the clock runs faster than the file, or a picture is held, the same array is
    yielded again: do not write into it. It ends early at a damaged end, and where the picture changes its shape.

    Args:
        path: the video.
        start, end: seconds from the first frame; ``end`` is exclusive.
        fps: the clock; None for the video's own.
        max_side: scale frames down, keeping their shape, until their longer side is at most this many pixels.
        info: what `probe` said of the file, if it is already known.
        warn: told, in words, of what only decoding shows.

    Raises:
        InputError: as `probe` and `VideoInfo.frame_range`.
    """
    info = info or probe(path)
    wanted = info.frame_range(start, end, fps)
    return _pictures(info, wanted.start, len(wanted), fps or info.fps, max_side, warn or (lambda text: None))


def frames_from(
    path: str | Path, first: float, fps: float, *, max_side: int | None = None
) -> Generator[UInt8[np.ndarray, "H W 3"] | None, None, None]:
    """For each time ``first + k / fps``, without end, the image that `frames` has there; None where the film has none.

    Args:
        path: the video.
        first: seconds from the first frame; may lie before it, between two frames, or after the last one.
        fps, max_side: as of `pictures`.

    Raises:
        InputError: as `probe`.
    """
    info = probe(path)
    missed = min(
        max(0, math.ceil((-first - 0.5 / info.fps) * fps)), sys.maxsize
    )  # times that half a frame before the first are not
    yield from repeat(None, missed)
    if first + missed / fps < info.index.length:
        yield from _images(_pictures(info, first * fps + missed, sys.maxsize, fps, max_side, lambda text: None))
    yield from repeat(None)


def _pictures(
    info: VideoInfo, first: float, count: int, fps: float, max_side: int | None, warn: Callable[[str], None]
) -> Generator[Picture, None, None]:
    """`pictures` after its checks, from time ``first / fps`` on."""
    k, stop = first, first + count
    kept: VideoFrame | None = None
    kept_time = 0.0
    image: np.ndarray | None = None

    def picture_of(frame: VideoFrame) -> np.ndarray:
        try:
            return to_rgb(frame, info.image_size, max_side)
        except InputError as error:
            raise InputError(f"{info.path} at {kept_time:.2f} s: {error}; convert it to H.264 first") from error

    def until(limit: float, coming: float) -> Iterator[Picture]:
        """The kept frame for all times before a limit; the next frame comes at some time."""
        nonlocal k, image
        while kept is not None and k < stop and k / fps < limit:
            image = picture_of(kept) if image is None else image
            distance = min(abs(k / fps - kept_time), abs(coming - k / fps))
            yield Picture(image, distance, distance > info.index.far)
            k += 1

    with closing(_of_one_shape(_timed(info, max(first / fps, 0.0)), info, warn)) as found:
        for time, frame in found:
            # Each time shows the nearer of two frames; in a long gap, as players do, the first one until the second.
            is_long = time - kept_time > _LONG_GAP
            yield from until(time - info.index.far if is_long else (kept_time + time) / 2, time)
            if k >= stop:
                return
            kept, kept_time, image = frame, time, None
    # The last frame is shown until it ends, and no longer: what cannot be decoded is not invented.
    is_last = kept_time > info.index.times[-2]
    ends = kept_time + 0.75 / min(fps, info.fps)
    yield from until(max(ends, info.index.length - 0.25 / fps) if is_last else ends, math.inf)


def shown(info: VideoInfo, start: float = 0.0) -> Generator[tuple[float, VideoFrame], None, None]:
    """Decoded frames and their times in seconds since the film's first, increasing, beginning at or before ``start``.

    For those who show single frames, with `upright.to_rgb`. The file is open until the generator ends or is closed.
    """
    yield from _of_one_shape(_timed(info, start), info, lambda text: None)


def _timed(info: VideoInfo, start: float) -> Generator[tuple[float, VideoFrame], None, None]:
    """`shown`, of whatever shape."""
    first, time = info.index.packet_before(start)
    if first and info.index.is_sought:
        with open_video(info.path) as source:
            found = _decoded(source, info, 0) if _sought(source, info.index.origin + time) else iter(())
            earliest = next(found, None)
            if earliest is not None and earliest[0] <= start:
                yield earliest
                yield from found
                return
    with open_video(info.path) as source:
        yield from _decoded(source, info, first)


def _decoded(source: OpenVideo, info: VideoInfo, first: int) -> Iterator[tuple[float, VideoFrame]]:
    """Frames and their times, decoded from a packet on; packets are counted from where the source is."""
    stamps = Stamps(source, info.index.numbering)
    last = -math.inf

    def timed(found: list[VideoFrame]) -> Iterator[tuple[float, VideoFrame]]:
        nonlocal last
        for frame in found:
            time = stamps.time_of(frame) - info.index.origin
            if time > last:
                yield time, frame
                last = time

    for k, packet in enumerate(Packets(source)):
        stamps.mend(packet)
        if k >= first:
            yield from timed(decoded(source, packet))
    yield from timed(decoded(source, None))


def _sought(source: OpenVideo, time: float) -> bool:
    """Bring a source to the key frame at a time of its own clock; whether it could be."""
    import av

    try:
        source.container.seek(round(time / source.tick), stream=source.stream)
    except (av.FFmpegError, OSError):
        return False
    return True


def _of_one_shape(
    found: Generator[tuple[float, VideoFrame], None, None], info: VideoInfo, warn: Callable[[str], None]
) -> Generator[tuple[float, VideoFrame], None, None]:
    """The frames up to the first of another shape; one of another size only is said."""
    current = info.index.stored
    for time, frame in found:
        stored = Stored.of(frame)
        if stored != current:
            changes = (
                f"{info.path.name} changes its picture from {current} to {stored} at {max(time, 0):.2f} s of the film"
            )
            if stored.shape_differs(info.index.stored):
                turned = " (another orientation)" if str(stored) == str(current) else ""
                warn(f"{changes}{turned}; what comes then is left out: cut the file there to use it")
                return
            warn(f"{changes}; it was scaled to {info.image_size[0]}x{info.image_size[1]} throughout")
            current = stored
        yield time, frame
