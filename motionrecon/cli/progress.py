"""What a command says while it works: bars and warnings, or lines, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable

from motionrecon.cli.messages import as_flags
from motionrecon.core.progress import Bars, Progress, Silent


def bars(quiet: bool) -> Progress:
    """Bars, unless ``quiet``, and warnings, which speak of flags."""
    return _Spelled(Silent() if quiet else Bars())


class _Spelled:
    """Progress whose warnings speak of flags."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.stage = progress.stage

    def warn(self, text: str) -> None:
        self._progress.warn(as_flags(text))


def lines(quiet: bool = False) -> Callable[[str], None]:
    """What prints a line at once, or, if ``quiet``, none."""
    return (lambda line: None) if quiet else (lambda line: print(line, file=sys.stderr, flush=True))
