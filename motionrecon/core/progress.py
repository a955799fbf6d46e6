"""How far a long stage has come: bars in a terminal, a function of one's own, or nothing.

Nothing here touches ``sys.stdout`` and ``sys.stderr`` of the process, so runs in several threads and what others print
stay apart.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeAlias, cast

#: What a function that watches a run is given: a stage's name, the units done, and their total (None: unknown). It is
#: called in the run's thread, at a stage's beginning with 0 units.
Told: TypeAlias = Callable[[str, int, int | None], None]


class Progress(Protocol):
    """What a long stage reports to."""

    def stage(self, name: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
        """A stage of ``total`` units (None: unknown). Yields ``advance(n)``, to be called as units are done.

        Stages follow each other; they do not nest.
        """

    def warn(self, text: str) -> None:
        """Tell the user something that does not stop the run."""


def as_progress(progress: Progress | Told | None) -> Progress:
    """What a user gave to watch a run with, as the stages take it."""
    if progress is None:
        return Silent()
    return cast(Progress, progress) if hasattr(progress, "stage") else Calls(progress)


class Silent:
    """No bars; warnings go to the logger ``motionrecon``, which prints them unless the program says otherwise."""

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        yield lambda n: None

    def warn(self, text: str) -> None:
        logging.getLogger("motionrecon").warning("warning: %s", text)


class OfOne:
    """The progress of one of several alike, whose name the stages' names bear."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress, self._name = progress, name
        self.warn = progress.warn

    def stage(self, name: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
        return self._progress.stage(f"{name} {self._name}", total)


class Calls(Silent):
    """Calls a function as units are done; warnings go to the logger, as with `Silent`."""

    def __init__(self, told: Told) -> None:
        self._told = told

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        done = 0

        def advance(units: int) -> None:
            nonlocal done
            done += units
            self._told(name, done, total)

        self._told(name, 0, total)
        yield advance


class Bars:
    """A bar for each stage on stderr: time left, then time taken.

    A line for each finished stage where stderr is no terminal, as in a file or a notebook, and where a stage of another
    thread has its bar there already.
    """

    #: Held by the stage whose bar is on the screen: two bars would draw over each other.
    _screen = threading.Lock()

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False, force_jupyter=False)

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
        alone = self._console.is_terminal and self._screen.acquire(blocking=False)
        # Redirecting would put rich in the place of sys.stdout and sys.stderr, for all threads.
        bars = RichProgress(
            *columns, console=self._console, refresh_per_second=4, redirect_stdout=False, redirect_stderr=False
        )
        task = bars.add_task(name, total=total)
        try:
            if alone:
                bars.start()
            yield lambda n: bars.advance(task, n)
            if total is None:
                bars.update(task, total=bars.tasks[task].completed)
            if not alone:
                self._console.print(bars.get_renderable())
        finally:
            if alone:
                bars.stop()
                self._screen.release()

    def warn(self, text: str) -> None:
        self._console.print(f"warning: {text}", style="yellow", markup=False, soft_wrap=True)
