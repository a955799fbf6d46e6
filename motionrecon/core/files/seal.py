"""The seal of an archive: the SHA-256 of its bytes, kept in it, which a single changed bit breaks."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

from motionrecon.core.files.reading import open_regular

#: The zip comment of a sealed archive: this, then the SHA-256, in hexadecimal, of all bytes before the digits.
_SEAL = b"motionrecon sha256:"
_DIGITS = 64


def seal(path: Path) -> None:
    """Make the SHA-256 of an archive its comment."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = _SEAL + b"0" * _DIGITS
    with path.open("r+b") as file:
        digest = _digest_before_digits(file)
        file.seek(-_DIGITS, io.SEEK_END)
        file.write(digest)


def check_seal(file: io.BufferedReader) -> None:
    """Raise ValueError unless a file has a seal that fits its bytes."""
    stored = _stored_seal(file)
    if stored is None:
        raise ValueError("it has no seal")
    if stored != _digest_before_digits(file):
        raise ValueError("its content is not what was written")


def is_sealed(path: str | Path) -> bool:
    """Whether a file carries our seal, be it broken or not: then motionrecon wrote it."""
    try:
        with open_regular(path) as file:
            return _stored_seal(file) is not None
    except (OSError, ValueError):
        return False


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
