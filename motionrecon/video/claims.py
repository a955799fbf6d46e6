"""How much an MP4 or MOV claims to hold, read before FFmpeg believes it.

A few bytes of such a header stand for any number of samples of one size, or for the whole film once more, and FFmpeg
keeps 24 bytes and more of each: a file of 2 kB can ask for 5 GB. All other formats that are read spell out what they
hold.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from motionrecon.errors import InputError

#: Boxes that hold boxes. (FFmpeg reads a table wherever it finds it.)
_PARENTS = frozenset(
    (
        b"moov",
        b"trak",
        b"mdia",
        b"minf",
        b"stbl",
        b"moof",
        b"traf",
        b"mvex",
        b"edts",
        b"dinf",
        b"udta",
        b"meta",
        b"wave",
    )
)
#: Boxes that are looked at, at most; hours of film in fragments of a second have fewer.
_MOST_BOXES = 1_000_000
#: Samples that are claimed without a byte for each of them in the header: as many as fit into the file if they have
#: so many bytes, and some more.
_LEAST_BYTES, _SOME = 4, 100_000
#: Edits times samples: each edit may show the whole film once more.
_MOST_EDITED, _FEW_EDITS = 2_000_000, 4


def check_claims(file: IO[bytes], size: int, path: Path) -> None:
    """Raise an InputError where a file claims to hold more than it can.

    Args:
        file: the file, of whatever format, which is read from here and there.
        size: its length in bytes.
        path: its name, for the message.
    """
    track = _Track()
    total = 0
    for box in _boxes(file, 0, size):
        if box.name in (b"trak", b"moof"):
            track = _Track()
        if box.name == b"cmov":
            raise InputError(f"{path} has a compressed header, which is not read; convert it to MP4 first")
        total += track.see(box, file)
        if total > size / _LEAST_BYTES + _SOME or track.repeated > _MOST_EDITED:
            raise InputError(
                f"{path} claims to hold {max(total, track.repeated)} samples in {size} bytes: it is damaged; export it "
                "from its source again"
            )


@dataclass(frozen=True)
class _Box:
    """A box: its name, and where its content begins and ends."""

    name: bytes
    begin: int
    end: int

    def numbers(self, file: IO[bytes], count: int) -> tuple[int, ...]:
        """The first numbers of 32 bits of its content; 0 for those that are not there."""
        file.seek(self.begin)
        data = file.read(min(4 * count, max(0, self.end - self.begin)))
        return struct.unpack(f">{count}I", data.ljust(4 * count, b"\0"))


class _Track:
    """What one track, or fragment of it, claims."""

    def __init__(self) -> None:
        self._is_sound = False
        self._counts_samples_of_sound = False
        self._samples = 0
        self._edits = 0

    @property
    def repeated(self) -> int:
        """Samples with all edits, where there are many."""
        return self._samples * self._edits if self._edits > _FEW_EDITS and not self._in_chunks else 0

    @property
    def _in_chunks(self) -> bool:
        """Whether it is uncompressed sound, of which FFmpeg keeps the chunks only."""
        return self._is_sound and self._counts_samples_of_sound

    def see(self, box: _Box, file: IO[bytes]) -> int:
        """Take note of a box; how many samples it adds without a byte for each."""
        if box.name == b"hdlr":
            self._is_sound |= box.numbers(file, 3)[2] == int.from_bytes(b"soun", "big")
        elif box.name == b"stts":
            _, entries, _, ticks = box.numbers(file, 4)
            self._counts_samples_of_sound = entries == 1 and ticks == 1
        elif box.name == b"elst":
            self._edits = box.numbers(file, 2)[1]
        elif box.name == b"stsz":
            _, each, count = box.numbers(file, 3)
            self._samples = count
            return count if each and not self._in_chunks else 0
        elif box.name == b"trun":
            flags, count = box.numbers(file, 2)
            return 0 if flags & 0xF00 else count
        return 0


def _boxes(file: IO[bytes], begin: int, end: int) -> Iterator[_Box]:
    """All boxes of a file that may matter, parents before what they hold."""
    open_ends: list[tuple[int, int]] = [(begin, end)]
    for _ in range(_MOST_BOXES):
        while open_ends and open_ends[-1][1] - open_ends[-1][0] < 8:
            open_ends.pop()
        if not open_ends:
            return
        at, end = open_ends.pop()
        file.seek(at)
        head = file.read(16).ljust(16, b"\0")
        size, name = struct.unpack(">I4s", head[:8])
        content = at + 8
        if size == 1:
            size, content = struct.unpack(">Q", head[8:])[0], at + 16
        after = end if size == 0 else min(end, at + size)
        if after < content:  # no box: what follows cannot be found
            continue
        open_ends.append((after, end))
        yield _Box(name, content, after)
        if name in _PARENTS:
            # As QuickTime has it, "meta" holds boxes at once; as MP4 has it, after four bytes, which hold nothing here.
            open_ends.append((content, after))
