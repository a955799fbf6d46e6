"""Figures of panels: over time, or over the gait cycle."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.core.sides import SIDES
from motionrecon.mechanics.angles import broken_at_turns
from motionrecon.mechanics.events import FootEvents
from motionrecon.mechanics.gait_words import in_a_line
from motionrecon.mechanics.steps import Stride
from motionrecon.mechanics.summary import Mechanics
from motionrecon.plots.panels import DEGREES, Panel, first_told
from motionrecon.render.colours import LEFT, RIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from motionrecon.result.motion import Motion

_INK, _FAINT = "#30343c", "#c9ced6"
_COLOURS = {"left": "#{:02x}{:02x}{:02x}".format(*LEFT), "right": "#{:02x}{:02x}{:02x}".format(*RIGHT), "": _INK}
#: Points of a cycle: percent.
_PERCENT = np.linspace(0.0, 100.0, 101)
#: Inches: of a panel; between two; and around all, where titles, units and the legend stand.
_PANEL, _GAP = (2.9, 1.5), (1.35, 0.5)
_LEFT, _RIGHT, _TOP, _BELOW = 0.75, 0.75, 0.8, 0.9


def over_time(title: str, rows: list[list[Panel]], motion: Motion, found: Mechanics) -> Figure:
    """Panels over seconds, with stance bars of both feet under each and grey where nothing was simulated."""
    figure, axes = _sheet(title, rows)
    for axis, panel in axes:
        for side, values in panel.lines.items():
            drawn = broken_at_turns(values) if panel.unit == DEGREES else values
            axis.plot(motion.time, drawn, color=_COLOURS.get(side, _INK), lw=1.6)
        _shade(axis, motion.time, ~motion.simulated)
        _add_events(axis, found.events)
        axis.set_xlim(0.0, max(float(motion.time[-1]), 1e-3))
    _label_below(axes, "time (s)")
    notes = ["bars: foot on the ground", "thin upright lines: it comes down"]
    notes += ["grey: not simulated"] * (not motion.simulated.all())
    notes += ["gaps: nobody was seen"] * (not motion.told.all())
    _legend(figure, "; ".join(notes), _sides(rows, found))
    return figure


def over_cycle(title: str, rows: list[list[Panel]], motion: Motion, found: Mechanics) -> Figure | None:
    """Panels over the gait cycle of each side, from foot strike to foot strike: each cycle thin, their mean thick.

    The cycles are the strides that `Mechanics.gait` tells of. What has no side is shown in its own colour over those of
    the left foot, or of the right where the left has none. None where nobody walks or runs forward for a whole stride.
    """
    of_sides = {side: [one for one in found.gait.strides if one.side == side] for side in SIDES}
    cycles = {side: strides for side, strides in of_sides.items() if strides}
    if not cycles:
        return None
    leads = "left" if "left" in cycles else next(iter(cycles))
    figure, axes = _sheet(title, rows)
    drawn = dict.fromkeys(cycles, 0)
    for axis, panel in axes:
        for side, values in panel.lines.items():
            colour = _COLOURS.get(side, _INK)
            known = [
                (c, one)
                for c in cycles.get(side or leads, ())
                if np.isfinite(one := _during(c, motion.time, values, turns=panel.unit == DEGREES)).all()
            ]
            own, each = [c for c, _ in known], [one for _, one in known]
            if panel.unit == DEGREES:  # strides that are a full turn apart are the same
                each = [one - 360 * np.round((one.mean() - each[0].mean()) / 360) for one in each]
            drawn[side or leads] = max(drawn.get(side or leads, 0), len(own))
            if len(each) > 1:
                for one in each:
                    axis.plot(_PERCENT, one, color=colour, lw=0.6, alpha=0.6)
            if each:
                axis.plot(_PERCENT, np.mean(each, axis=0), color=colour, lw=1.9)
                off = np.mean([100 * (c.off - c.start) / (c.end - c.start) for c in own])
                axis.axvline(float(off), color=colour, lw=0.9, ls=(0, (4, 3)))
        axis.set_xlim(0.0, 100.0)
    _label_below(axes, "gait cycle (%)")
    counts = ", ".join(f"{side}: {count}" for side, count in drawn.items())
    middle = f"; dark: cycles of the {leads} foot" if any("" in panel.lines for row in rows for panel in row) else ""
    _legend(figure, f"cycles: {counts}{middle}; dashed: foot off", list(cycles))
    return figure


def _during(
    stride: Stride, time: Float[np.ndarray, " T"], values: Float[np.ndarray, " T"], *, turns: bool
) -> Float[np.ndarray, " P"]:
    """Values over the percent of a stride; where a full turn is none, without jumps by one."""
    moments = stride.start + _PERCENT / 100 * (stride.end - stride.start)
    if turns:
        near = slice(max(int(np.searchsorted(time, stride.start)) - 1, 0), int(np.searchsorted(time, stride.end)) + 1)
        time, values = time[near], np.unwrap(values[near], period=360)
    return np.asarray(np.interp(moments, time, values))


def from_above(title: str, motion: Motion, found: Mechanics) -> Figure:
    """The paths of the centres of pressure and of the centre of mass, seen from above, in the person's axes."""
    from matplotlib.figure import Figure

    feet, turn = found.feet, found.heading
    start = found.com[first_told(motion), :2]
    mass = np.where(motion.told[:, None], (found.com[:, :2] - start) @ turn.T, np.nan)
    paths = (feet.pressure[..., :2] - start) @ turn.T
    shown = feet.loaded & motion.simulated[:, None]
    figure = Figure(figsize=(9.0, 4.6))
    figure.text(0.017, 0.965, title, fontweight="bold", fontsize=12, color=_INK, va="top")
    axis = figure.add_axes((0.085, 0.235, 0.89, 0.65))
    axis.axhline(0, color=_FAINT, lw=0.8, zorder=0)
    axis.plot(mass[:, 0], mass[:, 1], color=_INK, lw=1.4, label="centre of mass")
    total = (found.feet.total_pressure()[:, :2] - start) @ turn.T
    any_foot = shown.any(axis=1)
    axis.plot(
        *np.where(any_foot[:, None], total, np.nan).T, color="#8a93a1", lw=1.0, ls=":", label="centre of pressure, both"
    )
    for i, name in enumerate(feet.names):
        side = name.partition("_")[0]
        path = np.where(shown[:, i : i + 1], paths[:, i], np.nan)
        load = np.clip(feet.force[:, i, 2] / found.weight, 0.0, None) * shown[:, i]
        colour = _COLOURS.get(side, _INK)
        axis.plot(path[:, 0], path[:, 1], color=colour, lw=1.2, label=f"centre of pressure, {side}")
        axis.scatter(path[:, 0], path[:, 1], s=26 * load, color=[colour], lw=0)
    axis.set_aspect("equal", adjustable="datalim")
    axis.set(xlabel="forward (m)", ylabel="to the left (m)")
    _plain(axis)
    figure.legend(loc="lower left", ncols=4, frameon=False, fontsize=9)
    figure.text(0.975, 0.955, in_a_line(found.gait), fontsize=9, color=_INK, va="top", ha="right")
    return figure


