"""``motionrecon info``: what a bug report needs."""

from __future__ import annotations

from motionrecon.cli.command import command
from motionrecon.cli.flags import Switch


@command
def info(*, json: Switch = False) -> None:
    """Print what a bug report needs: versions, machine, models.

    Args:
        json: print JSON instead of lines.
    """
    from motionrecon import info as report

    facts = report.collect()
    print(report.as_json(facts) if json else report.as_text(facts))
