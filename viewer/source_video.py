"""Random access to the video that a motion came from, as small pictures on the motion's clock."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.errors import InputError
from motionrecon.video import probe, shown, to_rgb

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

LONGER_SIDE = 960  # pixels: enough to judge the body over it
_QUALITY = 88
_CACHE_BYTES = 64 << 20  # several minutes of pictures
_SEEK_BEYOND = 2.0  # seconds ahead that are sooner decoded than sought


class SourceVideo:
    """The frames of a video as JPEGs, decoded around the one that is wanted and kept.

    Frame k of the motion is the video's picture that is nearest to `start + k / fps` seconds after its first one.
    Not thread-safe: one thread decodes.

    Args:
        path: the video.
        count: frames of the motion.
        fps: frames per second of the motion.
        image_size: (width, height) of the upright video in square pixels.
        start: seconds of the video before the motion's first frame; below 0 if the video begins after it.
        holds: whether its last picture stands for what comes after it.
        longer_side: of the pictures, pixels.

    Raises:
        InputError: the file is gone, or is not a video.
    """

    def __init__(
        self,
        path: Path,
        *,
        count: int,
        fps: float,
        image_size: tuple[int, int],
        start: float = 0.0,
        holds: bool = True,
        longer_side: int = LONGER_SIDE,
    ) -> None:
        self.path = path
        self._size, self._longer_side = image_size, longer_side
        self._count, self._fps, self._start, self._holds = count, fps, start, holds
        if not path.is_file():
            raise InputError(f"the source video is not at {path} any more; put it back there to see it here")
        try:
            self._info = probe(path)
        except InputError as error:
            raise InputError(f"the source video {path} cannot be read any more ({error})") from error
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._bytes = 0
        self._decoder: Generator[tuple[float, VideoFrame], None, None] | None = None
        self._next = 0  # first frame of the motion that the decoder has not passed
        self._sought = 0  # the frame of the latest seek, which may have landed on a key frame long before it
        self._last: tuple[float, bytes] | None = None  # place (in frames) and picture of the latest decoded one

    def has(self, frame: int) -> bool:
        """Whether there is a picture of a frame of the motion."""
        time = self._start + frame / self._fps
        return self._holds or -0.5 / self._info.fps <= time < self._info.index.length

    def cached(self, frame: int) -> bytes | None:
        """The JPEG of a frame of the motion if it is at hand."""
        jpeg = self._cache.get(frame)
        if jpeg is not None:
            self._cache.move_to_end(frame)
        return jpeg

    def decode_towards(self, frame: int) -> None:
        """Decode one picture on the way to `frame`, so that a caller can change its mind between two.

        Raises:
            InputError: the video breaks off before there is any picture to show.
        """
        ahead = max(self._next, self._sought) + _SEEK_BEYOND * self._fps
        if self._decoder is None or not self._next <= frame <= ahead:
            self._decoder = self._seek(frame)
        decoded = next(self._decoder, None)
        if decoded is None:  # the end, or that of a damaged file: its last good picture stands for the rest
            self._finish(frame)
        else:
            time, picture = decoded
            # Time stamps are exact fractions, but floats of them are not.
            self._take(round((time - self._start) * self._fps, 6), self._small_jpeg(picture))

    def close(self) -> None:
        """Let go of the file."""
        if self._decoder is not None:
            self._decoder.close()

    def _seek(self, frame: int) -> Generator[tuple[float, VideoFrame], None, None]:
        """A decoder that starts at the key frame before `frame`."""
        self.close()
        self._next, self._sought, self._last = frame, frame, None
        return shown(self._info, max(self._start + max(frame - 1, 0) / self._fps, 0.0))

    def _take(self, place: float, jpeg: bytes) -> None:
        """File a picture under the frames to which it, or the one before it, is nearest."""
        if self._last is None:
            # Nothing is known of what lies before the first picture after a seek, but a frame half a step ahead of it
            # at most is nearest to it. (`_next` is the wanted frame here: a late first picture serves that too.)
            begin = min(self._next, math.ceil(place - 0.5))
        else:
            before, earlier = self._last
            begin = math.ceil((before + place) / 2)
            self._file(range(math.ceil(before), begin), earlier)
        end = math.floor(place) + 1
        self._file(range(begin, end), jpeg)
        self._next, self._last = end, (place, jpeg)

    def _finish(self, wanted: int) -> None:
        """The video is over: its last picture stands for what follows."""
        if self._last is None:
            raise InputError(f"the source video {self.path} has no picture at frame {wanted} of the motion")
        place, jpeg = self._last
        self._file(range(min(math.ceil(place), wanted), wanted + 1), jpeg)
        self._next = wanted + 1

    def _file(self, frames: range, jpeg: bytes) -> None:
        for frame in frames:
            if 0 <= frame < self._count and frame not in self._cache:
                self._cache[frame] = jpeg
                self._bytes += len(jpeg)
        while self._bytes > _CACHE_BYTES and len(self._cache) > 1:
            self._bytes -= len(self._cache.popitem(last=False)[1])

    def _small_jpeg(self, frame: VideoFrame) -> bytes:
        """A decoded frame, upright and downscaled."""
        import cv2

        picture = to_rgb(frame, self._size, self._longer_side)
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
