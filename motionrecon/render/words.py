"""Words in a picture: small labels with a ground of their own."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, ImageDraw, ImageFont

from motionrecon.render.colours import OUTLINE, Colour

_PAD = 0.42  # of the letters' size, around the words


def draw_words(
    image: UInt8[np.ndarray, "H W 3"],
    text: str,
    at: tuple[float, float],
    size: float,
    colour: Colour = (255, 255, 255),
    back: Colour = OUTLINE,
    anchor: tuple[float, float] = (0.0, 0.0),
) -> None:
    """Draw a line of words into an RGB picture, in place; what lies outside the picture is left out.

    Args:
        image: the picture.
        text: the words.
        at: (x, y) pixels.
        size: of the letters, pixels.
        colour, back: of the letters and of the ground under them.
        anchor: which point of the label stands there: (0, 0) is its upper left corner, (1, 1) its lower right one.
    """
    letters = _letters(text, round(max(size, 6)))
    height, width = letters.shape
    x, y = (round(at[i] - anchor[i] * (width, height)[i]) for i in range(2))
    top, left, bottom, right = max(y, 0), max(x, 0), min(y + height, image.shape[0]), min(x + width, image.shape[1])
    if bottom <= top or right <= left:
        return
    share = letters[top - y : bottom - y, left - x : right - x, None]
    part = image[top:bottom, left:right]
    ground = part * 0.18 + np.array(back) * 0.82
    part[:] = ground + share * (np.array(colour) - ground)


def width_of(text: str, size: float) -> int:
    """How wide the label of a line of words is, pixels."""
    return int(_letters(text, round(max(size, 6))).shape[1])


@lru_cache(maxsize=512)
def _letters(text: str, size: int) -> Float32[np.ndarray, "h w"]:
    """How much of each pixel letters cover, with room around them."""
    font = ImageFont.load_default(size)
    left, _, right, _ = font.getbbox(text)
    _, high, _, low = font.getbbox("Ag")
    pad = round(_PAD * size)
    width, height = round(right - left) + 2 * pad, round(low - high) + 2 * round(0.6 * pad)
    mask = Image.new("L", (max(width, 1), max(height, 1)))
    ImageDraw.Draw(mask).text((pad - left, round(0.6 * pad) - high), text, fill=255, font=font)
    return np.asarray(mask, np.float32) / 255
