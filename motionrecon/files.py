"""Writing results so that a reader never meets half a file, and hashing inputs."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motionrecon.errors import InputError, OutputError


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A temporary path, beside ``path`` and with its suffix, that replaces ``path`` when the block succeeds.

    Missing parent folders are made. When the block raises (Ctrl-C included), the temporary file is removed and ``path``
    keeps its old content.

    Raises:
        OutputError: the operating system refused to write (read-only, disk full, a folder in the way).
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason(error)}; choose another folder with -o") from error


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error


def reason(error: OSError) -> str:
    """Why the operating system refused, in its own words and without the path."""
    return (error.strerror or str(error)).lower()
