"""GIF and WebP that move, for pages and mails where no video plays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from motionrecon.core.files import atomic

_COLOURS = 128  # of a GIF's palette


def write_animation(path: str | Path, images: Iterator[UInt8[np.ndarray, "H W 3"]], fps: float) -> None:
    """Write RGB pictures as an animated GIF or WebP, by the suffix; it plays around for ever.

    Raises:
        OutputError: the file cannot be written.
    """
    is_gif = Path(path).suffix.lower() == ".gif"
    frames = (_few_colours(image) if is_gif else Image.fromarray(image) for image in images)
    # A GIF counts hundredths of a second, and browsers slow down what is faster than 50 a second.
    each = max(20, 10 * round(100 / fps)) if is_gif else round(1000 / fps)
    first = next(frames)
    how: dict[str, Any] = {"optimize": False, "disposal": 1} if is_gif else {"quality": 75, "method": 3}
    with atomic(path) as temporary:
        first.save(temporary, save_all=True, append_images=frames, duration=each, loop=0, **how)


def _few_colours(image: UInt8[np.ndarray, "H W 3"]) -> Image.Image:
    return Image.fromarray(image).quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
