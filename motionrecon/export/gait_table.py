"""How somebody walks or runs, as a table: a row for each measure and side."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING

from motionrecon.mechanics.gait import Gait
from motionrecon.mechanics.gait_words import caution_of

if TYPE_CHECKING:
    from motionrecon.result.report import Report

HEAD = ("measure", "side", "unit", "mean", "sd", "count", "what", "note")


def rows(gait: Gait, report: Report) -> Iterator[tuple[str, ...]]:
    """The rows under `HEAD`; empty where there is no such number, and then the note says why."""
    for one in gait.measures:
        mean, sd = (f"{value:.5g}" if isfinite(value) else "" for value in (one.mean, one.sd))
        yield one.name, one.side, one.unit, mean, sd, str(one.count), one.what, caution_of(one, gait, report)
