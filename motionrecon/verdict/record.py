"""The verdict on a motion, as the report holds it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from motionrecon.core.records import Record


class Word(StrEnum):
    """How good a motion is."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@dataclass(frozen=True, eq=False)
class Verdict(Record):
    """How far a motion is expected to be from the truth, and why.

    Attributes:
        word: good, fair or poor: the worse of what joints and forces deserve.
        expected_mm: mean distance of the limbs' joints from the truth, about the hips, millimetres (MPJPE), as it is
            expected of clips that look like this one.
        reasons: what makes it worse than usual, in words, the worst first.
        expected_force_percent: mean error of the vertical ground force on both feet together, frame by frame and not
            smoothed, over those in stance, percent of what they bear there, forces being told in weights of the body;
            that on one foot errs more. None where nothing was simulated, and where most frames show no foot.
        signs: the numbers that it is founded on, by their names in `motionrecon.verdict.signs` and
            `motionrecon.verdict.forces`; those that tell nothing are left out.
    """

    word: Word
    expected_mm: float
    reasons: list[str]
    expected_force_percent: float | None = None
    signs: dict[str, float] | None = None

    def __str__(self) -> str:
        force = ""
        if self.expected_force_percent is not None:
            force = f", the vertical ground force {self.expected_force_percent:.0f} % in stance"
        why = f": {'; '.join(self.reasons)}" if self.reasons else ""
        return f"{self.word}, joints are expected to be {self.expected_mm:.0f} mm off{force}{why}"
