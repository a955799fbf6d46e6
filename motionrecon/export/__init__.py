"""Motions in other programs' formats.

Only here do other axes, degrees and other units exist. A format is a module with ``write(motion, path)`` and a line in
``FORMATS``.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.errors import InputError

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: File suffix -> the module that writes it.
FORMATS: dict[str, str] = {
    ".bvh": "motionrecon.export.bvh",
}


def export(motion: Motion, path: str | Path) -> None:
    """Write ``motion`` in the format that the suffix of ``path`` names.

    Raises:
        InputError: no such format.
        OutputError: the file cannot be written.
    """
    import_module(FORMATS[format_of(path)]).write(motion, path)


def format_of(path: str | Path) -> str:
    """The suffix of ``path``, in lower case.

    Raises:
        InputError: no such format.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"cannot export to {path}: unknown suffix {suffix!r}; use one of {', '.join(FORMATS)}")
    return suffix
