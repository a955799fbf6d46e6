"""Writing results so that a reader never meets half a file; reading archives that may be damaged; hashing inputs."""

from __future__ import annotations

import hashlib
import os
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.errors import InputError, OutputError

if TYPE_CHECKING:
    import numpy as np


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


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """All arrays of an ``.npz`` archive; nothing in it is unpickled.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such archive, or a damaged one.
    """
    import numpy as np

    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("not a zip archive")
        file.seek(0)
        try:
            with np.load(file, allow_pickle=False) as archive:
                return {key: archive[key] for key in archive.files}
        except Exception as error:  # numpy, zipfile, zlib and tokenize raise a dozen kinds on damaged bytes
            raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error


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
