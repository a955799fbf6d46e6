"""``motionrecon plot``: curves of a result as pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from motionrecon.cli.command import command
from motionrecon.cli.flags import Many, Switch
from motionrecon.cli.outputs import called_after


@command
def plot(
    folder: Path,
    output: Path | None = None,
    /,
    *,
    only: Many[str] = (),
    formats: Annotated[
        tuple[str, ...], Parameter(consume_multiple=True, negative="", show_default=lambda names: ", ".join(names))
    ] = ("png",),
    force: Switch = False,
    quiet: Switch = False,
) -> None:
    """Plot a result: ground forces, centre of pressure, joint angles, moments, power, centre of mass.

    Left and right are in one plot, with the time that each foot is on the ground; where somebody walks or
    runs forward for a whole stride, the same stands over the gait cycle too, from foot strike to foot strike.

    Args:
        folder: the folder of a result.
        output: the folder for the plots; where not given, it is called after the result, with _plots, and lies in the
            current folder.
        only: of forces, cop, angles, moments, power, com; all where not given.
        formats: png, svg, or both.
        force: replace plots that are there, but never a file that the motion was made from.
        quiet: do not print the names of the plots; warnings and errors show.
    """
    from motionrecon.mechanics.gait import gait
    from motionrecon.plots import write_plots
    from motionrecon.plots.write import OF_CYCLES
    from motionrecon.result.motion import Motion

    target = output or Path(f"{called_after(folder)}_plots")
    motion = Motion.load(folder)
    written = write_plots(motion, target, only=only, formats=formats, force=force)
    if not quiet:
        print(*written, sep="\n")
        cycles_asked = motion.simulated.any() and set(only or OF_CYCLES) & set(OF_CYCLES)
        if cycles_asked and not any(path.stem.endswith("_cycle") for path in written):
            print(f"nothing is shown over a gait cycle: {gait(motion).reason}", file=sys.stderr)
