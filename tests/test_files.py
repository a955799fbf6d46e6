"""Files appear whole or not at all."""

import errno
import hashlib
import io
import math
import os
import stat
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from support import HANGS

from motionrecon.core.files import (
    atomic,
    parse_json,
    parse_toml,
    read_arrays,
    read_json,
    read_text,
    read_toml,
    sha256,
    write_arrays,
)
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


# What may be anything


@pytest.mark.parametrize("read", [read_text, read_json, read_toml, read_arrays])
def test_pipes_and_devices_are_refused_without_waiting(tmp_path, read):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(pipe)
    for path in (pipe, link, "/dev/zero", "/dev/null"):
        with pytest.raises(ValueError, match="pipe or a device"):
            read(path)
    with pytest.raises(ValueError, match="folder"):
        read(tmp_path)


@pytest.mark.parametrize("read", [read_text, read_json, read_toml, read_arrays])
def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path, read):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(ValueError, match="8590 MB"):
        read(path)


def test_sha256_of_a_pipe_is_an_input_error(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe or a device"):
        sha256(tmp_path / "pipe")


def test_text_comes_without_its_byte_order_mark(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": "\xc3\xa4"}')
    assert read_text(path) == '{"a": "ä"}' and read_json(path) == {"a": "ä"}
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = [1,\r\n2]\r\n")
    assert read_toml(path) == {"a": 1, "b": [1, 2]}
    path.write_bytes("ä".encode("latin-1"))
    with pytest.raises(ValueError, match="not UTF-8"):
        read_text(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 10**6, "nested"),
        ('{"a":' * 10**5 + "1" + "}" * 10**5, "nested"),
        ("1" * 5000, "digits"),
        ("-" + "9" * 400, "digits"),
        ('{"a": 1,}', "line 1"),
        ('"' + r"\"" * 10**6, "not JSON"),
        ("", "not JSON"),
    ],
)
def test_json_that_cannot_be_used(text, message):
    with pytest.raises(ValueError, match=message):
        parse_json(text)


def test_json_that_can():
    assert parse_json("[1, -2, 1e400]") == [1, -2, math.inf]
    assert parse_json(str(10**25)) == 1e25 and isinstance(parse_json(str(10**25)), float)
    assert parse_json('"' + "[" * 1000 + r"\"" + "{" * 1000 + '"') == "[" * 1000 + '"' + "{" * 1000
    assert parse_json("[" * 64 + "]" * 64) is not None
    assert len(parse_json("[" + "[]," * 1000 + "[]]")) == 1001, "beside each other is not within each other"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "[" * 10**5, "nested"),
        ("a." * 10**6 + "a = 1", "parts"),
        ("a = " + "1" * 5000, "digits|not TOML"),
        ("a = [0x" + "f" * 5000 + "]", "digits"),
        ("a = 1\na = 2", "not TOML"),
        ("a = 2020-13-45", "not TOML"),
    ],
)
def test_toml_that_cannot_be_used(text, message):
    with pytest.raises(ValueError, match=message):
        parse_toml(text)


#: Reads its input as TOML and as JSON, whatever that is.
_PARSES = """
import contextlib, sys
from motionrecon.core.files import parse_json, parse_toml
text = sys.stdin.read()
for parse in (parse_toml, parse_json):
    with contextlib.suppress(ValueError):
        parse(text)
print(len(text))
"""


@pytest.mark.parametrize(
    ("piece", "times"),
    [("x", 10**6), ("x ", 10**6), (".", 10**6), ("x.y ", 10**6), ('"', 10**6), ("[[" * 20 + "x" * 10**6, 1)],
    ids=["a word", "words", "points", "keys", "quotes", "a word in brackets"],
)
def test_text_that_looks_for_a_slow_pattern_is_read(piece, times):
    """A pattern that tries again from every letter takes longer than `HANGS` for so many; one that does not, 0.3 s."""
    done = subprocess.run(
        [sys.executable, "-c", _PARSES], input=piece * times, capture_output=True, text=True, timeout=HANGS
    )
    assert done.stdout == f"{len(piece) * times}\n", done.stderr


def bomb(path, key, megabytes):
    """An archive whose member expands to so many megabytes of zeros."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(key + ".npy", "w") as member:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "|u1", "fortran_order": False, "shape": (megabytes << 20,)}
        )
        member.write(header.getvalue())
        for _ in range(megabytes):
            member.write(bytes(1 << 20))


def test_only_what_is_wanted_is_read(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(3), y=np.ones(2))
    bomb(path, "unused", 40)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(ValueError, match="42 MB"):
        read_arrays(path, limit=20 << 20)
    found = read_arrays(path, wanted=("x", "absent"), limit=20 << 20)
    assert list(found) == ["x"] and found["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 7)),
        np.array("text"),
        np.array(3.5),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([], str),
    ],
    ids=repr,
)
def test_arrays_of_every_kind_come_back_and_can_be_written_to(tmp_path, array):
    write_arrays(tmp_path / "a.npz", {"x": array})
    found = read_arrays(tmp_path / "a.npz")["x"]
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype and found.flags.writeable


@pytest.mark.parametrize("shape", [(10**12,), (10**9, 33, 0), (-1,), (2**62, 4)])
def test_a_header_that_promises_what_is_not_there(tmp_path, shape):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive, archive.open("x.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": shape})
    with pytest.raises(ValueError):
        read_arrays(path)


def test_one_flipped_bit_anywhere_breaks_a_seal(tmp_path):
    path = tmp_path / "a.npz"
    write_arrays(path, {"x": np.arange(4), "frame": np.array(7)}, sealed=True)
    assert read_arrays(path, sealed=True)["frame"] == 7
    with np.load(path) as archive:
        assert archive["x"].tolist() == [0, 1, 2, 3], "others read it too"
    whole = path.read_bytes()
    for bit in range(0, 8 * len(whole), 5):  # tests/reliability flips them all
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(ValueError):
            read_arrays(path, sealed=True)


def test_one_flipped_bit_in_an_archive_without_seal_never_gives_other_numbers(tmp_path):
    path, arrays = (
        tmp_path / "a.npz",
        {"points": np.arange(40.0).reshape(20, 2), "fps": np.array(30.0), "t": np.ones(3)},
    )
    np.savez(path, **arrays)
    whole = path.read_bytes()
    for bit in range(0, 8 * len(whole), 5):  # tests/reliability flips them all
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            found = read_arrays(path)
        except ValueError:
            continue
        assert found.keys() == arrays.keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(found[key], array)


def test_a_new_file_has_the_permissions_that_the_umask_leaves_and_an_old_one_keeps_its_own(tmp_path):
    path, before = tmp_path / "a.txt", os.umask(0o027)
    try:
        with atomic(path) as temporary:
            temporary.write_text("new")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o600)
        with atomic(path) as temporary:
            temporary.write_text("newer")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)
