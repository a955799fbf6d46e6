"""Checkpoints are found again for the same input only, and a damaged one is as none."""

import numpy as np
import pytest

from motionrecon.core import cache as checkpoints
from motionrecon.core.cache import Checkpoint
from motionrecon.core.progress import Silent

INPUT = {"pixels": np.arange(6.0).reshape(2, 3), "fps": 30.0, "settings": {"optimizer": "lm", "assist": None}}
ARRAYS = {"qpos": np.array([1.0, np.nan, 3.0]), "windows": np.array('[{"status": "ok"}]'), "frame": np.array(7)}


class Warned(Silent):
    def __init__(self):
        self.texts = []

    def warn(self, text):
        self.texts.append(text)


def test_what_was_saved_comes_back(tmp_path):
    assert Checkpoint(tmp_path, "fit", INPUT).load(Silent()) is None
    Checkpoint(tmp_path, "fit", INPUT).save(ARRAYS)
    found = Checkpoint(tmp_path, "fit", dict(reversed(INPUT.items()))).load(Silent())
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
    Checkpoint(tmp_path, "fit", INPUT).save({"frame": np.array(8)})
    assert Checkpoint(tmp_path, "fit", INPUT).load(Silent()) == {"frame": 8}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"pixels": INPUT["pixels"] + 1e-12},
        {"pixels": INPUT["pixels"].reshape(3, 2)},
        {"pixels": INPUT["pixels"].astype(np.float32)},
        {"fps": 30.1},
        {"settings": {"optimizer": "lbfgs", "assist": None}},
        {"settings": {"optimizer": "lm", "assist": 0.1}},
        {"more": None},
    ],
)
def test_other_input_finds_nothing(tmp_path, other):
    Checkpoint(tmp_path, "fit", INPUT).save(ARRAYS)
    assert Checkpoint(tmp_path, "fit", INPUT | other).load(Silent()) is None


def test_another_stage_or_version_finds_nothing(tmp_path, monkeypatch):
    Checkpoint(tmp_path, "fit", INPUT).save(ARRAYS)
    assert Checkpoint(tmp_path, "physics", INPUT).load(Silent()) is None
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "_source_digest", lambda: "other code")
        assert Checkpoint(tmp_path, "fit", INPUT).load(Silent()) is None
    assert Checkpoint(tmp_path, "fit", INPUT).load(Silent()) is not None
    version = checkpoints.metadata.version
    monkeypatch.setattr(checkpoints.metadata, "version", lambda name: "0" if name == "mujoco" else version(name))
    assert Checkpoint(tmp_path, "fit", INPUT).load(Silent()) is None


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: b"no archive", lambda b: b[40:]]
)
def test_a_damaged_file_is_warned_of_and_not_used(tmp_path, damage):
    checkpoint = Checkpoint(tmp_path, "fit", INPUT)
    checkpoint.save(ARRAYS)
    checkpoint.path.write_bytes(damage(checkpoint.path.read_bytes()))
    warned = Warned()
    assert checkpoint.load(warned) is None
    assert len(warned.texts) == 1 and str(checkpoint.path) in warned.texts[0]


def test_without_a_folder_nothing_is_kept():
    checkpoint = Checkpoint(None, "fit", INPUT)
    checkpoint.save(ARRAYS)
    assert checkpoint.load(Silent()) is None


def test_what_cannot_be_a_key_is_refused(tmp_path):
    with pytest.raises(TypeError, match="object"):
        Checkpoint(tmp_path, "fit", {"engine": object()})


def test_what_a_stage_left_for_other_inputs_goes(tmp_path):
    Checkpoint(tmp_path, "fit", INPUT | {"fps": 50.0}).save(ARRAYS)
    Checkpoint(tmp_path, "physics", INPUT).save(ARRAYS)
    Checkpoint(tmp_path, "fit", INPUT).save(ARRAYS)
    assert len(list(tmp_path.glob("fit-*.npz"))) == 1 and len(list(tmp_path.glob("physics-*.npz"))) == 1
    assert Checkpoint(tmp_path, "fit", INPUT).load(Silent()) is not None


def test_files_that_are_not_ours_stay(tmp_path):
    mine = [tmp_path / "fit-0123456789abcdef.npz", tmp_path / "fit-notes.npz"]
    np.savez(mine[0], x=np.ones(3))
    mine[1].write_text("mine")
    Checkpoint(tmp_path, "fit", INPUT).save(ARRAYS)
    assert all(path.exists() for path in mine) and len(list(tmp_path.iterdir())) == 3


def test_a_file_under_another_ones_name_is_not_used(tmp_path):
    other = Checkpoint(tmp_path / "other", "fit", INPUT | {"fps": 50.0})
    other.save({**ARRAYS, "frame": np.array(99)})
    checkpoint, warned = Checkpoint(tmp_path, "fit", INPUT), Warned()
    other.path.rename(checkpoint.path)
    assert checkpoint.load(warned) is None and len(warned.texts) == 1


def test_every_flipped_bit_is_noticed(tmp_path):
    checkpoint = Checkpoint(tmp_path, "fit", INPUT)
    checkpoint.save(ARRAYS)
    whole = checkpoint.path.read_bytes()
    for bit in range(0, 8 * len(whole), 11):
        damaged, warned = bytearray(whole), Warned()
        damaged[bit // 8] ^= 1 << bit % 8
        checkpoint.path.write_bytes(damaged)
        assert checkpoint.load(warned) is None and len(warned.texts) == 1
