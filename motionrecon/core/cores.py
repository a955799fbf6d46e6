"""How many cores there are to work on."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """The cores that this process may use: those it is bound to, where the system can say, or all of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
