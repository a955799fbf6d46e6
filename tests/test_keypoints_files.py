"""motionrecon's own keypoint files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motionrecon.core.landmarks import COUNT
from motionrecon.errors import InputError
from motionrecon.keypoints import file as keypoint_file
from motionrecon.keypoints import load_keypoints


def some(count: int = 5):
    rng = np.random.default_rng(0)
    pixels = rng.uniform(0, 100, (count, COUNT, 2)).astype(np.float32)
    pixels[2] = np.nan
    return keypoint_file.keypoints_of(pixels, np.full((count, COUNT), 0.5), pixels[..., [0, 1, 0]], 25.0, (640, 480))


def same(one, other) -> bool:
    arrays = ("pixels", "confidence", "points_3d", "tracked")
    return one.fps == other.fps and all(np.array_equal(getattr(one, a), getattr(other, a), True) for a in arrays)


def test_saved_and_loaded_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "walk 走.npz"
    keypoint_file.save(some(), path)
    loaded = load_keypoints(path)
    assert same(loaded, some()) and loaded.image_size == (640, 480)
    assert not loaded.tracked[2] and (loaded.confidence[2] == 0).all()


def test_the_least_file(tmp_path: Path) -> None:
    least = {"pixels": np.ones((4, COUNT, 2)), "confidence": np.ones((4, COUNT)), "fps": 30, "image_size": (64, 48)}
    np.savez(tmp_path / "k.npz", **least)
    loaded = load_keypoints(tmp_path / "k.npz")
    assert loaded.tracked.all() and np.isnan(loaded.points_3d).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pixels": np.ones((4, 17, 2))}, "'pixels' has shape"),
        ({"fps": 0}, "fps 0 is no frame rate"),
        ({"fps": 1e-3}, "fps 0.001 is no frame rate"),
        ({"fps": 1e300}, "is no frame rate"),
        ({"fps": np.nan}, "fps nan is no frame rate"),
        ({"fps": 30 + 1j}, "'fps' is .30.1j., expected a number"),
        ({"fps": True}, "'fps' is True, expected a number"),
        ({"image_size": np.array([np.nan, 48.0])}, "'image_size' is .*nan.*, expected 2 numbers"),
        ({"image_size": np.array([np.inf, 48.0])}, "'image_size' is .*inf.*, expected 2 numbers"),
        ({"image_size": np.array([0, 48])}, "image_size 0x48 is no picture"),
        ({"image_size": np.array([10**9, 48])}, "is no picture"),
        ({"pixels": np.linspace(0, 1, 4 * COUNT * 2).reshape(4, COUNT, 2)}, "shares of the picture.*keypoint_scale 3"),
        ({"pixels": np.linspace(-1, 1, 4 * COUNT * 2).reshape(4, COUNT, 2)}, "shares of the picture.*keypoint_scale 4"),
        ({"pixels": np.full((4, COUNT, 2), 1e5)}, "far outside the picture of 64x48"),
        ({"pixels": np.full((4, COUNT, 2), 90.0)}, "100 % of the keypoints lie outside the picture"),
        ({"image_size": np.array([1, 2, 3])}, "'image_size' is .*, expected 2 numbers"),
        ({"confidence": None}, "lacks confidence"),
        ({"pixels": np.ones((1, COUNT, 2)), "confidence": np.ones((1, COUNT))}, "fewer than two"),
        ({"pixels": np.array([None])}, "cannot|can be read"),
    ],
)
def test_damaged_keypoint_files(tmp_path: Path, change: dict, said: str) -> None:
    data = {"pixels": np.ones((4, COUNT, 2)), "confidence": np.ones((4, COUNT)), "fps": 30, "image_size": (64, 48)}
    data = {key: value for key, value in (data | change).items() if value is not None}
    np.savez(tmp_path / "k.npz", **data)
    with pytest.raises(InputError, match=said):
        load_keypoints(tmp_path / "k.npz")


def test_not_a_keypoint_file(tmp_path: Path) -> None:
    (tmp_path / "k.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(InputError, match="not a keypoint file"):
        load_keypoints(tmp_path / "k.npz")
    with pytest.raises(InputError, match="no such file"):
        load_keypoints(tmp_path / "none.npz")


def test_points_in_3d_that_are_all_zero_are_none() -> None:
    keypoints = some()
    points = np.where(np.arange(5)[:, None, None] == 1, 0.0, keypoints.points_3d)
    points[2] = 0.0
    made = keypoint_file.keypoints_of(keypoints.pixels, keypoints.confidence, points, 25.0, (640, 480))
    assert np.isnan(made.points_3d[1]).all() and np.isfinite(made.points_3d[[0, 3, 4]]).all()
