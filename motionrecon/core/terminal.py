"""Standard streams that are closed, full, or read by nobody: what a command prints must never end its work.

Imported before anything heavy: only the standard library.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class Forgiving:
    """A text stream that passes everything on, and what cannot be written to nowhere.

    Attributes:
        error: what the first failure was; None if all was written.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: Exception | None = None

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError) as error:  # ValueError: it is closed
            self._fail(error)
            return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._fail(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _fail(self, error: Exception) -> None:
        if self.error is not None:
            return
        self.error = error
        with contextlib.suppress(OSError, ValueError):
            # What the stream still holds would fail again when it is flushed for the last time, at exit.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    @property
    def lost(self) -> OSError | None:
        """Why something that somebody wanted to read was lost; None where the reader had enough and left."""
        if isinstance(self.error, OSError) and self.error.errno not in (errno.EPIPE, errno.EBADF):
            return self.error
        return None


@contextmanager
def forgiving_streams() -> Iterator[Forgiving]:
    """Within the block ``sys.stdout`` and ``sys.stderr`` exist and never raise; yields the first of them.

    Streams that were closed before the process started are opened on the null device, so that no file which is opened
    later gets their number and what libraries print.
    """
    _open_missing()
    before = sys.stdout, sys.stderr
    out, err = (Forgiving(_existing(stream)) for stream in before)
    sys.stdout, sys.stderr = out, err
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        if (sys.stdout, sys.stderr) == (out, err):
            sys.stdout, sys.stderr = before


def _existing(stream: TextIO | None) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")  # a file's name may hold what the terminal cannot show
    return stream


def _open_missing() -> None:
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                opened = os.open(os.devnull, os.O_RDWR)
                if opened != descriptor:
                    os.dup2(opened, descriptor)
                    os.close(opened)
