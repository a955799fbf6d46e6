"""The skeleton drawn over the video."""

from __future__ import annotations

import cv2
import numpy as np

from motionrecon.camera import Camera
from motionrecon.landmarks import BODY, BONES
from motionrecon.render import colours
from motionrecon.render.colours import Colour, of_side

_SUBPIXEL = 4


def draw_skeleton(
    image: np.ndarray, camera: Camera, joints: np.ndarray, names: tuple[str, ...], tracked: bool = True
) -> None:
    """Draw world landmarks (J, 3) into an RGB picture (H, W, 3) of any size that ``camera``'s picture was scaled to.

    In place. Grey where the person was not tracked.
    """
    scale = np.array([image.shape[1], image.shape[0]]) / camera.image_size
    at = dict(zip(names, project_through_lens(camera, joints) * scale, strict=True))
    shoulders = np.mean([at["left_shoulder"], at["right_shoulder"]], axis=0)
    lines = [(at[a], at[b], _of_bone(a, b)) for a, b in BONES] + [(shoulders, at["nose"], colours.MIDDLE)]
    dots = [(at[name], of_side(name)) for name in BODY]
    unit = _unit(image, camera, joints)
    for extra in (2.2 * unit, 0.0):  # first a dark edge around all of it, then the colours
        edge = colours.OUTLINE if extra else None
        for a, b, colour in lines:
            _line(image, a, b, edge or (colour if tracked else colours.UNTRACKED), 3.8 * unit + extra)
        for centre, colour in dots:
            _dot(image, centre, edge or (colour if tracked else colours.UNTRACKED), 5.2 * unit + extra / 2)
    for centre, _ in dots:
        _dot(image, centre, (255, 255, 255), 2.3 * unit)


def _unit(image: np.ndarray, camera: Camera, joints: np.ndarray) -> float:
    """A pixel's worth of line: thinner for a person farther away, within what the picture's size allows."""
    usual = max(image.shape[:2]) / 900
    depth = max(float(camera.to_camera(joints)[:, 2].mean()), 0.1)
    pixels_per_metre = camera.K[1, 1] * image.shape[0] / camera.image_size[1] / depth
    return float(np.clip(pixels_per_metre / 270, 0.5 * usual, 1.3 * usual))


def project_through_lens(camera: Camera, points: np.ndarray) -> np.ndarray:
    """Pixels (J, 2) in the picture as it was taken, lens distortion included; NaN behind the camera."""
    pixels = camera.project(points)
    if not camera.distortion.any():
        return pixels
    in_camera = camera.to_camera(points)
    bent = cv2.projectPoints(in_camera, np.zeros(3), np.zeros(3), camera.K, camera.distortion)[0].reshape(-1, 2)
    return np.where(np.isfinite(pixels), bent, np.nan)


def _of_bone(a: str, b: str) -> Colour:
    return of_side(a) if of_side(a) == of_side(b) else colours.MIDDLE


def _fixed(point: np.ndarray) -> list[int] | None:
    """A point in OpenCV's fixed-point pixels; None where it cannot be drawn."""
    if not np.isfinite(point).all() or np.abs(point).max() > 1e5:
        return None
    return np.round(point * 2**_SUBPIXEL).astype(int).tolist()


def _line(image: np.ndarray, a: np.ndarray, b: np.ndarray, colour: Colour, width: float) -> None:
    start, end = _fixed(a), _fixed(b)
    if start and end:
        cv2.line(image, start, end, colour, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL)


def _dot(image: np.ndarray, centre: np.ndarray, colour: Colour, radius: float) -> None:
    at = _fixed(centre)
    if at:
        cv2.circle(image, at, round(radius * 2**_SUBPIXEL), colour, cv2.FILLED, cv2.LINE_AA, _SUBPIXEL)
