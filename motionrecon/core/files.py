"""Reading files that may be anything, and writing files that a reader never meets half done.

Every file that a user names is read through this module, since it may be a pipe, ``/dev/zero``, an archive that expands
to gigabytes, or JSON nested a million deep. Which one to call:

- text: ``read_text(path, limit)``, without a byte order mark; JSON and TOML: ``read_json(path)``, ``read_toml(path)``;
- an ``.npz``: ``read_arrays(path, wanted=("pixels", "fps"))``, which touches no other member; written with
  ``write_arrays(path, arrays)``, and with ``sealed=True`` on both sides where no bit of the file may have changed;
- anything else: ``with open_regular(path, limit) as file``, which refuses what is no ordinary file, and never waits.

All of them raise OSError where the operating system refuses and ValueError where the content cannot be used, with a
message that names what was found but not the path: the caller names file and remedy in its InputError::

    try:
        content = read_json(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}; give ...") from error

A number in JSON or TOML that no double can hold is refused here; infinity and NaN are not, so check ``isfinite``.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import re
import stat
import struct
import uuid
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motionrecon.errors import InputError, OutputError

if TYPE_CHECKING:
    import numpy as np

#: Bytes of a text that a person or a small program wrote: a camera file, one frame of keypoints.
TEXT_LIMIT = 4 << 20
#: Bytes of JSON; an hour of video makes a report of 3 MB. What Python makes of it takes up to twenty times as much.
JSON_LIMIT = 32 << 20
#: Bytes that the wanted arrays of one archive may have; keypoints of an hour at 60 fps have 0.35 GB.
ARRAYS_LIMIT = 512 << 20
#: Frames of one clip: an hour at 50 fps. More do not fit the memory of the stages that follow.
MOST_FRAMES = 200_000
#: Brackets within brackets in JSON or TOML; no format that is read here has ten.
_DEEPEST = 64
#: Members of an archive.
_MOST_ARRAYS = 1000
#: The longest side of an array that holds no bytes: others are bound by their bytes.
_LONGEST_EMPTY = 100_000
#: How the names of temporary files start, so that the next run knows the leavings of one that was killed.
TEMPORARY = ".motionrecon-"
#: The zip comment of a sealed archive: this, then the SHA-256, in hexadecimal, of all bytes before the digits.
_SEAL = b"motionrecon sha256:"
_DIGITS = 64


@contextmanager
def open_regular(path: str | Path, limit: int | None = None) -> Iterator[io.BufferedReader]:
    """An ordinary file, open for reading bytes; a pipe or a device is refused without waiting for it.

    Args:
        path: the file; symbolic links are followed.
        limit: bytes that it may have; None for any number.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is no ordinary file, or too large.
    """
    if os.path.isdir(path):
        raise ValueError("it is a folder, not a file")
    # A pipe without a writer would block; where the system has no such flag it has no such pipes in its folders.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError("it is a pipe or a device, not an ordinary file")
    descriptor = os.open(path, flags)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):  # exchanged since it was looked at
            raise ValueError("it is a pipe or a device, not an ordinary file")
        if limit is not None and found.st_size > limit:
            raise ValueError(f"it has {_megabytes(found.st_size)}, and {_megabytes(limit)} is the most that is read")
        yield file


def read_bytes(path: str | Path, limit: int) -> bytes:
    """The content of an ordinary file of at most ``limit`` bytes; errors as `open_regular`."""
    with open_regular(path, limit) as file:
        content = file.read(limit + 1)  # some files, as those of /proc, are longer than they say
    if len(content) > limit:
        raise ValueError(f"it has more than {_megabytes(limit)}, the most that is read")
    return content


def read_text(path: str | Path, limit: int = TEXT_LIMIT) -> str:
    """The UTF-8 text of an ordinary file, without its byte order mark; errors as `open_regular`, and for other text."""
    try:
        return read_bytes(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text (byte {error.start})") from error


def read_json(path: str | Path, limit: int = JSON_LIMIT) -> Any:
    """The value of a JSON file; errors as `read_text`, and ValueError, with the line, for what is not JSON."""
    return parse_json(read_text(path, limit))


def parse_json(text: str) -> Any:
    """The value of a JSON text; integers of more than 18 digits become floats, as in JavaScript.

    Raises:
        ValueError: it is not JSON, nested too deeply, or holds a number too large for any use.
    """
    _check_depth(text)
    try:
        return json.loads(text, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON (line {error.lineno}: {error.msg})") from error
    except RecursionError as error:  # called from deep within a program
        raise ValueError("not usable JSON: nested too deeply") from error


def read_toml(path: str | Path, limit: int = TEXT_LIMIT) -> dict[str, Any]:
    """The tables of a TOML file; errors as `read_text`, and ValueError, with the line, for what is not TOML."""
    return parse_toml(read_text(path, limit))


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        ValueError: it is not TOML, nested too deeply, or holds a number too large for any use.
    """
    import tomllib

    _check_depth(text)
    word = r"[\w\"'-]"
    if re.search(rf"(?<!{word})(?:{word}++[ \t]*+\.[ \t]*+){{{_DEEPEST},}}", text):
        raise ValueError(f"not usable: a key has more than {_DEEPEST} parts")
    try:
        content = tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"not TOML: {error}") from error
    except ValueError as error:  # Python's own bound on the digits of an integer, an impossible date
        raise ValueError(f"not TOML that can be used: {str(error).split(';')[0]}") from error
    values: list[Any] = [content]
    while values:
        value = values.pop()
        if isinstance(value, dict | list):
            values.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, int) and value.bit_length() > 1000:
            raise ValueError("not usable: a number has hundreds of digits")
    return content


