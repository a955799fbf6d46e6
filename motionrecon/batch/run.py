"""A batch from its list to its table."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from motionrecon.batch.checks import check
from motionrecon.batch.clip import Answer, Job, defaults, run_clip
from motionrecon.batch.executor import Executor, Lost
from motionrecon.batch.found import STATE, Found, clips_of
from motionrecon.batch.names import named, usable
from motionrecon.batch.row import Outcome, Row
from motionrecon.batch.table import CSV, PAGE, write_table
from motionrecon.core.files import atomic, read_json, reason
from motionrecon.core.lock import Held, Lock
from motionrecon.errors import OutputError
from motionrecon.options import Options
from motionrecon.result.folder import MARKER, REPORT

_LOCK = ".motionrecon-batch.lock"
_STATE_LIMIT = 64 << 20


@dataclass(frozen=True)
class Standing:
    """How far a batch is.

    Attributes:
        ended: clips that are done or have failed, of ``total``.
        total: all clips.
        row: the clip that has just ended; None at the beginning, and now and then in between.
        before: whether it was finished by an earlier batch.
        seconds_left: an estimate; None as long as nothing tells it.
    """

    ended: int
    total: int
    row: Row | None = None
    before: bool = False
    seconds_left: float | None = None


def run_batch(
    source: str | Path,
    output: str | Path,
    *,
    jobs: int = 0,
    ray: bool = False,
    force: bool = False,
    told: Callable[[Standing], None] = lambda standing: None,
    say: Callable[[str], None] = lambda line: None,
    spelled: Callable[[str], str] = lambda message: message,
    **given: Any,
) -> list[Row]:
    """Reconstruct many clips, several at once, each on one core, and write a table of them; returns its rows.

    What an earlier batch finished stays, and what it began goes on. A clip that fails does not stop the others.

    Args:
        source: a folder of videos, or a list, see `motionrecon.batch.lists`.
        output: the folder for the results, one folder each, and for table.csv and table.html.
        jobs: clips at once; 0 for one on each core.
        ray: have them done by the workers of a Ray cluster.
        force: do those again, too, whose result was made with other options, of another film, or by another version.
        told: is told how far it is.
        say: is told what was left out of the folder.
        spelled: how the table and the one who is told have messages that name parameters.
        **given: options of all clips, parameters of `motionrecon.pipeline.reconstruct`; the list's own win. An end that
            lies beyond a clip's is that clip's end.

    Raises:
        InputError: the list, a line of it or an option cannot be used; nothing was begun.
        OutputError: the folder cannot be written, or another batch is at work in it.
    """
    given = {name: _absolute(value) for name, value in given.items()}  # a worker may be in another folder
    Options.of(defaults() | given)  # what is wrong for all of them is said once
    found, folder = clips_of(source), Path(output).absolute()
    check(found.clips, given)
    if found.left_out:
        say(f"{len(found.clips)} clips; {found.left_out} other {'file' if found.left_out == 1 else 'files'} left out")
    with _held(folder):
        work = _jobs(found, folder, given, force)
        return _worked(work, folder, _executor(jobs, ray), told, spelled)


def _absolute(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_absolute(one) for one in value]
    return value.absolute() if isinstance(value, Path) else value


def _executor(jobs: int, ray: bool) -> Executor:
    if ray:
        from motionrecon.batch.on_ray import OnRay

        return OnRay(jobs)
    from motionrecon.batch.processes import Processes

    return Processes(jobs)


def _worked(
    work: Sequence[Job],
    folder: Path,
    executor: Executor,
    told: Callable[[Standing], None],
    spelled: Callable[[str], str],
) -> list[Row]:
    rows = {job.name: job.row(Outcome.WAITING) for job in work}
    watch = _Watch(work)
    standing = Standing(0, len(work))
    write_table(list(rows.values()), folder)
    told(standing)
    try:
        with closing(executor.run(run_clip, work)) as ends:
            for end in ends:
                if end is None:
                    told(replace(standing, row=None, seconds_left=watch.left(executor.workers)))
                    continue
                answer = Answer(end.task.row(Outcome.FAILED, end.why)) if isinstance(end, Lost) else end[1]
                row = answer.row.spelled(spelled)
                rows[row.clip] = row
                if not answer.before:  # those of a thousand that are done come at once
                    write_table(list(rows.values()), folder)
                watch.ended(row.clip, answer.seconds)
                left = watch.left(executor.workers)
                standing = Standing(standing.ended + 1, len(work), row, answer.before, left)
                told(standing)
    finally:
        write_table(list(rows.values()), folder)
    return list(rows.values())


class _Watch:
    """How long the rest will take, if a byte of film takes a worker as long as those so far did."""

    def __init__(self, work: Sequence[Job]) -> None:
        self._began = time.perf_counter()
        self._bytes = {job.name: 1 + sum(map(_size, job.video)) for job in work}
        self._open = set(self._bytes)
        self._done, self._seconds = 0, 0.0

    def ended(self, clip: str, seconds: float) -> None:
        """A clip has ended after so many seconds of its worker's; 0 where that tells nothing of the others' time."""
        self._open.discard(clip)
        if seconds:
            self._done += self._bytes[clip]
            self._seconds += seconds
        else:
            del self._bytes[clip]

    def left(self, workers: int) -> float | None:
        """Seconds, with so many workers; None while nothing tells it."""
        if not self._open or not self._done:
            return None
        # What is in hand is known to have taken as long as it is in hand: it is part of all that was spent so far.
        all_of_it = self._seconds / self._done * sum(self._bytes.values())
        return max(0.0, all_of_it / min(workers, len(self._bytes)) - (time.perf_counter() - self._began))


def _size(film: Path) -> int:
    """Bytes of a film; 0 of what is none."""
    return os.path.getsize(film) if os.path.isfile(film) else 0


def _jobs(found: Found, folder: Path, given: Mapping[str, Any], force: bool) -> list[Job]:
    """What the workers get; the folders' names are kept for later batches."""
    before = _names_before(folder)
    names = named(found.clips, found.base, before)
    state = {"motionrecon": "this folder holds a batch of motionrecon; its clips are called", "names": before | names}
    with atomic(folder / STATE) as file:
        file.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
    return [
        Job(
            name,
            clip.video,
            folder / name,
            {option: value for option, value in given.items() if option != "end"} | dict(clip.given),
            force,
            None if "end" in clip.given else given.get("end"),
        )
        for name, clip in zip(names.values(), found.clips, strict=True)
    ]


def _names_before(folder: Path) -> dict[str, str]:
    """Names that earlier batches in a folder gave."""
    try:
        content = read_json(folder / STATE, _STATE_LIMIT)
    except (OSError, ValueError):
        return {}
    names = content.get("names") if isinstance(content, dict) else None
    return usable(names) if isinstance(names, dict) else {}


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """The folder of a batch, made if it is missing, and held against other batches.

    Raises:
        OutputError: it is a result's, holds a table that is no batch's, or another batch is at work in it.
    """
    if (folder / MARKER).exists() or (folder / REPORT).exists():
        raise OutputError(f"{folder} holds one result, not a batch; choose another folder with output=...")
    table = next((folder / name for name in (CSV, PAGE) if (folder / name).exists()), None)
    if table is not None and not (folder / STATE).exists():
        raise OutputError(f"{table} is no batch's table; choose another folder with output=...")
    lock = Lock(folder / _LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.take("a batch")
    except Held as holder:
        raise OutputError(f"{folder} is in use by {holder}; wait for its end, or choose another output=...") from None
    except OSError as error:
        raise OutputError(
            f"cannot write to {folder}: {reason(error)}; choose another folder with output=..."
        ) from error
    try:
        yield
    finally:
        lock.release()
