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
    """The numbers of the report's quality section and its warnings, one a line."""
    lines = []
    for name, value in (report.quality or {}).items():
        if value is not None:
            what, _, unit = name.rpartition("_")
            if unit not in _UNITS:
                what, unit = name, ""
            lines.append(f"{what.replace('_', ' ').capitalize()}: {value:.3g} {_UNITS.get(unit, '')}".rstrip())
    return lines + [f"Warning: {warning}" for warning in report.warnings or ()]
