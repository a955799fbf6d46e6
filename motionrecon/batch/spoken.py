"""What a person at a terminal is told of a batch: a line for each clip, and how long it may still take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from motionrecon.batch.row import Outcome, Row
from motionrecon.batch.run import Standing
from motionrecon.verdict.record import Word


class Spoken:
    """Says how far a batch is, on stderr: a last line that changes, on a terminal, and a line for each clip that ended.

    Args:
        quiet: tell failures only.
    """

    def __init__(self, quiet: bool) -> None:
        self._console = Console(stderr=True, highlight=False, force_jupyter=False)
        self._quiet = quiet
        self._status = None if quiet else self._console.status("")

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within the block, a terminal shows how far it is."""
        if self._status is None or not self._console.is_terminal:
            yield
            return
        with self._status:
            yield

    def say(self, line: str) -> None:
        """Print a line."""
        if not self._quiet:
            self._console.print(line, markup=False, soft_wrap=True)

    def __call__(self, standing: Standing) -> None:
        """What `motionrecon.batch.run.run_batch` is to tell."""
        row = standing.row
        if row is not None and (row.outcome is Outcome.FAILED or not self._quiet):
            place = f"[{standing.ended:>{len(str(standing.total))}}/{standing.total}]"
            # In a file nothing changes in place, so how long it takes stands behind each clip.
            left = "" if self._console.is_terminal or standing.before else _left(standing)
            self._console.print(f"{place} {_of(row, standing.before)}{left}", markup=False, soft_wrap=True)
        if self._status is not None:
            self._status.update(f"{standing.ended} of {standing.total} clips{_left(standing)}")


def summary(rows: Sequence[Row]) -> str:
    """How a batch ended, on a line."""
    failed = [row.clip for row in rows if row.outcome is Outcome.FAILED]
    said = [f"{len(rows) - len(failed)} of {len(rows)} clips done"]
    if failed:
        said.append(f"{len(failed)} failed")
    said += [f"{count} {word}" for word in Word if (count := sum(row.verdict == word for row in rows))]
    if warned := sum(bool(row.warnings) for row in rows):
        said.append(f"{warned} with warnings")
    return ", ".join(said)


def _of(row: Row, before: bool) -> str:
    if row.outcome is Outcome.FAILED:
        return f"{row.clip}: {row.message}"
    if before:
        return f"{row.clip}: done before"
    said = [f"{row.verdict}, joints expected to be {row.expected_mm or 0:.0f} mm off"] if row.verdict else []
    said.append(f"{row.frames} frames")
    if row.reprojection_px is not None:
        said.append(f"reprojection error {row.reprojection_px:.1f} px ({row.reprojection_percent or 0:.1f} %)")
    if row.windows:
        said.append(f"{row.followed} of {row.windows} windows followed")
    if row.warnings:
        said.append("1 warning" if row.warnings == 1 else f"{row.warnings} warnings")
    return f"{row.clip}: {', '.join(said)}, {row.seconds or 0:.0f} s"


def _left(standing: Standing) -> str:
    """How long the rest may take."""
    seconds = standing.seconds_left
    if not seconds:
        return ""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"; about {seconds / size:.0f} {unit} left"
    return f"; about {seconds:.0f} s left"
