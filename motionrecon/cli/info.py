"""``motionrecon info``: what a bug report needs, or what a result is."""

from __future__ import annotations

from pathlib import Path

from motionrecon.cli.command import command
from motionrecon.cli.flags import Switch
from motionrecon.cli.messages import as_flags


@command
def info(folder: Path | None = None, /, *, json: Switch = False) -> None:
    """Print what a result is: film, verdict, how the person walks; or, without a folder, what a bug report needs.

    Times are the motion's, 0 at its first frame, but for those that are said to be of the film.

    Args:
        folder: the folder of a result; without it, versions, machine and models are told, as a bug report needs them.
        json: print JSON, of a result with numbers in fields as report.json has them, instead of lines.
    """
    from motionrecon import info as report

    if folder is None:
        facts = report.collect()
    else:
        from motionrecon.result.facts import facts_of, record_of

        facts = record_of(folder) if json else facts_of(folder)
    print(report.as_json(facts) if json else as_flags(report.as_text(facts)))
