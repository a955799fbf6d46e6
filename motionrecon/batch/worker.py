"""What a worker's process does before its first clip."""

from __future__ import annotations

import os
import signal
import threading
import time

#: Seconds between two looks for the process that a worker works for.
_LOOK = 2.0


def prepare(parent: int) -> None:
    """Leave Ctrl-C to the process that gives the work, ``parent``, which ends this one, and end when that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.name == "posix":  # elsewhere a worker notices when it asks for the next task
        threading.Thread(target=_watch, args=(parent,), name="motionrecon-parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)
