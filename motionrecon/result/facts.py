"""What a result is: in a few lines, or in fields for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from motionrecon.mechanics import gait_words
from motionrecon.mechanics.gait import gait
from motionrecon.result.motion import Motion
from motionrecon.result.report import CameraFound, CameraOfSeveral, Report


def facts_of(folder: Path) -> dict[str, str | int]:
    """What a result is, in words, by name.

    Raises:
        InputError: there is no result, or a damaged one.
    """
    motion = Motion.load(folder)
    report = motion.report
    found: dict[str, str | int | None] = {
        "result": str(folder),
        "films" if report.cameras else "film": ", ".join(_films(report)) or None,
        "frames": f"{len(motion)} at {motion.fps:.4g} per second, {len(motion) / motion.fps:.2f} s{_of_film(motion)}; "
        f"person seen in {int(motion.tracked.sum())}, simulated in {int(motion.simulated.sum())}",
        "verdict": None if report.verdict is None else str(report.verdict),
        "height": None if report.person is None else _height(report.person.height, report.height_from),
        "treadmill": None if report.belt_speed is None else f"{report.belt_speed:.2f} m/s, found from the feet",
        "focal length": None if report.camera is None else _focal_length(report.camera, report.cameras or ()),
        "mass": None if report.person is None else _mass(report),
        "warnings": "\n  ".join([str(len(report.warnings or ())), *(report.warnings or ())]),
    }
    return {name: value for name, value in found.items() if value is not None} | gait_words.in_lines(
        gait(motion), report
    )


def record_of(folder: Path) -> dict[str, Any]:
    """What a result is, for programs: `facts_of` in fields, most of them as ``report.json`` has them.

    What nothing is known of is null, or an empty list.

    Raises:
        InputError: there is no result, or a damaged one.
    """
    motion = Motion.load(folder)
    report = motion.report
    cameras = report.cameras or ([report.camera] if report.camera else [])
    return {
        "result": str(folder),
        "films": _films(report),
        "frames": {
            "total": len(motion),
            "tracked": int(motion.tracked.sum()),
            "simulated": int(motion.simulated.sum()),
            "fps": motion.fps,
            "seconds": len(motion) / motion.fps,
        },
        "verdict": None if report.verdict is None else report.verdict.to_json(),
        "person": None
        if report.person is None
        else {
            "height": report.person.height,
            "height_from": report.height_from or None,
            "mass": report.person.mass,
            "mass_from": _mass_from(report),
            "sex": report.person.sex,
            "age": report.person.age,
            "body": report.person.body,
        },
        "belt_speed": report.belt_speed,
        "cameras": [
            {"name": one.get("name"), "focal_px": one.focal_px, "focal_length": one.focal_length, "pose": one.pose}
            for one in cameras
        ],
        "warnings": list(report.warnings or ()),
        "gait": gait_words.as_json(gait(motion), report),
    }


def _of_film(motion: Motion) -> str:
    """Which seconds of its film a motion is of, where these are others than its own; empty where they are not."""
    begin, end = motion.clock.shown_at(0), motion.clock.shown_at(len(motion))
    own = motion.clock.told((0, len(motion))) == f"0.00 to {len(motion) / motion.fps:.2f} s"
    return "" if own else f" ({begin:.2f} to {end:.2f} s of the film)"


def _films(report: Report) -> list[str]:
    """The film that the motion was made from, or each of several cameras' where there was one."""
    if report.cameras:
        return [camera.video for camera in report.cameras if camera.video is not None]
    return [report.source.video] if report.source is not None and report.source.video is not None else []


def _focal_length(camera: CameraFound, several: Sequence[CameraOfSeveral]) -> str:
    """Of the camera, or of each of several, and whether it was given, found or assumed."""
    each = ", ".join(f"{one.name} {one.focal_px:.4g} px" for one in several) or f"{camera.focal_px:.4g} px"
    return f"{each}, {camera.focal_length}"


def _mass(report: Report) -> str:
    assert report.person is not None
    return ", ".join(filter(None, [f"{report.person.mass:.1f} kg", _mass_from(report)]))


def _mass_from(report: Report) -> str | None:
    """Whether somebody said the mass, or height and age told it; None of older results."""
    if report.options is None or "mass" not in report.options:
        return None
    return "estimated" if report.options["mass"] is None else "given"


def _height(height: float, known: str) -> str:
    return f"{height:.2f} m{f', {known}' if known else ''}"
