"""One clip of a batch, from a job to a row of the table: what a worker does, whoever gave it the job."""

from __future__ import annotations

import contextlib
import inspect
import os
import time
import traceback
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from motionrecon.batch.row import Outcome, Row, films
from motionrecon.core.files import atomic, read_json, sha256
from motionrecon.errors import InputError, MotionReconError, OutputError, shortened
from motionrecon.result.folder import MARKER, REPORT, read_marker
from motionrecon.result.report import Report


@dataclass(frozen=True)
class Job:
    """A clip that a worker is to reconstruct; it can be pickled.

    Attributes:
        name: of the clip.
        video: its films, or a project.
        folder: for its result.
        given: parameters of `motionrecon.pipeline.reconstruct`, as they were given.
        force: replace a result that is not of these options and films.
        until: the last second that is used of every clip of the batch, where this one lasts so long and has no end of
            its own; None for all of it.
    """

    name: str
    video: tuple[Path, ...]
    folder: Path
    given: Mapping[str, Any]
    force: bool = False
    until: float | None = None

    @property
    def trace(self) -> Path:
        """Where the traceback goes, should motionrecon itself be at fault."""
        return self.folder.with_name(f"{self.folder.name}.traceback.txt")

    def row(self, outcome: Outcome, message: str | None = None) -> Row:
        """The table's row of this clip without a result."""
        return Row(self.name, outcome, films(self.video), message=message and shortened(message))


@dataclass(frozen=True)
class Answer:
    """What a worker has to say of a clip: its row, whether an earlier batch had done it, and how long it took now."""

    row: Row
    before: bool = False
    seconds: float = 0.0


def run_clip(job: Job) -> Answer:
    """Reconstruct a clip unless its folder has its result already.

    Nothing is raised but what ends the process: a failure is the row's.
    """
    began = time.perf_counter()
    with contextlib.suppress(OSError):
        job.trace.unlink(missing_ok=True)
    try:
        job = _ended(job)
        if (report := finished(job)) is not None:
            return Answer(Row.done(job.name, films(job.video), report), before=True)
        row = Row.done(job.name, films(job.video), _reconstruct(job))
    except MotionReconError as error:
        return Answer(job.row(Outcome.FAILED, str(error)))  # mostly at once: it tells nothing of the others' time
    except MemoryError:
        return Answer(job.row(Outcome.FAILED, "out of memory; run fewer jobs at once, or give a part of the video"))
    except Exception as error:  # a bug: it is kept, and the other clips go on
        return Answer(job.row(Outcome.FAILED, _kept(job, error)))
    return Answer(row, seconds=time.perf_counter() - began)


def _ended(job: Job) -> Job:
    """The job with the end that all clips of the batch have, if its first film lasts longer."""
    if job.until is None:
        return job
    from motionrecon.projects import opened
    from motionrecon.video import probe

    video = opened(defaults() | dict(job.given) | {"video": _video(job)})[0]["video"]
    first = video[0] if isinstance(video, list | tuple) else video
    if first is not None and probe(first).duration <= job.until:
        return job
    return replace(job, given={**job.given, "end": job.until})


def _kept(job: Job, error: Exception) -> str:
    """What is told of a fault of ours, whose traceback is kept where there is room for it."""
    what = f"a fault of motionrecon ({f'{type(error).__name__}: {error}'.rstrip(': ')})"
    try:
        with atomic(job.trace) as file:
            file.write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="backslashreplace")
    except OutputError:
        return what
    return f"{what}; {job.trace} tells where"


def finished(job: Job) -> Report | None:
    """The report of the result that a clip has already; None where there is none, or one that is to be replaced.

    Raises:
        InputError: something that was given cannot be used.
        OutputError: there is a result of other options or of another film, and it may not be replaced.
    """
    file, marker = job.folder / REPORT, read_marker(job.folder)
    if marker is None or not file.is_file():
        return None
    try:
        report = Report.of(read_json(file))
        wrong = next((f"{job.folder / name} is gone" for name in _gone(job, marker["files"])), None)
    except (OSError, ValueError):
        wrong = f"{file} is damaged"
    if wrong is not None:
        if job.force:
            return None
        raise OutputError(f"{wrong}; remove {job.folder}, or replace it with force=True")
    other = _other(job, report, marker["options"])
    if other is None:
        return report
    if job.force:
        return None
    raise OutputError(f"{job.folder} holds a result {other}; replace it with force=True, or choose another output=...")


def _gone(job: Job, written: Collection[str]) -> Iterator[str]:
    """What of a result was written and is no longer there, without which it is none: a film may be removed."""
    return (name for name in ("motion.npz", "model.xml") if name in written and not (job.folder / name).exists())


def _other(job: Job, report: Report, options: Mapping[str, Any]) -> str | None:
    """In what a result is not the one that is asked for, in words; None where it is."""
    import motionrecon
    from motionrecon.options import Options
    from motionrecon.projects import opened

    given, _ = opened(defaults() | dict(job.given) | {"video": _video(job)})
    if options.get("height_given") is False:  # of an older result, whose options hold the height that was assumed
        options = {**options, "height": None}
    for name, value in Options.of(given).to_dict().items():
        # An option that is newer than the result had its default.
        if name != "force" and (had := options.get(name, value)) != value:
            return f"made without {name}={value}" if had is None else f"made with {name}={had}, not {value}"
    source = report.source
    video = given["video"][0] if isinstance(given["video"], list | tuple) else given["video"]
    if source is not None and source.sha256 is not None and video is not None:
        video, of_result = Path(video), (job.folder / REPORT).stat()
        same = str(video) == source.video and video.stat().st_mtime <= of_result.st_mtime
        if not same and sha256(video) != source.sha256:  # it may only have moved, or been touched
            return f"of another film ({source.video})"
    if job.force and (report.versions or {}).get("motionrecon") != motionrecon.__version__:
        return "made by another version"
    return None


def defaults() -> dict[str, Any]:
    """The parameters of `motionrecon.pipeline.reconstruct` where nothing is given."""
    from motionrecon import pipeline

    parameters = inspect.signature(pipeline.reconstruct).parameters.items()
    return {name: parameter.default for name, parameter in parameters}


def _video(job: Job) -> Path | list[Path]:
    for film in job.video:
        if not os.path.exists(film):
            raise InputError(f"{film}: no such file or folder")
    return list(job.video) if len(job.video) > 1 else job.video[0]


def _reconstruct(job: Job) -> Report:
    from motionrecon import pipeline
    from motionrecon.core.progress import Silent

    class Unheard(Silent):
        """The warnings stand in the report, and so in the table."""

        def warn(self, text: str) -> None:
            pass

    replace = job.force and (job.folder / MARKER).is_file()
    motion = pipeline.reconstruct(
        _video(job), output=job.folder, **{**job.given, "force": replace, "progress": Unheard()}
    )
    return motion.report
