"""What is kept for all is made by one process at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motionrecon.core.lock import Held, Lock

#: Seconds between two looks whether the other is done.
_WAIT = 0.5


@contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """While this lasts, nobody else is where the same is made; who comes second waits, and finds it done.

    Args:
        folder: that it is kept in; it is made if it is missing.
        name: of what is made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = Lock(folder / f".{name}.lock")
    while True:
        try:
            lock.take(f"making {name}")
            break
        except Held:
            time.sleep(_WAIT)
    try:
        yield
    finally:
        lock.release()
