"""MP4 with H.264, which every browser and player plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from motionrecon.core.cores import most_threads
from motionrecon.core.files import atomic

_BT709 = 1  # its number in the H.264 standard


@contextmanager
def mp4(path: str | Path, size: tuple[int, int], fps: float) -> Iterator[Callable[[UInt8[np.ndarray, "H W 3"]], None]]:
    """Gives a function that adds an RGB picture to a film; the file is there when the block has succeeded.

    Args:
        path: the file.
        size: (width, height) of the pictures, both even.
        fps: pictures per second.

    Raises:
        OutputError: the file cannot be written.
    """
    import av
    from av.video.reformatter import ColorRange, Colorspace

    rate = Fraction(fps).limit_denominator(10000)
    with atomic(path) as temporary, av.open(f"file:{temporary}", "w", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        # Players take large videos for BT.709 whatever they are; so make it true, and say so.
        colour = stream.codec_context
        colour.colorspace = colour.color_primaries = colour.color_trc = _BT709
        colour.color_range = ColorRange.MPEG
        colour.thread_count = most_threads()

        # One frame for all pictures, which a new one each would cost page faults.
        shown = av.VideoFrame(*size, "rgb24")
        plane = memoryview(shown.planes[0])
        rows = np.frombuffer(plane, np.uint8).reshape(size[1], -1)[:, : 3 * size[0]]

        def write(image: UInt8[np.ndarray, "H W 3"]) -> None:
            rows[:] = image.reshape(rows.shape)
            frame = shown.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
            file.mux(stream.encode(frame))

        yield write
        file.mux(stream.encode(None))
