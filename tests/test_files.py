"""Files appear whole or not at all."""

import errno
import hashlib

import pytest

from motionrecon.errors import InputError, OutputError
from motionrecon.files import atomic, sha256


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
