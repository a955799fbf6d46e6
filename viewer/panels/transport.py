"""Play, pause, seek and step, and what there is to know of the frame that is shown."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import viser

from motionrecon.viewer.panels.base import Page, Panel, block
from motionrecon.viewer.timeline import MAX_SPEED, MIN_SPEED

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_PLAY, _PAUSE = viser.Icon.PLAYER_PLAY_FILLED, viser.Icon.PLAYER_PAUSE_FILLED
_HAND_OFF = 0.25  # seconds after the last move of the slider in which only the user moves it
_STANDS = 0.02  # share of the weight on a foot that counts as contact

_COLUMNS = 240  # of the strip of frames
#: What a frame may lack, from the worst; the colour that it has in the strip.
_LACKS = {"nobody seen": "#8a8d93", "not simulated": "#e0b25a"}


class Transport(Panel):
    """The frame's number, time and forces, a strip that marks frames, the slider and its buttons."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        gui, timeline = page.gui, page.timeline
        self._scrubbed = -_HAND_OFF
        self._shown_playing = False
        self._marks = list(marks(page.motion))
        self._readout = gui.add_html("")
        self._strip = gui.add_html("") if self._marks else None
        last = timeline.count - 1
        # viser wants its ends apart; a slider of one frame is put back wherever it is moved.
        self._slider = gui.add_slider("Frame", 0, max(last, 1), 1, 0, disabled=last < 1)
        self._play = gui.add_button("Play", icon=_PLAY, disabled=last < 1)
        steps = gui.add_button_group("Step", ("|◀", "◀", "▶", "▶|"))
        speed = gui.add_slider("Speed", MIN_SPEED, MAX_SPEED, 0.1, timeline.speed, marks=((1.0, "1×"),))
        loop = gui.add_checkbox("Loop", timeline.loop)
        gui.add_html(block("Keys: K play or pause, J back, L forward"))

        # In viser's own loop and not on a thread of its pool: until this has run, a value that the user typed must not
        # be overwritten by the frame that was due before.
        @self._slider.on_update
        async def _(event: viser.GuiEvent[viser.GuiSliderHandle[int]]) -> None:
            if event.client_id is not None:  # None: the viewer itself moved it
                self._scrubbed = time.monotonic()
                timeline.pause()
                timeline.frame = event.target.value
                self._move_slider(timeline.frame)  # what was typed may lie outside the motion

        @steps.on_click
        def _(event: viser.GuiEvent[viser.GuiButtonGroupHandle]) -> None:
            move = event.target.value
            if move in ("◀", "▶"):
                timeline.step(1 if move == "▶" else -1)
            else:
                timeline.pause()
                timeline.frame = 0 if move == "|◀" else last

        def toggle(_: object) -> None:
            if timeline.playing:
                timeline.pause()
            else:
                timeline.play()

        self._play.on_click(toggle)
        speed.on_update(lambda event: setattr(timeline, "speed", event.target.value))
        loop.on_update(lambda event: setattr(timeline, "loop", event.target.value))
        gui.add_command("Play or pause", hotkey="K").on_trigger(toggle)
        gui.add_command("A frame back", hotkey="J").on_trigger(lambda _: timeline.step(-1))
        gui.add_command("A frame forward", hotkey="L").on_trigger(lambda _: timeline.step(1))

    def refresh(self, frame: int) -> None:
        page = self.page
        self._readout.content = readout(page.motion, page.poses, frame)
        if self._strip is not None:
            self._strip.content = strip(self._marks, (frame + 0.5) / len(page.motion))
        playing = page.timeline.playing
        if playing != self._shown_playing:
            self._shown_playing = playing
            self._play.label = "Pause" if playing else "Play"
            self._play.icon = _PAUSE if playing else _PLAY
        # A frame that was drawn on the way must not pull the knob back out of the user's hand.
        if time.monotonic() - self._scrubbed > _HAND_OFF:
            self._move_slider(frame)

    def _move_slider(self, frame: int) -> None:
        self._slider.value = frame  # type: ignore[misc]  # mypy misses the setter of viser's property


def readout(motion: Motion, poses: Poses, frame: int) -> str:
    """HTML: the frame's number and time, whether the person was seen, and what each foot carries."""
    lines = [f"<b>{frame / motion.fps:.2f} s</b> &nbsp; frame {frame} of 0–{len(motion) - 1}"]
    if not motion.tracked[frame]:
        lines.append("The person was not seen in this frame")
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
