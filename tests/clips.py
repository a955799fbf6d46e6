"""Short clips for tests, cut from the demo clip or drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from motionrecon.data.clips import demo_clip
from motionrecon.video import frames

#: Frames per second of the demo clip.
FPS = 30


def demo_images(count: int, max_side: int = 640) -> list[np.ndarray]:
    """The first ``count`` frames (H, W, 3) uint8 of the demo clip."""
    return list(frames(demo_clip().video, end=count / FPS, max_side=max_side))


def empty_images(count: int, size: tuple[int, int] = (640, 360)) -> list[np.ndarray]:
    """A grey gradient with nobody in it, ``count`` times."""
    row = np.linspace(90, 160, size[0]).astype(np.uint8)
    return [np.broadcast_to(row[None, :, None], (size[1], size[0], 3)).copy()] * count


def write_clip(path: Path, images: Sequence[np.ndarray], fps: float = FPS, index_first: bool = False) -> Path:
    """Encode images (H, W, 3), all of one size, as H.264; returns ``path``.

    An MP4 has its index at the end, and is unreadable without it, unless ``index_first``.
    """
    height, width, _ = images[0].shape
    with av.open(str(path), "w", options={"movflags": "+faststart"} if index_first else {}) as container:
        stream = container.add_stream("libx264", rate=round(fps), options={"crf": "20", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")))
        container.mux(stream.encode())
    return path
