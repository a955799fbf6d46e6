"""What a result is, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from motionrecon.mechanics import gait_words
from motionrecon.mechanics.gait import gait
from motionrecon.result.motion import Motion
from motionrecon.result.report import CameraFound, CameraOfSeveral


def facts_of(folder: Path, *, plain: bool = False) -> dict[str, Any]:
    """Facts by name.

    Args:
        folder: of a result.
        plain: what there is to tell of gait as JSON has it, in numbers, rather than in lines.

    Raises:
        InputError: there is no result, or a damaged one.
    """
    motion = Motion.load(folder)
    report, walk = motion.report, gait(motion)
    found: dict[str, Any] = {
        "result": str(folder),
        "film": None if report.source is None else report.source.video,
        "frames": f"{len(motion)} at {motion.fps:.4g} per second, {len(motion) / motion.fps:.2f} s; "
        f"person seen in {int(motion.tracked.sum())}, simulated in {int(motion.simulated.sum())}",
        "verdict": None if report.verdict is None else str(report.verdict),
        "height": None if report.person is None else _height(report.person.height, report.height_from),
        "focal length": None if report.camera is None else _focal_length(report.camera, report.cameras or ()),
        "warnings": len(report.warnings or ()),
    }
    found = {name: value for name, value in found.items() if value is not None}
    return found | ({"gait": gait_words.as_json(walk, report)} if plain else gait_words.in_lines(walk, report))


def _focal_length(camera: CameraFound, several: Sequence[CameraOfSeveral]) -> str:
    """Of the camera, or of each of several, and whether it was given, found or assumed."""
    each = ", ".join(f"{one.name} {one.focal_px:.4g} px" for one in several) or f"{camera.focal_px:.4g} px"
    return f"{each}, {camera.focal_length}"


def _height(height: float, known: str) -> str:
    return f"{height:.2f} m{f', {known}' if known else ''}"
