"""The table of a batch, as CSV for programs and as a page for people."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from motionrecon.batch.row import BETWEEN_TEXTS, Outcome, Row
from motionrecon.core.files import atomic
from motionrecon.result.folder import RESULT

CSV, PAGE = "table.csv", "table.html"
#: Figures on the page: the column's head, the field, and the digits after the point.
_FIGURES = (
    ("joints expected off, mm", "expected_mm", 0),
    ("force in stance expected off, %", "expected_force_percent", 0),
    ("frames", "frames", 0),
    ("fps", "fps", 2),
    ("seen, %", "tracked_percent", 0),
    ("simulated, %", "simulated_percent", 0),
    ("treadmill, m/s", "belt_speed", 2),
    ("speed of gait, m/s", "speed_m_s", 2),
    ("steps a minute", "cadence_steps_min", 0),
    ("length of a step, m", "step_length_m", 2),
    ("reprojection, px", "reprojection_px", 1),
    ("reprojection, % of height", "reprojection_percent", 1),
    ("skating, %", "skate_percent", 0),
    ("penetration, mm", "penetration_mm", 1),
    ("height, m", "height_m", 2),
    ("windows followed", "followed", 0),
    ("of windows", "windows", 0),
    ("warnings", "warnings", 0),
    ("seconds", "seconds", 0),
)
#: What a cell may not begin with: a spreadsheet would take it for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c22; --soft: #666 }
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem }
h1 { font-size: 1.2rem; margin: 0 } p { margin: .3rem 0 1rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .35rem .55rem; text-align: right; vertical-align: bottom; white-space: nowrap }
thead th { white-space: normal }
tbody { border-top: 1px solid var(--line) }
th:first-child, .outcome, .verdict, .files, .said td { text-align: left }
.said td { white-space: normal; overflow-wrap: anywhere; padding-top: 0; color: var(--soft); max-width: 60rem }
.failed .outcome, .failed .said td { color: var(--bad) } .waiting { color: var(--soft) }
@media (prefers-color-scheme: dark) { :root { --bad: #f77; --soft: #aaa } }
"""


def write_table(rows: Sequence[Row], folder: Path) -> None:
    """Write table.csv and table.html into the folder of a batch, whole at any moment.

    Raises:
        OutputError: they cannot be written.
    """
    for name, text in ((CSV, as_csv(rows)), (PAGE, as_page(rows, folder.name))):
        with atomic(folder / name) as file:
            # Names of files may hold bytes that are no text.
            file.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")


def as_csv(rows: Sequence[Row]) -> str:
    """All that a row holds, a line each, with the fields' names in the first; empty where nothing is known."""
    names = [field.name for field in fields(Row)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(getattr(row, name)) for name in names] for row in rows)
    return text.getvalue()


def as_page(rows: Sequence[Row], title: str) -> str:
    """One HTML page without anything from outside; it links to the files of results that lie beside it."""
    count = {outcome: sum(row.outcome == outcome for row in rows) for outcome in Outcome}
    said = ", ".join(f"{number} {outcome}" for outcome, number in count.items() if number)
    heads = "".join(f"<th>{html.escape(head)}</th>" for head, _, _ in _FIGURES)
    lines = "\n".join(_line(row) for row in rows)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{html.escape(title)}</title><style>{_STYLE}</style></head>
<body><h1>{html.escape(title)}</h1><p>{len(rows)} clips: {said or "none"}</p>
<div class="wide"><table>
<thead><tr><th>clip</th><th class="outcome">outcome</th>
<th class="verdict">verdict</th><th class="files">files</th>{heads}</tr></thead>
{lines}
</table></div></body></html>
"""


def _line(row: Row) -> str:
    """The table's row, and below it what is to be said of the clip."""
    figures = "".join(f"<td>{_number(getattr(row, name), digits)}</td>" for _, name, digits in _FIGURES)
    there = RESULT if row.outcome is Outcome.DONE else ()
    files = " ".join(f'<a href="{quote(row.clip)}/{quote(name)}">{Path(name).suffix[1:]}</a>' for name in there)
    name, said = html.escape(row.clip), "".join(f"<div>{html.escape(text)}</div>" for text in _said(row))
    return (
        f'<tbody class="{row.outcome}"><tr><th scope="row" title="{html.escape(row.video)}">{name}</th>'
        f'<td class="outcome">{row.outcome}</td><td class="verdict">{row.verdict or ""}</td>'
        f'<td class="files">{files}</td>{figures}</tr>'
        + (f'<tr class="said"><td colspan="{len(_FIGURES) + 4}">{said}</td></tr>' if said else "")
        + "</tbody>"
    )


def _said(row: Row) -> Iterator[str]:
    """What is to be said of a clip in words: what to look at first."""
    if row.message:
        yield row.message
    for text in (row.warning_texts or "").split(BETWEEN_TEXTS):
        if text:
            yield f"warning: {text}"
    if row.reasons:
        yield f"worse than usual for: {row.reasons.replace(BETWEEN_TEXTS, '; ')}"
    if row.no_gait:
        yield f"no gait: {row.no_gait}"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = " ".join(str(value).split("\n"))
    return f"'{text}" if text.startswith(_FORMULA) else text
