"""A camera that moves is noticed from the background; people and noise are not taken for it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from motionrecon.cameras.stillness import CameraMotion

_SIZE = (320, 240)


def scene() -> np.ndarray:
    """A larger picture full of corners, (480, 640, 3)."""
    rng = np.random.default_rng(1)
    image = cv2.resize(rng.integers(0, 255, (30, 40, 3), dtype=np.uint8), (640, 480), interpolation=cv2.INTER_NEAREST)
    return cv2.GaussianBlur(image, (5, 5), 0)


def watch(view: Callable[[float], np.ndarray], seconds: float = 4.0, person: bool = True) -> tuple[str, ...]:
    """Warnings for a clip filmed through ``view(time)``, (2, 3) scene to image, with noise and a walking person."""
    background, motion, rng = scene(), CameraMotion(fps=10.0), np.random.default_rng(2)
    for k in range(int(10 * seconds)):
        frame = cv2.warpAffine(background, view(k / 10), _SIZE)
        boxes = []
        if person:
            x = 20 + 5 * k
            frame[60:220, x : x + 60] = np.random.default_rng(3).integers(0, 255, (160, 60, 3))[:, : max(0, 320 - x)]
            boxes.append(np.array([x, 60.0, x + 60.0, 220.0]))
        noisy = np.clip(frame + rng.normal(0, 6, frame.shape), 0, 255).astype(np.uint8)
        motion.add(noisy, boxes)
    return motion.warnings()


def affine(x: float = 0.0, y: float = 0.0, zoom: float = 1.0) -> np.ndarray:
    return np.array([[zoom, 0.0, -160.0 - x], [0.0, zoom, -120.0 - y]])


def test_a_static_camera_is_not_accused() -> None:
    assert watch(lambda t: affine()) == ()


@pytest.mark.parametrize(
    "view",
    [
        lambda t: affine(x=8 * t),
        lambda t: affine(zoom=1 + 0.05 * t),
        lambda t: affine(4 * np.sin(3 * t), 3 * np.sin(2 * t)),
    ],
    ids=["pan", "zoom", "in the hand"],
)
def test_a_moving_camera_is_noticed(view: Callable[[float], np.ndarray]) -> None:
    (text,) = watch(view)
    assert "camera seems to move" in text


def test_the_number_is_the_pan() -> None:
    (text,) = watch(lambda t: affine(x=8 * t), person=False)  # 8 px of 320 a second, for 3.9 s
    share = float(text.split("strays by ")[1].split(" %")[0])
    rate = float(text.split("width (")[1].split(" %")[0])
    assert share == pytest.approx(9.5, abs=0.7) and rate == pytest.approx(2.5, abs=0.3)


def test_a_cut_is_noticed() -> None:
    other = np.ascontiguousarray(scene()[::-1, ::-1])
    motion = CameraMotion(fps=10.0)
    for k in range(30):
        motion.add((scene() if k < 15 else other)[:240, :320], [])
    assert any("cut" in text for text in motion.warnings())


def test_a_plain_wall_says_nothing() -> None:
    motion = CameraMotion(fps=10.0)
    for _ in range(30):
        motion.add(np.full((240, 320, 3), 128, np.uint8), [])
    assert motion.warnings() == ()
