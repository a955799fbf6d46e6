"""Shaded capsules in a picture, by numpy alone.

Each capsule is drawn as the band that it covers on the screen, with the normals of a round body across it, a depth
buffer so that limbs pass through and in front of each other correctly, and edges that fade over a pixel.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32, UInt8

from motionrecon.cameras.base import NEAREST, Camera
from motionrecon.render.drawn_person import DrawnCapsules
from motionrecon.render.light import LIGHT, shade

#: Where two capsules meet, one fades into the other over this depth, metres.
_BLEND = 0.012


def draw_capsules(image: UInt8[np.ndarray, "H W 3"], camera: Camera, capsules: DrawnCapsules) -> None:
    """Draw capsules into an RGB picture of the size of the camera's, which is one frame's, in place.

    Those that are partly behind the camera are left out.
    """
    depth = camera.to_camera(capsules.ends[None])[0, ..., 2]
    visible = depth.min(axis=1) > NEAREST
    if not visible.any():
        return
    depth, metres, colours = depth[visible], capsules.radii[visible], capsules.colours[visible]
    pixels = camera.project(capsules.ends[None, visible])[0]
    radii = metres * camera.pixels_per_metre(depth)
    low = np.floor((pixels - radii[..., None]).min(axis=1) - 1).astype(int)
    high = np.ceil((pixels + radii[..., None]).max(axis=1) + 2).astype(int)
    limit = np.array([image.shape[1], image.shape[0]])
    low, high = np.clip(low, 0, limit), np.clip(high, 0, limit)
    left, top = low.min(axis=0)
    right, bottom = high.max(axis=0)
    if right <= left or bottom <= top:
        return
    # Planes of one colour each: contiguous rows make every operation below several times as fast.
    canvas = np.ascontiguousarray(image[top:bottom, left:right].transpose(2, 0, 1), dtype=np.float32)
    nearest = np.full(canvas.shape[1:], np.inf, np.float32)
    for i in np.argsort(-depth.mean(axis=1)):
        (x0, y0), (x1, y1) = low[i], high[i]
        if x1 <= x0 or y1 <= y0:
            continue
        window = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        x = np.arange(x0, x1, dtype=np.float32)[None] - np.float32(pixels[i, 0, 0])
        y = np.arange(y0, y1, dtype=np.float32)[:, None] - np.float32(pixels[i, 0, 1])
        axis = (pixels[i, 1] - pixels[i, 0]).astype(np.float32)
        _draw_one(
            canvas[:, window[0], window[1]], nearest[window], x, y, axis, radii[i], depth[i], metres[i], colours[i]
        )
    image[top:bottom, left:right] = canvas.transpose(1, 2, 0)


def _draw_one(
    canvas: Float32[np.ndarray, "3 h w"],
    nearest: Float32[np.ndarray, "h w"],
    x: Float32[np.ndarray, "1 w"],
    y: Float32[np.ndarray, "h 1"],
    axis: Float32[np.ndarray, " 2"],
    radii: Float[np.ndarray, " 2"],
    depth: Float[np.ndarray, " 2"],
    metres: Float[np.ndarray, " 2"],
    colour: Float[np.ndarray, " 3"],
) -> None:
    """Draw one capsule into its window of the canvas and of the depth buffer, both in place.

    ``x`` and ``y`` are pixels from its first end, ``axis`` the pixels from there to its second;
    ``radii`` are in pixels, ``depth`` and ``metres`` (its radii) in metres, at the two ends.
    """
    radii, depth, metres = (pair.astype(np.float32) for pair in (radii, depth, metres))
    square = max(float(axis @ axis), 1e-6)
    along = x * (axis[0] / square) + y * (axis[1] / square)
    np.clip(along, 0, 1, out=along)
    radius = radii[0] + along * (radii[1] - radii[0])
    normal_x = (x - along * axis[0]) / radius
    normal_y = (y - along * axis[1]) / radius
    across = normal_x * normal_x + normal_y * normal_y
    normal_z = np.sqrt(np.maximum(1 - across, 0))  # towards the viewer
    distance = depth[0] + along * (depth[1] - depth[0]) - (metres[0] + along * (metres[1] - metres[0])) * normal_z
    cover = np.clip((1 - np.sqrt(across)) * radius + np.float32(0.5), 0, 1)
    cover *= np.clip((nearest - distance) * np.float32(1 / _BLEND) + np.float32(0.5), 0, 1)
    lit = normal_x * np.float32(LIGHT[0])
    lit += normal_y * np.float32(LIGHT[1])
    lit -= normal_z * np.float32(LIGHT[2])
    bright = shade(lit, normal_z)
    for plane, value in zip(canvas, colour, strict=True):
        plane += cover * (np.minimum(bright * np.float32(value), 255) - plane)
    np.copyto(nearest, distance, where=cover > 0.5)
