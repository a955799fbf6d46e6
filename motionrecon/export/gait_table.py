"""How somebody walks or runs, as tables: a row for each measure and side, and a row for each stride."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING

from motionrecon.mechanics.gait import Gait
from motionrecon.mechanics.gait_words import caution_of
from motionrecon.mechanics.steps import Step, Stride

if TYPE_CHECKING:
    from motionrecon.result.report import Report

#: Seconds of the motion, as of the events, what the measures are means of, and the step that ends the stride.
STRIDE_HEAD = (
    *("side", "start_s", "off_s", "other_strike_s", "end_s", "length_m", "speed_m_s", "stance_time_s", "swing_time_s"),
    *("double_support_time_s", "flight_time_s", "step_length_m", "step_width_m", "step_time_s"),
)
HEAD = ("measure", "side", "unit", "mean", "sd", "count", "what", "note")


def rows(gait: Gait, report: Report) -> Iterator[tuple[str, ...]]:
    """The rows under `HEAD`; empty where there is no such number, and then the note says why."""
    for one in gait.measures:
        mean, sd = (f"{value:.5g}" if isfinite(value) else "" for value in (one.mean, one.sd))
        yield one.name, one.side, one.unit, mean, sd, str(one.count), one.what, caution_of(one, gait, report)


def stride_rows(gait: Gait) -> Iterator[tuple[str, ...]]:
    """The strides that count, in the order of their ends, under `STRIDE_HEAD`."""
    steps = {(step.side, step.end): step for step in gait.steps}
    for one in gait.strides:
        numbers = (*_of_stride(one), *_of_step(steps[one.side, one.end]))
        yield one.side, *(f"{number:.4f}" if isfinite(number) else "" for number in numbers)


def _of_stride(one: Stride) -> tuple[float, ...]:
    times = (one.start, one.off, one.between, one.end)
    lasts, stance, swing = one.end - one.start, one.off - one.start, one.end - one.off
    return *times, one.length, one.length / lasts, stance, swing, one.double_support, one.flight


def _of_step(one: Step) -> tuple[float, ...]:
    return one.length, one.width, one.end - one.start
