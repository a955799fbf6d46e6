"""What keypoints can be at all: clocks, pictures and pixels that no camera gives are refused at the door."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Num

from motionrecon.errors import InputError

#: Frames per second, and pixels along a picture's side.
FPS = (1.0, 2000.0)
SIDES = (8, 32768)
#: A keypoint farther than this many pictures from the middle of the picture is in other units. Pixels within this of 0
#: are no pixels but shares of the picture.
_FARTHEST = 3.0
_SHARES = 2.0
_SPREAD = 0.02  # less is no person at all


def check_clock(path: str, fps: Any) -> float:
    """The frame rate, if it is one.

    Raises:
        InputError: it is not.
    """
    number = fps if isinstance(fps, (int, float)) and not isinstance(fps, bool) else math.nan
    if not FPS[0] <= number <= FPS[1]:
        shown = f"{fps:g}" if isinstance(fps, float) else str(fps)[:40]
        raise InputError(f"{path}: fps {shown} is no frame rate; expected {FPS[0]:g} to {FPS[1]:g} frames per second")
    return float(number)


def check_size(path: str, size: Any) -> tuple[int, int]:
    """(width, height), if they are pixels of a picture.

    Raises:
        InputError: they are not.
    """
    try:
        width, height = (float(side) for side in size)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: image_size {str(size)[:40]} is not a width and a height in pixels") from error
    if not all(SIDES[0] <= side <= SIDES[1] and side == int(side) for side in (width, height)):
        raise InputError(
            f"{path}: image_size {width:g}x{height:g} is no picture; "
            f"expected whole numbers of {SIDES[0]} to {SIDES[1]} pixels"
        )
    return int(width), int(height)


def check_pixels(path: str, pixels: Num[np.ndarray, "*any 2"], image_size: tuple[int, int]) -> None:
    """Refuse keypoints that are not in the picture's pixels.

    Raises:
        InputError: they are shares of the picture, or lie far outside it; with the likely cause.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        known = np.asarray(pixels, dtype=float).reshape(-1, 2)
    known = known[np.isfinite(known).all(1)]
    if not len(known):
        return
    low, high = np.percentile(known, [2, 98], axis=0)
    size = np.array(image_size)
    if np.abs([low, high]).max() < _SHARES and (high - low).max() > _SPREAD:
        span = "-1 to 1 (OpenPose's --keypoint_scale 4)" if low.min() < -0.05 else "0 to 1 (--keypoint_scale 3)"
        raise InputError(
            f"{path}: the keypoints lie between {low.min():.2g} and {high.max():.2g}: shares of the picture from "
            f"{span}, not pixels; write them in pixels of the video (--keypoint_scale 0)"
        )
    if (np.abs([low - size / 2, high - size / 2]) > _FARTHEST * size).any():
        raise InputError(
            f"{path}: keypoints reach from {low[0]:.6g},{low[1]:.6g} to {high[0]:.6g},{high[1]:.6g}, far outside the "
            f"picture of {size[0]}x{size[1]}; give the video in whose pixels they were written"
        )
    inside = ((known >= -0.1 * size) & (known <= 1.1 * size)).all(1).mean()
    if inside < 0.5:
        raise InputError(
            f"{path}: {100 * (1 - inside):.0f} % of the keypoints lie outside the picture of {size[0]}x{size[1]}; give "
            "the video in whose pixels they were written (before it was cut or made smaller)"
        )
