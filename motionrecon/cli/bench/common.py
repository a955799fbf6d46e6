"""What benchmarks share: how they were called, for their reports, and checks of flags before any work."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from motionrecon.errors import InputError


def command_line() -> str:
    """The command that runs, as it would be typed."""
    return shlex.join(["motionrecon", *sys.argv[1:]])


def check_counts(least: int = 1, **numbers: int | None) -> None:
    """Raise an InputError for a flag whose number is below the least; one that was not given is None."""
    for name, number in numbers.items():
        if number is not None and number < least:
            raise InputError(f"{name}={number}: give at least {least}")


def check_files(**flags: Sequence[str]) -> None:
    """Raise an InputError for a text NAME=FILE of a flag that is none, or that names no file."""
    for name, texts in flags.items():
        for text in texts:
            called, is_one, file = text.partition("=")
            if not (called and is_one and file):
                raise InputError(f"{name}={text}: write NAME=FILE, for example mine=training/weights.safetensors")
            if not Path(file).is_file():
                raise InputError(f"{name}={text}: there is no file {file}")
