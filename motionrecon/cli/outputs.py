"""What commands call what they write, and that they replace nothing unasked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from motionrecon.core.files import check_folder
from motionrecon.errors import InputError, OutputError


def called_after(result: Path) -> str:
    """What is made of a result is called: ``walk`` of ``walk_motionrecon`` or of the motion.npz in it."""
    whole = result.resolve()
    name = whole.parent.name if whole.suffix == ".npz" else whole.name
    return name.removesuffix("_motionrecon") or "motion"


def check_output(files: Sequence[Path], force: bool) -> None:
    """Raise, before any work, where a file cannot be written, or would replace another unasked.

    Args:
        files: the one of the user's choice, and those that are written beside it.
        force: whether they may replace others.

    Raises:
        OutputError: there is no such folder, or a file is there already.
    """
    check_folder(files[0])
    there = [file for file in files if os.path.lexists(file)]
    if there and not force:
        raise OutputError(f"{there[0]} is there already; replace it with force=True, or choose another name")


def check_made_folder(output: Path | None) -> None:
    """Raise an InputError for a folder that cannot be made, or written into."""
    if output is None:
        return
    there = next(one for one in (output.absolute(), *output.absolute().parents) if one.exists())
    if not there.is_dir():
        raise InputError(f"output={output}: {there} is a file; name a folder, which is made")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"output={output}: {there} may not be written into; name another folder")
