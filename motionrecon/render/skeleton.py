"""The skeleton drawn over the video."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.cameras.base import NEAREST, Camera
from motionrecon.core.landmarks import BODY, BONES
from motionrecon.render import colours
from motionrecon.render.colours import Colour, of_side
from motionrecon.render.pixels import SUBPIXEL


def draw_skeleton(
    image: UInt8[np.ndarray, "H W 3"],
    camera: Camera,
    joints: Float[np.ndarray, "J 3"],
    names: tuple[str, ...],
    tracked: bool = True,
) -> None:
    """Draw world landmarks into an RGB picture of any size that ``camera``'s picture was scaled to, in place.

    Args:
        image: the picture.
        camera: of one frame.
        joints: the landmarks, metres.
        names: of the landmarks.
        tracked: grey if the person was not.
    """
    scale = np.array([image.shape[1], image.shape[0]]) / camera.image_size
    pixels = dict(zip(names, camera.project_through_lens(joints[None])[0] * scale, strict=True))
    pixels["neck"] = (pixels["left_shoulder"] + pixels["right_shoulder"]) / 2
    at = {name: _fixed(point) for name, point in pixels.items()}
    bones = [(at[a], at[b], _of_bone(a, b)) for a, b in (*BONES, ("neck", "nose"))]
    dots = [(at[name], of_side(name)) for name in BODY]
    unit = _unit(image, camera, joints)
    for extra in (2.2 * unit, 0.0):  # first a dark edge around all of it, then the colours
        edge = colours.OUTLINE if extra else None if tracked else colours.UNTRACKED
        for start, end, colour in bones:
            if start and end:
                width = max(1, round(3.8 * unit + extra))
                cv2.line(image, start, end, edge or colour, width, cv2.LINE_AA, SUBPIXEL)
        for centre, colour in dots:
            _dot(image, centre, edge or colour, 5.2 * unit + extra / 2)
    for centre, _ in dots:
        _dot(image, centre, (255, 255, 255), 2.3 * unit)


def _unit(image: UInt8[np.ndarray, "H W 3"], camera: Camera, joints: Float[np.ndarray, "J 3"]) -> float:
    """A pixel's worth of line: thinner for a person farther away, within what the picture's size allows."""
    usual = max(image.shape[:2]) / 900
    depth = camera.to_camera(joints[None])[0, :, 2].mean(keepdims=True)
    pixels_per_metre = float(camera.pixels_per_metre(np.maximum(depth, NEAREST))[0])
    pixels_per_metre *= image.shape[0] / camera.image_size[1]
    return float(np.clip(pixels_per_metre / 270, 0.5 * usual, 1.3 * usual))


def _of_bone(a: str, b: str) -> Colour:
    return of_side(a) if of_side(a) == of_side(b) else colours.MIDDLE


def _fixed(point: Float[np.ndarray, " 2"]) -> list[int] | None:
    """A point in OpenCV's fixed-point pixels; None where it cannot be drawn."""
    if not np.isfinite(point).all() or np.abs(point).max() > 1e5:
        return None
    return [round(float(x) * 2**SUBPIXEL) for x in point]


def _dot(image: UInt8[np.ndarray, "H W 3"], centre: list[int] | None, colour: Colour, radius: float) -> None:
    if centre:
        cv2.circle(image, centre, round(radius * 2**SUBPIXEL), colour, cv2.FILLED, cv2.LINE_AA, SUBPIXEL)
