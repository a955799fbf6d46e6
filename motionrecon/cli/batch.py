"""``motionrecon batch``: many videos, several at once."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from motionrecon import pipeline
from motionrecon.cli.command import command, own_flags
from motionrecon.cli.flags import NO_FLAGS, Output, Switch, flags_of_reconstruct, taken
from motionrecon.cli.messages import as_flags
from motionrecon.core.docstrings import arguments
from motionrecon.errors import InputError


def batch(
    source: Path,
    /,
    *,
    output: Output = None,
    jobs: Annotated[int, Parameter(show_default=False)] = 0,
    ray: Switch = False,
    force: Switch = False,
    quiet: Switch = False,
    **given: Any,
) -> int:
    """Reconstruct many videos, several at once, each on one core, and write a table of them (CSV and HTML).

    What is finished is skipped, and what was interrupted goes on: to resume, repeat the command. A clip that fails is a
    line, and stops no other; the exit code is then 1.

    Args:
        source: a folder, whose videos are taken, also those of the folders in it (a Pose2Sim project in it is one
            clip); or a list: a text file with a path on each line, or CSV with a column video and columns named as the
            options below (height, camera, fov, start, ...), which then hold for that clip, and name for its folder.
            Several cameras' videos, and their values, stand in one cell with | between them. All lines are checked
            before the first clip is begun. An --end beyond a clip's is that clip's end; one of a clip's own, in its
            line of the list, is refused, as reconstruct does.
        output: the folder for the results, a folder for each clip; <name of source>_batch in the current folder where
            not given. table.csv and table.html in it have the figures of all clips.
        jobs: how many clips at once; one for each core where not given.
        ray: let the workers of a Ray cluster do them (that of RAY_ADDRESS, or a new one on this machine), which find
            the videos and the folder at the same paths; needs pip install 'motionrecon[ray]'.
        force: do those again, too, whose result is of other options, of another film, or of another version.
        quiet: no progress and no summary; failures show.
    """
    from motionrecon.batch.run import run_batch
    from motionrecon.batch.spoken import Spoken, summary
    from motionrecon.batch.table import PAGE

    if jobs < 0:
        raise InputError(f"jobs={jobs}: give a number from 1, or leave it out")
    folder, spoken = output or Path(f"{source.resolve().stem}_batch"), Spoken(quiet)
    say: dict[str, Any] = {"told": spoken, "say": spoken.say, "spelled": as_flags}
    try:
        with spoken.watching():
            rows = run_batch(source, folder, jobs=jobs, ray=ray, force=force, **say, **taken(given))
    except KeyboardInterrupt:
        print("motionrecon: the same command again goes on with what was not finished", file=sys.stderr)
        raise
    if not quiet:
        print(f"{folder}: {summary(rows)}; see {folder / PAGE}")
    return 0 if all(row.outcome == "done" for row in rows) else 1


def _help() -> str:
    """The docstring of `batch`, with those lines of `pipeline.reconstruct`'s that hold for each clip."""
    passed_over = {*inspect.signature(batch).parameters, *NO_FLAGS}
    lines = arguments(pipeline.reconstruct.__doc__ or "").items()
    more = [f"    {name}: {line}" for name, line in lines if name not in passed_over]
    return "\n".join([inspect.cleandoc(batch.__doc__ or ""), *more])


command(batch, flags=own_flags(batch) | flags_of_reconstruct(), help=_help())