def _sheet(title: str, rows: list[list[Panel]]) -> tuple[Figure, list[tuple[Axes, Panel]]]:
    """A figure with a place for each panel."""
    from matplotlib.figure import Figure

    columns = max(len(row) for row in rows)
    wide = max(columns * (_PANEL[0] + _GAP[0]) - _GAP[0], 6.0)
    high = len(rows) * (_PANEL[1] + _GAP[1]) - _GAP[1]
    size = (_LEFT + wide + _RIGHT, _BELOW + high + _TOP)
    figure = Figure(figsize=size)
    figure.text(0.15 / size[0], 1 - 0.2 / size[1], title, fontweight="bold", fontsize=12, color=_INK, va="top")
    grid = figure.add_gridspec(
        len(rows),
        columns,
        left=_LEFT / size[0],
        right=1 - _RIGHT / size[0],
        bottom=_BELOW / size[1],
        top=1 - _TOP / size[1],
        wspace=_GAP[0] / _PANEL[0],
        hspace=_GAP[1] / _PANEL[1],
    )
    axes: list[tuple[Axes, Panel]] = []
    first = None
    for i, row in enumerate(rows):
        for k, panel in enumerate(row):
            axis = figure.add_subplot(grid[i, k], sharex=first)
            first = first or axis
            _dress(axis, panel)
            axes.append((axis, panel))
    return figure, axes


