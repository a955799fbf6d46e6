"""Straight lines of a picture and what they point to: a direction of the world is seen as a vanishing point.

A direction is a unit vector in the camera's axes, or one of any length; lines that have it in the world point, in the
picture, to where the direction meets the image plane.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

#: Standard deviation of a line's ends across it in the picture, pixels of one 960 wide.
PIXELS = 0.7


def middles_and_halves(rays: Float[np.ndarray, "N 2 2"]) -> tuple[Float[np.ndarray, "N 3"], Float[np.ndarray, "N 2"]]:
    """Where lines have their middles on the image plane (x, y, 1), and the ways from there to one of their ends."""
    return np.insert(rays.mean(axis=1), 2, 1.0, axis=1), 0.5 * (rays[:, 1] - rays[:, 0])


def angles(
    middle: Float[np.ndarray, "N 3"], half: Float[np.ndarray, "N 2"], to: Float[np.ndarray, "G 3"]
) -> Float[np.ndarray, "N G"]:
    """By how much the way to a vanishing point is turned in the picture from each line, radians in +-pi / 2.

    Positive from x to y; which end of a line is first does not matter.

    Args:
        middle: of the lines.
        half: their halves.
        to: directions.
    """
    way = to[None, :, :2] - middle[:, None, :2] * to[None, :, 2:]  # where a point at the middle goes that moves so
    turned = half[:, None, 0] * way[..., 1] - half[:, None, 1] * way[..., 0]
    level = (half[:, None] * way).sum(-1)
    return np.asarray(np.arctan2(turned * np.sign(level + 1e-300), np.abs(level)))


def beyond(
    middle: Float[np.ndarray, "N 3"], half: Float[np.ndarray, "N 2"], to: Float[np.ndarray, "G 3"]
) -> Bool[np.ndarray, "N G"]:
    """Whether vanishing points lie beyond the ends of lines, as those do that lines point to: none is on its line.

    Args:
        middle: of the lines.
        half: their halves.
        to: directions.
    """
    way = to[None, :, :2] - middle[:, None, :2] * to[None, :, 2:]
    return np.asarray((way**2).sum(-1) > (half**2).sum(-1)[:, None] * to[None, :, 2] ** 2)


def linearized(
    middle: Float[np.ndarray, "N 3"], half: Float[np.ndarray, "N 2"], to: Float[np.ndarray, " 3"]
) -> tuple[Float[np.ndarray, " N"], Float[np.ndarray, "N 3"]]:
    """`angles` of one vanishing point, and their derivatives by its direction, radians a unit of each part of it."""
    angle = angles(middle, half, to[None])[:, 0]
    way = to[:2] - middle[:, :2] * to[2]
    square = np.maximum((way**2).sum(1), 1e-12)
    x, y = -way[:, 1] / square, way[:, 0] / square  # of the direction of `way` by its parts
    return angle, np.stack([x, y, -(x * middle[:, 0] + y * middle[:, 1])], axis=1)
