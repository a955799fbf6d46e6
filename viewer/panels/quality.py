"""How good the result is, from its report."""

from __future__ import annotations

import html

from motionrecon.result.report import Report
from motionrecon.viewer.panels.base import Page, Panel, block

#: Endings of the names in a report's quality section, and the units that they stand for.
_UNITS = {"px": "px", "percent": "%", "mm": "mm", "s": "s"}


class QualityPanel(Panel):
    """The numbers of the report's quality section, and its warnings; nothing where there are none."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        lines = report_lines(page.motion.report)
        if lines:
            with page.gui.add_folder("Quality"):
                page.gui.add_html(block(*(html.escape(line) for line in lines)))


def report_lines(report: Report) -> list[str]:
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
