"""Every single bit of a cache's header, and of a whole small one, flipped.

    python tests/reliability/bits.py [--every N]

For a checkpoint as the stages keep it, for keypoints with checksums only, and for a result: with each bit flipped the
reader must give what the undamaged file gives, refuse, or warn. Prints a table; exits with 1 if anything was silently
wrong. ``--every N`` flips every N-th bit only.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from readers import Reader, same, samples  # noqa: E402

from motionrecon.errors import MotionReconError  # noqa: E402

#: Bytes of a large file's beginning, and of its end, where a zip archive has its directory.
HEADER = 1500


def flipped(reader: Reader, place: Path, every: int) -> Counter[str]:
    """What came of flipping each bit."""
    path, told = place / reader.file, []
    undamaged = reader.read(place, told)
    whole = path.read_bytes()
    bits = range(8 * len(whole))
    if len(whole) > 2 * HEADER:
        bits = [*bits[: 8 * HEADER], *bits[-8 * HEADER :]]
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("motionrecon")
    log.addHandler(handler)
    before, log.propagate = log.propagate, False
    found: Counter[str] = Counter()
    try:
        for bit in bits[::every]:
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            told.clear()
            try:
                result = reader.read(place, told)
            except MotionReconError:
                found["refused"] += 1
                continue
            found["told" if told else "the same" if same(undamaged, result) else "silently wrong"] += 1
    finally:
        path.write_bytes(whole)
        log.removeHandler(handler)
        log.propagate = before
    return found


def main(every: int) -> int:
    """Flip the bits of all files that have hashes or checksums; returns how many were silently wrong."""
    wrong = 0
    columns = ("refused", "told", "the same", "silently wrong")
    print(f"{'':24}" + "".join(f"{column:>15}" for column in columns))
    with tempfile.TemporaryDirectory() as folder:
        for reader, place in samples(Path(folder) / "samples"):
            if reader.name not in (
                "cache",
                "keypoints .npz",
                "result motion.npz",
                "result report.json",
                "weights, shipped",
            ):
                continue
            found = flipped(reader, place, every)
            wrong += found["silently wrong"]
            print(f"{reader.name:24}" + "".join(f"{found[column]:>15}" for column in columns), flush=True)
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1)
    sys.exit(1 if main(parser.parse_args().every) else 0)
