"""``motionrecon demo``: the whole road once, on a clip whose truth is known."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from motionrecon.cli.command import command
from motionrecon.cli.flags import Output, Switch
from motionrecon.cli.reconstruct import run


@command
def demo(*, output: Output = None, force: Switch = False, quiet: Switch = False) -> None:
    """Reconstruct a clip that comes with motionrecon, and print the error against its exact ground truth.

    Args:
        output: the folder for the result; where not given it is demo_motionrecon, and an older demo is replaced.
        force: write into a folder that already holds a result, replacing it.
        quiet: no progress bars and no summary; the errors are still printed.
    """
    from motionrecon import demo as example

    folder = output or Path("demo_motionrecon")
    replace = force or (output is None and example.is_demo(folder))
    motion = run(example.video(), folder, quiet, force=replace, **example.given())
    print(example.as_text(example.compare(motion)))
    if not quiet:
        print(f"to look at it, run: {shlex.join([_program(), 'view', str(folder)])}")


def _program() -> str:
    """How the user calls motionrecon: by its name, or, from an environment that is not activated, by its path."""
    called = sys.argv[0]
    return called if Path(called).stem == "motionrecon" and shutil.which("motionrecon") is None else "motionrecon"
