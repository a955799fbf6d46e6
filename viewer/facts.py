"""How good a result is, from its report, in lines."""

from __future__ import annotations

from motionrecon.result.report import Report

#: Endings of the names in a report's quality section, and the units that they stand for.
_UNITS = {"px": "px", "percent": "%", "mm": "mm", "s": "s"}


def facts_of(report: Report) -> list[str]:
    """The numbers of the report's quality section, what it says of several cameras, and its warnings, one a line."""
    lines = []
    for name, value in (report.quality or {}).items():
        if value is not None:
            what, _, unit = name.rpartition("_")
            if unit not in _UNITS:
                what, unit = name, ""
            lines.append(f"{what.replace('_', ' ').capitalize()}: {value:.3g} {_UNITS.get(unit, '')}".rstrip())
    for camera in report.cameras or ():
        away = "" if camera.reprojection_px is None else f"{camera.reprojection_px:.3g} px, "
        lines.append(f"{camera.name}: {away}begins at {camera.offset:.3f} s")
    return lines + [f"Warning: {warning}" for warning in report.warnings or ()]
