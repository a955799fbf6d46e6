"""The result folder: when a run may write there, and how its files appear there all at once.

A folder that holds ``report.json`` holds a finished result: that file is moved in last. A folder without it but with
``cache/`` is an interrupted run, which the next run resumes from the cache.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motionrecon.core.files import reason
from motionrecon.errors import OutputError

REPORT = "report.json"
CACHE = "cache"


def prepare(folder: Path, force: bool) -> None:
    """Make sure, before any work, that a result can be written to ``folder``, which is made if it is missing.

    Raises:
        OutputError: ``folder`` is a file, holds a finished result or strange files (and not ``force``), or cannot be
            written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not force:
            _refuse_occupied(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError as error:
        raise OutputError(f"output folder {folder} is a file; choose another folder with -o") from error
    except OSError as error:
        raise _cannot_write(folder, error) from error


@contextmanager
def publish(folder: Path) -> Iterator[Path]:
    """A scratch folder whose files move into ``folder`` when the block succeeds, and vanish when it fails.

    The report of an older result is removed before the first file moves, and the new one moves last, so that a folder
    never looks finished while it holds files of two results.

    Raises:
        OutputError: the files cannot be written.
    """
    try:
        scratch = folder / CACHE / "result"
        shutil.rmtree(scratch, ignore_errors=True)  # left by a run that was killed
        scratch.mkdir(parents=True)
        try:
            yield scratch
            (folder / REPORT).unlink(missing_ok=True)
            for file in sorted(scratch.iterdir(), key=lambda file: file.name == REPORT):
                os.replace(file, folder / file.name)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error


def _refuse_occupied(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    if REPORT in names:
        raise OutputError(
            f"{folder} already holds a finished result; replace it with --force, or choose another folder with -o"
        )
    if names and CACHE not in names:
        raise OutputError(
            f"{folder} already holds other files; write there anyway with --force, or choose another folder with -o"
        )


def _cannot_write(folder: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write to {folder}: {reason(error)}; choose another folder with -o")