def _dress(axis: Axes, panel: Panel) -> None:
    axis.set_title(panel.title, fontsize=10, loc="left", color=_INK)
    axis.set_ylabel(panel.unit, fontsize=8.5)
    if panel.zero:
        axis.axhline(0, color=_FAINT, lw=0.9, zorder=0)
    _plain(axis)
    if panel.share is not None:
        share, unit = panel.share
        second = axis.secondary_yaxis("right", functions=(partial(np.multiply, share), partial(np.multiply, 1 / share)))
        second.set_ylabel(unit, fontsize=8.5)
        second.tick_params(labelsize=8, colors=_INK)
        second.spines["right"].set_visible(False)


def _plain(axis: Axes) -> None:
    for edge in ("top", "right"):
        axis.spines[edge].set_visible(False)
    for edge in ("left", "bottom"):
        axis.spines[edge].set_color(_FAINT)
    axis.tick_params(labelsize=8, colors=_INK)
    axis.margins(y=0.12)


def _label_below(axes: list[tuple[Axes, Panel]], label: str) -> None:
    """Names of the horizontal axis under the lowest panel of each column only."""
    lowest = {axis.get_subplotspec().colspan.start: axis for axis, _ in axes}  # type: ignore[union-attr]
    for axis, _ in axes:
        below = axis in lowest.values()
        axis.tick_params(labelbottom=below)
        if below:
            axis.set_xlabel(label, fontsize=8.5)


def _shade(axis: Axes, time: Float[np.ndarray, " T"], where: Bool[np.ndarray, " T"]) -> None:
    """Grey where the motion was not simulated."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(int)))
    half = 0.5 * (time[1] - time[0]) if len(time) > 1 else 0.0
    for start, end in edges.reshape(-1, 2):
        axis.axvspan(float(time[start] - half), float(time[end - 1] + half), color="#eceff3", lw=0, zorder=-1)


def _add_events(axis: Axes, events: tuple[FootEvents, ...]) -> None:
    """Bars at the bottom while each foot is on the ground, and lines where it comes down."""
    for i, foot in enumerate(events):
        colour = _COLOURS.get(foot.name.partition("_")[0], _INK)
        for start, end in foot.stances.tolist():
            axis.plot(
                [start, end], [0.012 + 0.03 * i] * 2, color=colour, lw=2.6, alpha=0.85, solid_capstyle="butt",
                transform=axis.get_xaxis_transform(),
            )  # fmt: skip
        for time in foot.strikes:
            axis.axvline(float(time), color=colour, lw=0.6, alpha=0.5, zorder=0)


def _sides(rows: list[list[Panel]], found: Mechanics) -> list[str]:
    """The sides that are drawn: as lines, or as feet on the ground."""
    drawn = {side for row in rows for panel in row for side in panel.lines}
    drawn |= {foot.name.partition("_")[0] for foot in found.events}
    return [side for side in SIDES if side in drawn]


def _legend(figure: Figure, note: str, sides: Sequence[str]) -> None:
    """What colours and marks mean; colours of sides that are not drawn are left out."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=_COLOURS[side], lw=2.2, label=side) for side in sides]
    handles.append(Line2D([], [], color="none", label=note))
    figure.legend(handles=handles, loc="lower left", ncols=len(handles), frameon=False, fontsize=9, handlelength=1.4)
