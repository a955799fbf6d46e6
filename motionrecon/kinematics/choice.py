"""A choice that the kinematic fit made from how the person moves, as the report holds it."""

from __future__ import annotations

from dataclasses import dataclass

from motionrecon.core.records import Record


@dataclass(frozen=True, eq=False)
class Choice(Record):
    """What the kinematic fit did otherwise than for a walker.

    Attributes:
        name: "hurries", "runs", "accelerates", "rests" or "lies".
        because: what the motion shows, in words.
        so: what the fit did there, in words.
        frames: in how many frames.
        most: by how many times a walker's standard deviations were widened, at most; None where that is no matter of
            degree.
    """

    name: str
    because: str
    so: str
    frames: int
    most: float | None = None
