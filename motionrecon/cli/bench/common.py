"""What benchmarks write into their reports: how they were called."""

from __future__ import annotations

import shlex
import sys


def command_line() -> str:
    """The command that runs, as it would be typed."""
    return shlex.join(["motionrecon", *sys.argv[1:]])
