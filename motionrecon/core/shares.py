"""Rows that have nothing to do with each other, worked on by all cores at once.

For arithmetic that NumPy or a C library does without Python's lock, in pieces of a tenth of a millisecond or more. Who
hands it out must give each row the same to do in whatever part it is, so that the result does not depend on the cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

from motionrecon.core.cores import thread_count


def in_shares(rows: int, work: Callable[[slice], None], threads: int = 0) -> None:
    """Call `work` with neighbouring slices that are all rows together, at once, the first one in this thread.

    Args:
        rows: how many.
        work: on a slice of them; it must not hand out work itself.
        threads: how many slices; 0 for as many as there are cores to use.
    """
    count = max(1, min(thread_count(threads), rows))
    edges = [rows * i // count for i in range(count + 1)]
    first, *others = (slice(*pair) for pair in pairwise(edges))
    handed_out = [_pool(count - 1, os.getpid()).submit(work, part) for part in others]
    try:
        work(first)
    finally:
        for future in handed_out:  # nobody writes any more when this returns, whatever happened
            future.exception()
    for future in handed_out:
        future.result()


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Threads of one process: those of the one that it was forked from are not there."""
    return ThreadPoolExecutor(threads, "motionrecon-share")
