"""Tiny films of every awkward kind, written here with PyAV."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from motionrecon.video import frames

#: Options of the encoders, so that frames keep their brightness and files stay small and quick to write.
_OPTIONS = {
    "libx264": {"crf": "10", "preset": "ultrafast", "g": "10", "bf": "0", "threads": "1"},
    "libx265": {"crf": "10", "preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "libvpx-vp9": {"crf": "20", "b": "0", "deadline": "realtime", "cpu-used": "8"},
    "libvpx": {"b": "2000000", "deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"preset": "12", "svtav1-params": "lp=1"},
    "mpeg4": {"qscale": "2"},
}


def picture(k: int, size: tuple[int, int] = (96, 64)) -> np.ndarray:
    """Frame k of a film: brightness 5 k + 20 (k below 47), and a white upper left quarter."""
    image = np.full((size[1], size[0], 3), min(255, 20 + 5 * k), np.uint8)
    image[: size[1] // 2, : size[0] // 2] = 255
    return image


def index_of(image: np.ndarray) -> int:
    """Which frame of a film a picture is."""
    return round((float(np.median(image[-8:, -8:])) - 20) / 5)


def seen(path: Path, **options) -> list[int]:
    """The indices of all frames of the even clock."""
    return [index_of(image) for image in frames(path, **options)]


def write(
    path: Path,
    count: int = 30,
    fps: float = 30,
    size: tuple[int, int] = (96, 64),
    *,
    first: int = 0,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    kind: str | None = None,
    times: Sequence[int] | None = None,
    shift: float | Fraction = 0,
    options: dict[str, str] | None = None,
    coded: dict[str, str] | None = None,
    pixel_aspect: Fraction | None = None,
    last_lasts: float | None = None,
    noise: np.ndarray | None = None,
) -> Path:
    """A film of pictures `first` to `first + count`.

    Args:
        path: the file.
        count, fps, size, first: the film.
        codec, pix_fmt, coded: how it is coded, and the encoder's options.
        kind, options: the container's format, by the suffix if not given, and its options.
        times: when each frame is shown, milliseconds.
        shift: seconds that are added to all stamps.
        pixel_aspect: width over height of a pixel.
        last_lasts: seconds for which the last frame is shown.
        noise: a picture that stands in the place of all but the lower right.
    """
    with av.open(str(path), "w", format=kind, options=options or {}) as container:
        packets = encoded(container, count, fps, size, first, codec, pix_fmt, times, coded, pixel_aspect, noise=noise)
        for k, packet in enumerate(packets):
            packet.pts += round(shift / packet.time_base)
            packet.dts += round(shift / packet.time_base)
            if k == count - 1 and last_lasts is not None:
                packet.duration = round(last_lasts / packet.time_base)
            container.mux(packet)
    return path


def encoded(
    container,
    count: int,
    fps: float = 30,
    size: tuple[int, int] = (96, 64),
    first: int = 0,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    times: Sequence[int] | None = None,
    coded: dict[str, str] | None = None,
    pixel_aspect: Fraction | None = None,
    start: int = 0,
    noise: np.ndarray | None = None,
) -> list:
    """A new stream of a container that is being written, and its packets; frame `start` on its clock is the first."""
    rate = Fraction(fps).limit_denominator(1001)
    stream = container.add_stream(codec, rate=rate, options=_OPTIONS.get(codec, {}) | (coded or {}))
    stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
    if pixel_aspect is not None:
        stream.codec_context.sample_aspect_ratio = pixel_aspect
    if times is not None:
        stream.codec_context.time_base = Fraction(1, 1000)
    packets = []
    for k in range(count):
        image = picture(first + k, size)
        if noise is not None:
            image[:, : size[0] // 2] = np.roll(noise, k, axis=0)[:, : size[0] // 2]
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = (start + k, 1 / rate) if times is None else (times[k], Fraction(1, 1000))
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def joined(path: Path, *parts: Path) -> Path:
    """Files one after another, byte for byte."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def set_matrix(path: Path, a: float, b: float, c: float, d: float) -> Path:
    """Write a display matrix into an MP4's track header, as a phone does: shown x = a x + c y, shown y = b x + d y."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (round(65536 * value) for value in (a, b, c, d))
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path
