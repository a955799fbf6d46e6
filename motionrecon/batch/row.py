"""One line of the table: a clip, what became of it, and the figures of its report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any

from motionrecon.core.records import Record
from motionrecon.result.report import Report

#: Between several texts in a cell; they hold commas and semicolons themselves.
BETWEEN_TEXTS = " | "


class Outcome(StrEnum):
    """What became of a clip."""

    DONE = "done"
    FAILED = "failed"
    #: It has not been its turn yet, or it was interrupted: the same command goes on with it.
    WAITING = "waiting"


@dataclass(frozen=True, eq=False)
class Row(Record):
    """One clip in the table; figures are None where it is not done, or its report does not tell.

    Attributes:
        clip: name of its folder.
        outcome: what became of it.
        video: its films, with `motionrecon.batch.lists.BETWEEN` between several.
        frames, fps: of the motion.
        verdict: good, fair or poor.
        reasons: what makes it worse than usual, in words, `BETWEEN_TEXTS` between them.
        expected_mm, expected_force_percent: see `motionrecon.verdict.record.Verdict`.
        tracked_percent, simulated_percent: frames in which the person was seen, and that were simulated.
        reprojection_px, reprojection_percent, skate_percent, penetration_mm, float_mm: see
            `motionrecon.result.report.Quality`.
        height_m, mass_kg: of the person.
        belt_speed: m/s of the treadmill that the person is on.
        gait: ``walk`` or ``run``.
        strides: whole ones, over which the next are means.
        speed_m_s, cadence_steps_min, stride_length_m, step_length_m, step_width_m, stance_percent: see
            `motionrecon.mechanics.gait`.
        no_gait: why there is no gait.
        windows, followed: windows of the physics, and those whose motion was followed.
        warnings: how many there were.
        warning_texts: what they say, `BETWEEN_TEXTS` between them.
        seconds: that the reconstruction took, without parts that were resumed.
        message: why it failed.
    """

    clip: str
    outcome: Outcome
    video: str
    frames: int | None = None
    fps: float | None = None
    verdict: str | None = None
    reasons: str | None = None
    expected_mm: float | None = None
    expected_force_percent: float | None = None
    tracked_percent: float | None = None
    simulated_percent: float | None = None
    reprojection_px: float | None = None
    reprojection_percent: float | None = None
    skate_percent: float | None = None
    penetration_mm: float | None = None
    float_mm: float | None = None
    height_m: float | None = None
    mass_kg: float | None = None
    belt_speed: float | None = None
    gait: str | None = None
    strides: int | None = None
    speed_m_s: float | None = None
    cadence_steps_min: float | None = None
    stride_length_m: float | None = None
    step_length_m: float | None = None
    step_width_m: float | None = None
    stance_percent: float | None = None
    no_gait: str | None = None
    windows: int | None = None
    followed: int | None = None
    warnings: int | None = None
    warning_texts: str | None = None
    seconds: float | None = None
    message: str | None = None

    @classmethod
    def done(cls, clip: str, video: str, report: Report) -> Row:
        """The row of a clip with a result."""
        from motionrecon.physics.windows.stretch import Status

        told: dict[str, Any] = {"windows": 0, "followed": 0}
        if report.frames is not None:
            total, tracked, simulated = report.frames.total, report.frames.tracked, report.frames.simulated
            told |= {"frames": total, "fps": report.frames.fps}
            told |= {"tracked_percent": _percent(tracked, total), "simulated_percent": _percent(simulated, total)}
        if report.quality is not None:
            # NaN in a report that was just made, null in one that was read: nothing is known.
            told |= {name: value for name, value in report.quality.items() if value is not None and isfinite(value)}
        if report.verdict is not None:
            told |= {"verdict": report.verdict.word, "expected_mm": report.verdict.expected_mm}
            told |= {"reasons": BETWEEN_TEXTS.join(report.verdict.reasons) or None}
            told |= {"expected_force_percent": report.verdict.expected_force_percent}
        if report.person is not None:
            told |= {"height_m": report.person.height, "mass_kg": report.person.mass}
        told |= {"belt_speed": report.belt_speed}
        if (gait := report.gait) is not None:
            told |= {"gait": gait.kind, "strides": gait.strides, "speed_m_s": gait.speed}
            told |= {"cadence_steps_min": gait.cadence, "stride_length_m": gait.stride_length}
            told |= {"step_length_m": gait.step_length, "step_width_m": gait.step_width}
            told |= {"stance_percent": gait.stance_percent}
        told |= {"no_gait": report.no_gait}
        if report.windows is not None:
            followed = sum(window.status == Status.OK for window in report.windows)
            told |= {"windows": len(report.windows), "followed": followed}
        if report.seconds is not None:
            told["seconds"] = sum(report.seconds.values())
        warnings = report.warnings or []
        told |= {"warnings": len(warnings), "warning_texts": BETWEEN_TEXTS.join(warnings) or None}
        return cls(clip, Outcome.DONE, video, **told)

    def spelled(self, spell: Callable[[str], str]) -> Row:
        """The row with what names parameters put in other words."""
        return replace(
            self,
            message=self.message and spell(self.message),
            warning_texts=self.warning_texts and spell(self.warning_texts),
        )


def films(video: Sequence[Path]) -> str:
    """The films of a clip in one cell."""
    from motionrecon.batch.lists import BETWEEN

    return f" {BETWEEN} ".join(map(str, video))


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
