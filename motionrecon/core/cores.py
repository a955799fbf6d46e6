"""How many cores there are to work on."""

from __future__ import annotations

import contextlib
import os

#: How many cores a process and those that it starts may use at most, as text; what batch gives its workers.
VARIABLE = "MOTIONRECON_CORES"

#: What keeps everything in a process that is started so to one core, its libraries included. They read it as they load.
ONE_CORE = {
    VARIABLE: "1",
    "OMP_NUM_THREADS": "1",  # torch
    "OPENBLAS_NUM_THREADS": "1",  # NumPy, SciPy
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",  # NumPy on a Mac
    "OPENCV_FOR_THREADS_NUM": "1",
}


def usable_cores() -> int:
    """The cores that this process may use: those it is bound to, where the system can say, or all of the machine.

    `VARIABLE` makes them fewer.
    """
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there, most_threads() or there)


def thread_count(threads: int) -> int:
    """`threads`, or the number of cores that this process may use if `threads` is 0."""
    return threads or usable_cores()


def most_threads() -> int:
    """The threads that a library may be told to use, as FFmpeg takes them: 0 leaves it to itself."""
    with contextlib.suppress(ValueError):
        return max(0, int(os.environ.get(VARIABLE, "0")))
    return 0