def read_arrays(
    path: str | Path,
    wanted: Collection[str] | None = None,
    *,
    sealed: bool = False,
    limit: int = ARRAYS_LIMIT,
) -> dict[str, np.ndarray]:
    """Arrays of an ``.npz`` archive; nothing in it is unpickled, and each is read whole, its CRC compared.

    Args:
        path: the archive.
        wanted: the keys to read, of which some may be missing from the archive; None reads all.
        sealed: refuse the file unless it was written with ``sealed=True`` and no bit has changed since.
        limit: bytes that the wanted arrays may have together.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such archive, a damaged one, or too large.
    """
    with open_regular(path, limit + (64 << 20)) as file:
        if sealed:
            _check_seal(file)
        file.seek(0)
        if not zipfile.is_zipfile(file):
            raise ValueError("not a zip archive")
        try:
            file.seek(0)
            with zipfile.ZipFile(file) as archive:
                members = _members(archive, file, wanted)
                total = sum(member.file_size for member in members.values())
                if total > limit:
                    raise ValueError(
                        f"its arrays have {_megabytes(total)}, and {_megabytes(limit)} is the most that is read"
                    )
                return {key: _array(archive, member, key) for key, member in members.items()}
        except Exception as error:  # numpy, zipfile, zlib and tokenize raise a dozen kinds on damaged bytes
            raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error


def write_arrays(path: str | Path, arrays: Mapping[str, Any], *, sealed: bool = False, compress: bool = True) -> None:
    """Write an ``.npz`` archive, whole or not at all.

    Args:
        path: the file, replaced if it is there.
        arrays: by key; objects that would need pickling are a ValueError.
        sealed: keep the SHA-256 of the file in it (as the archive's comment, which other readers pass over).
        compress: deflate the arrays.

    Raises:
        OutputError: the file cannot be written.
    """
    import numpy as np

    with atomic(path) as temporary:
        with temporary.open("wb") as file:
            (np.savez_compressed if compress else np.savez)(file, allow_pickle=False, **arrays)
        if sealed:
            _seal(temporary)


def is_sealed(path: str | Path) -> bool:
    """Whether a file carries our seal, be it broken or not: then motionrecon wrote it."""
    try:
        with open_regular(path) as file:
            return _stored_seal(file) is not None
    except (OSError, ValueError):
        return False


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A temporary path, beside ``path`` and with its suffix, that replaces ``path`` when the block succeeds.

    Missing parent folders are made. When the block raises (Ctrl-C included), the temporary file is removed and ``path``
    keeps its old content; after a power cut it has the old content or the new. The file gets the permissions of a new
    file (those that the umask leaves), or those of the file that it replaces.

    Raises:
        OutputError: the operating system refused to write (read-only, disk full, a folder in the way).
    """
    path = Path(path)
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            _to_disk(temporary)
            with contextlib.suppress(OSError):
                temporary.chmod(stat.S_IMODE(path.stat().st_mode))
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason(error)}") from error


def sha256(path: str | Path, limit: int | None = None) -> str:
    """The SHA-256 of an ordinary file's content, in hexadecimal.

    Args:
        path: the file.
        limit: bytes that it may have; None for any number.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with open_regular(path, limit) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    except ValueError as error:
        raise InputError(f"cannot read {path}: {error}") from error


def reason(error: OSError) -> str:
    """Why the operating system refused, in its own words and without the path."""
    return (error.strerror or str(error)).lower()


def _megabytes(count: int) -> str:
    return f"{count} bytes" if count < 10**6 else f"{count / 1e6:.0f} MB"


