"""How good the result is, from its report."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import Any

from motionrecon.viewer.panels.base import Page, Panel, block

#: Endings of the names in a report's quality section, and the units that they stand for.
_UNITS = {"px": "px", "percent": "%", "mm": "mm", "s": "s"}


class Quality(Panel):
    """The numbers of the report's quality section, and its warnings; nothing where there are none."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        lines = report_lines(page.motion.report)
        if lines:
            with page.gui.add_folder("Quality"):
                page.gui.add_html(block(*(html.escape(line) for line in lines)))


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """The numbers of the report's quality section and its warnings, one a line.

    A report is a file that anybody may have edited: what is not as it should be is left out.
    """
    lines = []
    quality = report.get("quality")
    for name, value in quality.items() if isinstance(quality, Mapping) else ():
        if isinstance(name, str) and isinstance(value, int | float) and not isinstance(value, bool):
            what, _, unit = name.rpartition("_")
            if unit not in _UNITS:
                what, unit = name, ""
            lines.append(f"{what.replace('_', ' ').capitalize()}: {_short(value)} {_UNITS.get(unit, '')}".rstrip())
    warnings = report.get("warnings")
    given = warnings if isinstance(warnings, list | tuple) else ()
    return lines + [f"Warning: {text}" for text in given if isinstance(text, str)]


def _short(value: float) -> str:
    try:
        return f"{value:.3g}"
    except OverflowError:  # an integer beyond all floats
        return f"{math.inf if value > 0 else -math.inf}"
