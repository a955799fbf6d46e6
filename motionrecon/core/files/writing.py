"""Writing files that a reader never meets half done."""

from __future__ import annotations

import contextlib
import os
import stat
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from motionrecon.core.files.reading import reason
from motionrecon.errors import OutputError

#: How the names of temporary files start, so that the next run knows the leavings of one that was killed.
TEMPORARY = ".motionrecon-"


def check_folder(path: str | Path) -> None:
    """Raise, before any work, for a file of the user's choice whose folder is missing: a slip of the pen makes none.

    Raises:
        OutputError: there is no such folder.
    """
    folder = Path(path).parent
    if not folder.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {folder}; make it first, or choose another place")


def check_free(files: Sequence[Path], force: bool) -> None:
    """Raise, before any work, where a file would replace another unasked; a link that leads nowhere counts, too.

    Args:
        files: that would be written.
        force: whether they may replace others.

    Raises:
        OutputError: one is there already.
    """
    there = [file for file in files if os.path.lexists(file)]
    if there and not force:
        raise OutputError(f"{there[0]} is there already; replace it with force=True, or choose another name")


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths are one file, through links of both kinds."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # one is not there, or no system has such a name
        return False


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A temporary path, beside ``path`` and with its suffix, that replaces ``path`` when the block succeeds.

    Missing parent folders are made. When the block raises (Ctrl-C included), the temporary file is removed and ``path``
    keeps its old content; after a power cut it has the old content or the new. The file gets the permissions of a new
    file (those that the umask leaves), or those of the file that it replaces.

    Raises:
        OutputError: the operating system refused to write (read-only, disk full, a folder in the way).
    """
    path = Path(path)
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            _to_disk(temporary)
            with contextlib.suppress(OSError):
                temporary.chmod(stat.S_IMODE(path.stat().st_mode))
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason(error)}") from error


def _to_disk(path: Path) -> None:
    """Have the system write a file out before another name points to it: else a power cut may leave it empty."""
    with contextlib.suppress(OSError):  # some file systems cannot, and are as safe as they are
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
