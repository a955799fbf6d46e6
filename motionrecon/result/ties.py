"""What ties the files of a result to each other: ``report.json`` holds the SHA-256 of those beside it, and its own.

Controls replay to the motion only with the very model that they were found for. Files of earlier versions, and reports
that somebody made by hand, hold no hashes, and nothing is said of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from motionrecon.core.files import ARRAYS_LIMIT, parse_json, sha256
from motionrecon.result.folder import REPORT

FILES, SEAL = "files", "sha256"
_BLANK = "0" * 64
_REPORT_CHANGED = f"{REPORT} was changed after it was written; what it says may not be so"
_AT_END = re.compile(rf'(?<="{SEAL}": ")[0-9a-f]{{64}}(?="\n}}\n\Z)')
#: Halves of characters, which stand for the bytes of names that are not UTF-8, and which no UTF-8 can hold.
_LONE = re.compile("[\ud800-\udfff]")


def tied(report: Mapping[str, Any], folder: Path, names: Iterable[str]) -> str:
    """The text of a report that is tied to the files ``names`` in ``folder``, which are written already.

    Args:
        report: values that JSON can hold.
        folder: where the files are.
        names: which.
    """
    hashes = {name: sha256(folder / name) for name in names}
    text = json.dumps({**report, FILES: hashes, SEAL: _BLANK}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    text = _LONE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
    return _AT_END.sub(_digest(text), text)


def untied(
    text: str, folder: Path, names: Iterable[str], written: Mapping[str, str] | None = None
) -> tuple[Any, list[str]]:
    """The report in a text, and which of the files ``names`` in ``folder`` are not what they were when it was written.

    Args:
        text: of ``report.json``.
        folder: where it and the files are.
        names: which.
        written: what the folder itself says of the files in it, their SHA-256 by name; only asked where the report has
            none: then another report was put in its place.

    Returns:
        The JSON value without the hashes, and warnings in words; none where there are no hashes.

    Raises:
        ValueError: the text is not JSON.
        InputError: one of the files cannot be read.
    """
    report = parse_json(text)
    if not isinstance(report, dict) or not (FILES in report or SEAL in report):
        there = (written or {}).get(REPORT)
        return report, [] if there is None or there == sha256(folder / REPORT) else [_REPORT_CHANGED]
    hashes, seal = report.pop(FILES, None), report.pop(SEAL, None)
    warnings = []
    if not isinstance(hashes, dict) or seal != _digest(_AT_END.sub(_BLANK, text)):
        warnings.append(_REPORT_CHANGED)
    if isinstance(hashes, dict):
        warnings += [
            f"{name} was changed after it was written; the controls may no longer replay the motion"
            for name in names
            if sha256(folder / name, ARRAYS_LIMIT) != hashes.get(name)
        ]
    return report, warnings


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
