"""How good a result is, from its report, in lines for people who read no report."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from motionrecon.result.report import ASSUMED, FOUND, GaitMeans, Report
from motionrecon.verdict.record import Verdict, Word


@dataclass(frozen=True)
class Fact:
    """A line about a result.

    Attributes:
        text: the line.
        meaning: what it says, in a sentence; empty where the line says it.
        warns: whether it is a warning.
    """

    text: str
    meaning: str = ""
    warns: bool = False


#: Name in a report's quality section -> what it is called here, its unit, and what it means.
_KNOWN = {
    "reprojection_px": (
        "Distance from the film",
        "px",
        "How far the body lies, on average, from where its joints were found in the film, in pixels of the film.",
    ),
    "reprojection_percent": (
        "Distance, of body height",
        "%",
        "The distance from the film as a share of the person's height in the film: the smaller, the better.",
    ),
    "skate_percent": (
        "Sliding feet",
        "% of frames",
        "In so many frames a foot slides over the floor although it is down.",
    ),
    "penetration_mm": (
        "Feet below the floor",
        "mm",
        "How deep the soles are in the floor, on average.",
    ),
    "float_mm": (
        "Feet above the floor",
        "mm",
        "How high the lower foot is above the floor, on average; both are in the air in a run or a jump.",
    ),
}
#: How a focal length that nobody gave was had -> what that means.
_LENSES = {
    ASSUMED: "Nobody gave the camera's focal length, and the film does not tell it: how far away the person is scales "
    "with it.",
    FOUND: "The film told the camera's focal length, by how the camera turned or by straight lines behind the person.",
}


def _verdict(verdict: Verdict) -> list[Fact]:
    """The word, what it means, and its reasons."""
    meaning = "How far the joints are expected to be from where they were, judged by clips whose truth is known"
    if verdict.expected_force_percent is not None:
        meaning += (
            ", and the vertical ground force on both feet from what it was, on average over each moment in stance"
        )
    return [Fact(f"Verdict: {verdict}", f"{meaning}.", warns=verdict.word is Word.POOR)]


def _gait(gait: GaitMeans) -> list[Fact]:
    """How fast somebody walks or runs, and how long the steps are."""
    told = (
        (gait.speed, "{:.2f} m/s"),
        (gait.cadence, "{:.0f} steps/min"),
        (gait.step_length, "steps of {:.2f} m"),
    )
    text = ", ".join(form.format(value) for value, form in told if value is not None and isfinite(value))
    counted = f"{gait.strides} whole stride" + "s" * (gait.strides != 1)
    meaning = f"Mean over {counted}; lengths and speed scale with the person's height."
    return [Fact(f"{gait.kind.capitalize()}s: {text}", meaning)] if text else []


def facts_of(report: Report) -> list[Fact]:
    """The numbers of the report's quality section, what it says of gait and of cameras, and its warnings."""
    found = [] if report.verdict is None else _verdict(report.verdict)
    for name, value in (report.quality or {}).items():
        if value is not None and isfinite(value):
            called, unit, meaning = _KNOWN.get(name, (name.replace("_", " ").capitalize(), "", ""))
            found.append(Fact(f"{called}: {round(value, 1):g} {unit}".rstrip(), meaning))
    if report.belt_speed is not None:
        meaning = "The person walks over a treadmill's belt, past which the camera is carried."
        found.append(Fact(f"Treadmill: {report.belt_speed:.2f} m/s", meaning))
    found += [] if report.gait is None else _gait(report.gait)
    for camera in report.cameras or ():
        away = "" if camera.reprojection_px is None else f"{camera.reprojection_px:.3g} px from the film, "
        found.append(Fact(f"{camera.name}: {away}begins at {camera.offset:.3f} s"))
    if (lens := report.camera) is not None and lens.focal_length in _LENSES:
        found.append(Fact(f"Focal length: {lens.focal_px:.4g} px, {lens.focal_length}", _LENSES[lens.focal_length]))
    return found + [Fact(f"Warning: {warning}", warns=True) for warning in report.warnings or ()]
