"""Files appear whole or not at all."""

import errno
import hashlib

import numpy as np
import pytest

from motionrecon.core.files import atomic, read_arrays, sha256
from motionrecon.errors import InputError, OutputError


def test_success_replaces_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "new folder" / "motion.npz"
    for content in ("old", "new"):
        with atomic(path) as temporary:
            temporary.write_text(content)
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_the_temporary_path_has_the_suffix_that_writers_look_at(tmp_path):
    with atomic(tmp_path / "overlay.mp4") as temporary:
        assert temporary.suffix == ".mp4"
        temporary.touch()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_failure_keeps_the_old_file(tmp_path, error):
    path = tmp_path / "motion.npz"
    path.write_text("old")
    with pytest.raises(error), atomic(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_an_output_error_that_names_the_path(tmp_path):
    path = tmp_path / "motion.npz"
    with pytest.raises(OutputError, match=r"cannot write .*motion\.npz: no space left on device"), atomic(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_of_the_folder_is_an_output_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"), atomic(tmp_path / "file" / "motion.npz"):
        pass


def test_sha256(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"frames" * 100_000)
    assert sha256(path) == hashlib.sha256(b"frames" * 100_000).hexdigest()
    with pytest.raises(InputError, match=r"absent\.mp4: no such file"):
        sha256(tmp_path / "absent.mp4")


def test_every_damage_to_an_archive_is_a_value_error(tmp_path):
    path, rng = tmp_path / "a.npz", np.random.default_rng(0)
    np.savez_compressed(path, x=rng.random((30, 4)), names=np.array(["left", "right"]))
    np.testing.assert_array_equal(read_arrays(path)["names"], ["left", "right"])
    whole, refused = path.read_bytes(), 0
    for _ in range(600):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            read_arrays(path)
        except ValueError:
            refused += 1
    assert refused > 300


def test_what_is_no_archive_is_a_value_error_and_what_is_missing_an_os_error(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(3))
    np.savez(tmp_path / "pickled.npz", x=np.array([{}], dtype=object))
    for name in ("a.npy", "pickled.npz"):
        with pytest.raises(ValueError):
            read_arrays(tmp_path / name)
    with pytest.raises(OSError):
        read_arrays(tmp_path / "missing.npz")
