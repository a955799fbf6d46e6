"""Films, for the tests, of a room full of texture by a camera that turns, zooms or walks: quickly drawn, and exact."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from motionrecon.cameras.pinhole import LEVEL

#: The room: half its length and width, and its height, metres.
HALF, HIGH = 5.0, 3.5
_TEXELS = 1024


@cache
def _walls(plain: bool = False) -> np.ndarray:
    """(6, texels, texels) grey pictures of the room's sides, each with coarse and with fine patches."""
    rng = np.random.default_rng(5)
    if plain:
        return np.full((6, _TEXELS, _TEXELS), 150, np.uint8)
    sides = []
    for _ in range(6):
        coarse, fine = (rng.uniform(0, 1, (n, n)).astype(np.float32) for n in (24, 110))
        grow = [cv2.resize(one, (_TEXELS, _TEXELS), interpolation=cv2.INTER_NEAREST) for one in (coarse, fine)]
        sides.append(cv2.GaussianBlur((60 + 110 * grow[0] + 70 * grow[1]).astype(np.uint8), (5, 5), 0))
    return np.stack(sides)


def shot(
    turn: np.ndarray,
    focal: float,
    size: tuple[int, int],
    eye: np.ndarray | tuple[float, float, float] = (0.0, -2.0, 1.4),
    plain: bool = False,
) -> np.ndarray:
    """A picture (H, W, 3) of the room, RGB: by a camera at `eye` turned by `turn` from one that looks level along y."""
    width, height = size
    x, y = np.meshgrid(np.arange(width) - width / 2, np.arange(height) - height / 2)
    axes = turn @ LEVEL
    ray = np.stack([x / focal, y / focal, np.ones_like(x)], axis=-1) @ axes
    eye = np.asarray(eye, float)
    low, high = np.array([-HALF, -HALF, 0.0]), np.array([HALF, HALF, HIGH])
    ray[np.abs(ray) < 1e-9] = 1e-9
    reach = np.where(ray > 0, high - eye, low - eye) / ray
    side = reach.argmin(-1)
    at = (eye + reach.min(-1)[..., None] * ray - low) / (high - low)
    at *= np.array([1.0, 1.0, HIGH / (2 * HALF)])  # texels are square
    image = np.zeros((height, width), np.uint8)
    for axis in range(3):
        for end in (0, 1):
            mine = (side == axis) & ((np.take(ray, axis, -1) > 0) == end)
            if mine.any():
                u, v = (np.take(at, i, -1).astype(np.float32) * (_TEXELS - 1) for i in range(3) if i != axis)
                seen = cv2.remap(_walls(plain)[2 * axis + end], u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                image[mine] = seen[mine]
    return np.repeat(image[..., None], 3, axis=2)


def pan(degrees: float, tilt: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """The turn of a camera's axes that looks so far to the right, up, and leans clockwise."""
    a, b, c = np.radians([degrees, tilt, roll])
    about_down = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    about_right = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    about_ahead = np.array([[np.cos(c), np.sin(c), 0], [-np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return about_ahead @ about_right @ about_down
