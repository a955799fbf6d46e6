"""All plots of a motion, into a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.core.files import atomic
from motionrecon.errors import InputError
from motionrecon.mechanics.summary import Mechanics, mechanics
from motionrecon.plots import draw, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motionrecon.plots.panels import Panel
    from motionrecon.result.motion import Motion

#: What can be plotted -> its title.
PLOTS: dict[str, str] = {
    "forces": "Ground force on each foot (simulated)",
    "cop": "Centre of pressure and centre of mass, from above",
    "angles": "Joint angles",
    "moments": "Internal joint moments (of the muscles on the distal segment; signed as the angles)",
    "power": "Joint power (positive drives the motion)",
    "com": "Centre of mass",
}
#: Those that need physics.
_OF_FORCES = ("forces", "cop", "moments", "power")
#: Those that are shown over a gait cycle as well.
OF_CYCLES = ("forces", "angles", "moments", "power")
FORMATS = ("png", "svg")
_DPI = 150


def write_plots(
    motion: Motion,
    folder: str | Path,
    *,
    only: Sequence[str] = (),
    formats: Sequence[str] = ("png",),
    force: bool = False,
) -> list[Path]:
    """Plot a motion over time, and over the gait cycle of who walks or runs forward, into files ``angles.png``, ....

    Args:
        motion: what is plotted.
        folder: where; it is made if it is missing.
        only: names of `PLOTS`; all that the motion has if empty. Without physics there are angles and com only.
        formats: png and svg.
        force: replace files that are there, but never one that the motion was made from.

    Returns:
        The files.

    Raises:
        InputError: a name or a format is unknown, or a plot needs physics that the motion lacks.
        OutputError: a file is there already (and not ``force``), or cannot be written.
    """
    _check("only", only, PLOTS)
    _check("formats", formats, FORMATS)
    physical = bool(motion.simulated.any())
    lacking = [name for name in only if name in _OF_FORCES and not physical]
    if lacking:
        raise InputError(f"only={lacking[0]}: this motion was not simulated, so it has no forces to plot")
    chosen = only or [name for name in PLOTS if physical or name not in _OF_FORCES]
    found = mechanics(motion)
    figures = {stem: figure for name in chosen for stem, figure in _figures(name, motion, found)}
    files = {Path(folder) / f"{stem}.{kind}": (figure, kind) for stem, figure in figures.items() for kind in formats}
    motion.check_output(list(files), force)
    for path, (figure, kind) in files.items():
        _save(figure, path, kind)
    return list(files)


def _figures(name: str, motion: Motion, found: Mechanics) -> Iterator[tuple[str, Figure]]:
    title = PLOTS[name]
    if name == "cop":
        yield name, draw.from_above(title, motion, found)
        return
    rows = _PANELS[name](motion, found)
    yield name, draw.over_time(title, rows, motion, found)
    cycle = draw.over_cycle(f"{title}, over the gait cycle", rows, motion, found) if name in OF_CYCLES else None
    if cycle is not None:
        yield f"{name}_cycle", cycle


_PANELS: dict[str, Callable[[Motion, Mechanics], list[list[Panel]]]] = {
    "forces": panels.force_panels,
    "angles": panels.angle_panels,
    "moments": panels.moment_panels,
    "power": panels.power_panels,
    "com": panels.mass_panels,
}


def _save(figure: Figure, path: Path, kind: str) -> None:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    # Text in an SVG stays text, and the same motion gives the same file.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "motionrecon"}), atomic(path) as temporary:
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(temporary, format=kind, dpi=_DPI, metadata=metadata, facecolor="white")


def _check(parameter: str, given: Sequence[str], known: Sequence[str] | dict[str, str]) -> None:
    for name in given:
        if name not in known:
            raise InputError(f"{parameter}={name}: it is none of {', '.join(known)}")
