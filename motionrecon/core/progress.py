"""How far a long stage has come: bars in a terminal, nothing from Python."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """What a long stage reports to."""

    def stage(self, name: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
        """A stage of ``total`` units (None: unknown). Yields ``advance(n)``, to be called as units are done.

        Stages follow each other; they do not nest.
        """

    def warn(self, text: str) -> None:
        """Tell the user something that does not stop the run."""


class Silent:
    """No bars; warnings go to the logger ``motionrecon``, which prints them unless the program says otherwise."""

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        yield lambda n: None

    def warn(self, text: str) -> None:
        logging.getLogger("motionrecon").warning("warning: %s", text)


class Bars:
    """A bar for each stage on stderr: time left, then time taken. Not a terminal: a line for each finished stage."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
        )
        with RichProgress(*columns, console=self._console, refresh_per_second=4) as bars:
            task = bars.add_task(name, total=total)
            yield lambda n: bars.advance(task, n)
            if total is None:
                bars.update(task, total=bars.tasks[task].completed)

    def warn(self, text: str) -> None:
        self._console.print(f"warning: {text}", style="yellow", markup=False, soft_wrap=True)
