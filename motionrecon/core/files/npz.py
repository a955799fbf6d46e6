"""Archives of arrays (``.npz``): read within limits and nothing unpickled, written whole or not at all."""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motionrecon.core.files.reading import megabytes, open_regular
from motionrecon.core.files.seal import check_seal, seal
from motionrecon.core.files.writing import atomic

if TYPE_CHECKING:
    import numpy as np

#: Bytes that the wanted arrays of one archive may have; keypoints of an hour at 60 fps have 0.35 GB.
ARRAYS_LIMIT = 512 << 20
#: Members of an archive.
_MOST_ARRAYS = 1000
#: The longest side of an array that holds no bytes: others are bound by their bytes.
_LONGEST_EMPTY = 100_000


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
            check_seal(file)
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
                        f"its arrays have {megabytes(total)}, and {megabytes(limit)} is the most that is read"
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
            seal(temporary)


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
