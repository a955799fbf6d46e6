"""Reading ordinary files up to a limit: what a user names may be a pipe, a device or endless."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motionrecon.errors import InputError

#: Bytes of a text that a person or a small program wrote: a camera file, one frame of keypoints.
TEXT_LIMIT = 4 << 20


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
            raise ValueError(f"it has {megabytes(found.st_size)}, and {megabytes(limit)} is the most that is read")
        yield file


def read_bytes(path: str | Path, limit: int) -> bytes:
    """The content of an ordinary file of at most ``limit`` bytes; errors as `open_regular`."""
    with open_regular(path, limit) as file:
        content = file.read(limit + 1)  # some files, as those of /proc, are longer than they say
    if len(content) > limit:
        raise ValueError(f"it has more than {megabytes(limit)}, the most that is read")
    return content


def read_text(path: str | Path, limit: int = TEXT_LIMIT) -> str:
    """The UTF-8 text of an ordinary file, without its byte order mark; errors as `open_regular`, and for other text."""
    try:
        return read_bytes(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text (byte {error.start})") from error


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


def megabytes(count: int) -> str:
    """A number of bytes in words."""
    return f"{count} bytes" if count < 10**6 else f"{count / 1e6:.0f} MB"
