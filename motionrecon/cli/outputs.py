"""What commands call what they write, and which folders they may make."""

from __future__ import annotations

import os
from pathlib import Path

from motionrecon.errors import InputError


def called_after(result: Path) -> str:
    """What is made of a result is called: ``walk`` of ``walk_motionrecon`` or of the motion.npz in it."""
    whole = result.resolve()
    name = whole.parent.name if whole.suffix == ".npz" else whole.name
    return name.removesuffix("_motionrecon") or "motion"


def check_made_folder(output: Path | None) -> None:
    """Raise an InputError for a folder that cannot be made, or written into."""
    if output is None:
        return
    there = next(one for one in (output.absolute(), *output.absolute().parents) if one.exists())
    if not there.is_dir():
        raise InputError(f"output={output}: {there} is a file; name a folder, which is made")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"output={output}: {there} may not be written into; name another folder")