def _check_depth(text: str) -> None:
    """Raise ValueError where brackets stand too deep in each other; those within strings do not count."""
    depth = 0
    for match in re.finditer(r'"(?:[^"\\\n]|\\.)*|[\[{]|[\]}]', text):
        if match[0] in "[{":
            depth += 1
            if depth > _DEEPEST:
                raise ValueError(f"brackets are nested more than {_DEEPEST} deep")
        elif match[0] in "]}":
            depth = max(0, depth - 1)


def _integer(digits: str) -> int | float:
    if len(digits) <= 18:
        return int(digits)
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"not usable JSON: a number has {len(digits)} digits")
    return value


def _members(
    archive: zipfile.ZipFile, file: io.BufferedReader, wanted: Collection[str] | None
) -> dict[str, zipfile.ZipInfo]:
    """The wanted members of an archive by key, if its directory makes sense."""
    listed = archive.infolist()
    if len(listed) > _MOST_ARRAYS:
        raise ValueError(f"it holds {len(listed)} members, and {_MOST_ARRAYS} are the most that are read")
    end = 22 + len(archive.comment)
    file.seek(-end, io.SEEK_END)
    record = file.read(12)
    if record[:4] == b"PK\x05\x06" and struct.unpack("<H", record[10:])[0] != len(listed):
        raise ValueError("its directory is damaged")
    for member in listed:  # a name that changed would make an array missing, and nobody would open it to see
        file.seek(member.header_offset)
        local = file.read(30 + len(member.orig_filename.encode()))
        if local[30:] != member.orig_filename.encode():
            raise ValueError("its directory is damaged")
    names = [member.filename.removesuffix(".npy") for member in listed]
    if len(set(names)) < len(names):
        raise ValueError("it holds two arrays of one name")
    return {name: member for name, member in zip(names, listed, strict=True) if wanted is None or name in wanted}


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, key: str) -> np.ndarray:
    """One array, if its header and its bytes agree."""
    import numpy as np
    from numpy.lib import format as npy

    with archive.open(member) as stream:
        version = npy.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{key!r} has a header of an unknown version")
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran_order, dtype = read_header(stream)
        if dtype.kind not in "biufcUS":
            raise ValueError(f"{key!r} holds {dtype}, not numbers or text")
        size = math.prod(shape) * dtype.itemsize
        if size != member.file_size - stream.tell() or min(shape, default=0) < 0:
            raise ValueError(f"{key!r} says {size} bytes and has {member.file_size - stream.tell()}")
        if size == 0 and max(shape, default=0) > _LONGEST_EMPTY:
            raise ValueError(f"{key!r} has shape {shape} and no content")
        content = np.empty(size, np.uint8)
        done = 0
        while part := stream.read(1 << 20):  # to the end, where the CRC is compared
            content[done : done + len(part)] = np.frombuffer(part, np.uint8)
            done += len(part)
        if done != size:
            raise ValueError(f"{key!r} is cut short")
    if size == 0:
        return np.empty(shape, dtype)
    return content.view(dtype).reshape(shape, order="F" if fortran_order else "C")


def _seal(path: Path) -> None:
    """Make the SHA-256 of an archive its comment."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = _SEAL + b"0" * _DIGITS
    with path.open("r+b") as file:
        digest = _digest_before_digits(file)
        file.seek(-_DIGITS, io.SEEK_END)
        file.write(digest)


def _check_seal(file: io.BufferedReader) -> None:
    stored = _stored_seal(file)
    if stored is None:
        raise ValueError("it has no seal")
    if stored != _digest_before_digits(file):
        raise ValueError("its content is not what was written")


def _stored_seal(file: io.BufferedReader) -> bytes | None:
    """The digits of a file's seal; None where it has none."""
    length = len(_SEAL) + _DIGITS
    if file.seek(0, io.SEEK_END) < length:
        return None
    file.seek(-length, io.SEEK_END)
    tail = file.read(length)
    return tail.removeprefix(_SEAL) if tail.startswith(_SEAL) else None


def _digest_before_digits(file: io.BufferedReader | io.BufferedRandom) -> bytes:
    left = file.seek(0, io.SEEK_END) - _DIGITS
    file.seek(0)
    digest = hashlib.sha256()
    while left > 0 and (part := file.read(min(left, 1 << 20))):
        digest.update(part)
        left -= len(part)
    return digest.hexdigest().encode()


def _to_disk(path: Path) -> None:
    """Have the system write a file out before another name points to it: else a power cut may leave it empty."""
    with contextlib.suppress(OSError):  # some file systems cannot, and are as safe as they are
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
