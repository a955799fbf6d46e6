"""What the stages of one reconstruction share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from motionrecon.core.progress import Progress, Silent
from motionrecon.errors import shortened


@dataclass
class Run:
    """One reconstruction: where its stages keep what an interrupted run resumes from, and what they have to say.

    Attributes:
        progress: told of every stage.
        cache: the folder of their checkpoints; None keeps none.
        seconds: that each stage took.
        warnings: what the user should know of the result.
    """

    progress: Progress = field(default_factory=Silent)
    cache: Path | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Notes how long the block takes."""
        began = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - began, 3)

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """A stage of ``total`` units (None: unknown), timed; yields ``advance(n)``, to be called as units are done."""
        with self.timed(name), self.progress.stage(name, total) as advance:
            yield advance

    def warn(self, text: str) -> None:
        """Tell the user now, and keep it for the report."""
        text = shortened(text)
        self.warnings.append(text)
        self.progress.warn(text)
