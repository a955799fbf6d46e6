"""What there is to know of the frame that is shown, and of the frames around it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from motionrecon.result.films import films_of
from motionrecon.viewer.panels.base import Page, Panel, block

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_STANDS = 0.02  # share of the weight on a foot that counts as contact
_COLUMNS = 240  # of the strip of frames
#: What a frame may lack, from the worst; the colour that it has in the strip.
_LACKS = {"nobody seen": "#8a8d93", "not simulated": "#e0b25a"}


class ReadoutPanel(Panel):
    """The frame's number, time and forces, and a strip of all frames in which those that lack something are marked."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._marks = list(marks(page.motion))
        self._words = page.gui.add_html("")
        self._strip = page.gui.add_html("") if self._marks else None

    def refresh(self, frame: int) -> None:
        page = self.page
        self._words.content = readout(page.motion, page.poses, frame)
        if self._strip is not None:
            self._strip.content = strip(self._marks, (frame + 0.5) / len(page.motion))


def readout(motion: Motion, poses: Poses, frame: int) -> str:
    """HTML: the frame's number and time, whether the person was seen, and what each foot carries."""
    lines = [f"<b>{frame / motion.fps:.2f} s</b> &nbsp; frame {frame} of 0–{len(motion) - 1}"]
    if not motion.tracked[frame]:
        lines.append("The person was not seen in this frame")
    elif unseen := [film.name for i, film in enumerate(films_of(motion)) if not motion.tracked_in(i)[frame]]:
        lines.append(html.escape(f"Not seen by {', '.join(unseen)}"))
    if not poses.force.any():
        lines.append("No simulated forces in this motion")
        return block(*lines)
    without = "not simulated" if len(motion.ctrl) and not motion.simulated[frame] else "in the air"
    for foot, force in zip(poses.feet, np.linalg.norm(poses.force[frame], axis=1), strict=True):
        name = html.escape(foot.replace("_", " ").capitalize())
        share = force / poses.weight
        lines.append(f"{name}: {force:.0f} N, {share:.2f} × weight" if share > _STANDS else f"{name}: {without}")
    return block(*lines)


def marks(motion: Motion) -> Iterator[tuple[float, float, str]]:
    """Runs of frames that lack something: from where to where, as shares of the motion, and what (see `_LACKS`).

    A run that is too short to be seen in the strip is drawn as wide as its columns are.
    """
    lacking = np.where(~motion.tracked, 2, np.where(~motion.simulated & bool(len(motion.ctrl)), 1, 0))
    columns = min(len(motion), _COLUMNS)
    worst = np.maximum.reduceat(lacking, np.arange(columns) * len(motion) // columns)
    start = 0
    for kind, run in groupby(worst.tolist()):
        end = start + len(list(run))
        if kind:
            yield start / columns, end / columns, ("not simulated", "nobody seen")[kind - 1]
        start = end


def strip(marks: list[tuple[float, float, str]], now: float) -> str:
    """HTML of a bar from the first frame to the last with `marks` in it, and a line at ``now`` (0 to 1)."""

    def bar(start: float, width: str, colour: str) -> str:
        place = f"position: absolute; top: 0; height: 100%; left: {100 * start:.2f}%; width: {width}"
        return f'<div style="{place}; background: {colour}"></div>'

    bars = [bar(start, f"{100 * (end - start):.2f}%", _LACKS[what]) for start, end, what in marks]
    bars.append(bar(now, "2px", "#1c6fd0"))
    found = {what for _, _, what in marks}
    legend = " &nbsp; ".join(
        f'<span style="color: {colour}">■</span> {what}' for what, colour in _LACKS.items() if what in found
    )
    frame = "position: relative; height: 0.7em; margin: 0.2em 1em 0; background: #dfe3e8; border-radius: 2px"
    return f'<div style="{frame}">{"".join(bars)}</div>{block(legend)}'
