"""From a decoded frame to the picture that a player shows: upright, with square pixels, RGB."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from av.buffer import Buffer
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

#: Pixels that are more oblong than this are an error of the file's, and are taken for square.
_MOST_OBLONG = 4.0
#: The number of colours that are not tagged.
_UNSPECIFIED = 2
#: Pictures whose sides' ratios differ by less are of one shape: sides are rounded to whole blocks.
_SAME_SHAPE = 0.02
#: A display matrix may be this far (largest entry, of a rotation's) from a quarter turn before that is said.
_TILT = 0.1

_threads = threading.local()


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways in which a picture is stored: any quarter turn, with or without a mirror.

    The stored picture is first transposed, if at all, then flipped.

    Attributes:
        transposed: whether rows are columns.
        left_right, upside_down: whether what is shown is flipped so.
        tilted: whether the file asks for more than that: a turn by less than 90 degrees, which is left out.
    """

    transposed: bool = False
    left_right: bool = False
    upside_down: bool = False
    tilted: bool = False

    @staticmethod
    def of(frame: VideoFrame) -> Orientation:
        """What a frame's display matrix asks for, rounded to the nearest of the eight."""
        matrix = _display_matrix(frame)
        scale = np.abs(matrix).max()
        if not np.isfinite(scale) or scale == 0:
            return Orientation()
        (a, b), (c, d) = matrix / scale  # shown x = a x + c y, shown y = b x + d y
        transposed = abs(b) + abs(c) > abs(a) + abs(d)
        x, y, rest = (c, b, (a, d)) if transposed else (a, d, (b, c))
        return Orientation(bool(transposed), bool(x < 0), bool(y < 0), bool(max(map(abs, rest)) > _TILT))

    def turn(self, image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "H W 3"]:
        """A stored picture as it is shown, C-contiguous (MediaPipe misreads strided arrays without a word)."""
        if self.transposed:
            image = image.transpose(1, 0, 2)
        if self.left_right:
            image = image[:, ::-1]
        if self.upside_down:
            image = image[::-1]
        return np.ascontiguousarray(image)


@dataclass(frozen=True)
class Stored:
    """How a picture is stored; one that is stored in another way in mid-film is of another size or orientation.

    Attributes:
        size: (width, height) in pixels as stored.
        orientation: what brings it upright.
    """

    size: tuple[int, int]
    orientation: Orientation

    @staticmethod
    def of(frame: VideoFrame) -> Stored:
        """How this frame is stored."""
        return Stored((frame.width, frame.height), Orientation.of(frame))

    def shape_differs(self, other: Stored) -> bool:
        """Whether two pictures differ by more than a scale: the camera that takes one cannot take the other."""
        (w, h), (width, height) = self.size, other.size
        return self.orientation != other.orientation or abs(w * height / (h * width) - 1) > _SAME_SHAPE

    def __str__(self) -> str:
        width, height = self.size[::-1] if self.orientation.transposed else self.size
        return f"{width}x{height}"


def shown_size(frame: VideoFrame, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """(width, height) of a frame as shown: square pixels, upright.

    Args:
        frame: any frame of the film.
        pixel_aspect: width over height of a pixel; None for square ones.
    """
    width = max(1, round(frame.width * float(_believable(pixel_aspect))))
    return (frame.height, width) if Orientation.of(frame).transposed else (width, frame.height)


def is_stretched(pixel_aspect: Fraction | None) -> bool:
    """Whether frames are stretched to get square pixels."""
    return _believable(pixel_aspect) != 1


def to_rgb(frame: VideoFrame, size: tuple[int, int], max_side: int | None = None) -> UInt8[np.ndarray, "H W 3"]:
    """A frame as it is shown, RGB, contiguous.

    Args:
        frame: the frame.
        size: (width, height) of the film as shown.
        max_side: scale down, keeping the shape, until the longer side is at most this many pixels.

    Raises:
        InputError: its pixels have a format that cannot be converted.
    """
    orientation = Orientation.of(frame)
    scale = min(1.0, max_side / max(size)) if max_side else 1.0
    width, height = (max(1, round(side * scale)) for side in size)
    if orientation.transposed:
        width, height = height, width
    return orientation.turn(_converted(frame, width, height))


def _converted(frame: VideoFrame, width: int, height: int) -> UInt8[np.ndarray, "h w 3"]:
    """A frame's pixels as RGB, scaled, as they are stored."""
    import av

    try:
        try:
            converted = _converter().reformat(frame, width, height, "rgb24", threads=1)
        except av.FFmpegError:  # its colours may be tagged as what no converter knows; players go by the usual ones
            frame.colorspace = frame.color_primaries = frame.color_trc = _UNSPECIFIED
            converted = _converter().reformat(frame, width, height, "rgb24", threads=1)
        image = converted.to_ndarray()
    except (av.FFmpegError, ValueError) as error:
        raise InputError(f"pixels of the format {frame.format.name} cannot be converted ({error})") from error
    assert image.dtype == np.uint8
    return image


def _converter() -> VideoReformatter:
    """This thread's converter. One for each frame, as frames make for themselves, costs megabytes and page faults.

    It is to work on one thread: helpers gain nothing, and a process that is forked would wait for them for ever.
    """
    from av.video.reformatter import VideoReformatter

    if not hasattr(_threads, "converter"):
        _threads.converter = VideoReformatter()
    converter: VideoReformatter = _threads.converter
    return converter


def _believable(pixel_aspect: Fraction | None) -> Fraction:
    """A pixel's shape, 1 where the file does not say or says what cannot be."""
    if not pixel_aspect or not 1 / _MOST_OBLONG <= pixel_aspect <= _MOST_OBLONG:
        return Fraction(1)
    return pixel_aspect


def _display_matrix(frame: VideoFrame) -> Float[np.ndarray, "2 2"]:
    """[[a, b], [c, d]] of a frame's display matrix; the unit matrix where it has none."""
    try:
        side_data = cast("Mapping[str, Buffer]", frame.side_data)
        data = bytes(side_data["DISPLAYMATRIX"])
    except KeyError:
        return np.eye(2)
    except ValueError:  # PyAV 18 does not know all kinds of side data that FFmpeg writes
        turns = np.radians(-frame.rotation)
        return np.array([[np.cos(turns), np.sin(turns)], [-np.sin(turns), np.cos(turns)]])
    entries = np.frombuffer(data, dtype=np.int32)
    return entries[[0, 1, 3, 4]].reshape(2, 2) / 65536.0
