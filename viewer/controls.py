"""The viewer's panel: transport, toggles and the numbers of the current frame."""

from __future__ import annotations

import functools
import html
import time
from typing import TYPE_CHECKING, Any

import viser

from motionrecon.viewer.poses import Poses
from motionrecon.viewer.scene import Scene
from motionrecon.viewer.timeline import MAX_SPEED, MIN_SPEED, Timeline

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

_PLAY, _PAUSE = viser.Icon.PLAYER_PLAY_FILLED, viser.Icon.PLAYER_PAUSE_FILLED
_HAND_OFF = 0.25  # seconds after the last move of the slider in which only the user moves it
_STANDS = 0.02  # share of the weight on a foot that counts as contact

#: Endings of the names in a report's quality section, and the units that they stand for.
_UNITS = {"px": "px", "percent": "%", "mm": "mm", "s": "s"}

#: Toggle of the scene, what the panel calls it, and its hint.
_TOGGLES = (
    ("body", "Body", "The simulated body"),
    ("skeleton", "Skeleton", "Landmarks and bones"),
    ("forces", "Contact forces", "The floor's force on each foot"),
    ("follow", "Follow", "Keep the person in the middle of the view"),
    ("floor", "Floor", "A line every 50 cm, a darker one every metre"),
    ("camera", "Video camera", "Where the video's camera stood"),
)


class Controls:
    """Turns what the user does into calls of `Timeline` and `Scene`, and shows their state."""

    def __init__(
        self, server: viser.ViserServer, timeline: Timeline, scene: Scene, motion: Motion, poses: Poses
    ) -> None:
        self._gui = server.gui
        self._timeline, self._scene = timeline, scene
        self._motion, self._poses = motion, poses
        self._scrubbed = -_HAND_OFF
        self._shown_playing = False
        self._readout = self._gui.add_html("")
        self._add_transport()
        self._add_toggles()
        self._add_report()

    def show(self, frame: int) -> None:
        """Bring the panel up to a frame."""
        self._readout.content = readout(self._motion, self._poses, frame)
        playing = self._timeline.playing
        if playing != self._shown_playing:
            self._shown_playing = playing
            self._play.label = "Pause" if playing else "Play"
            self._play.icon = _PAUSE if playing else _PLAY
        # A frame that was drawn on the way must not pull the knob back out of the user's hand.
        if time.monotonic() - self._scrubbed > _HAND_OFF:
            self._slider.value = frame  # type: ignore[misc]  # mypy misses the setter of viser's property

    def _add_transport(self) -> None:
        gui, timeline = self._gui, self._timeline
        self._slider = gui.add_slider("Frame", 0, max(timeline.count - 1, 1), 1, 0, disabled=timeline.count < 2)
        self._play = gui.add_button("Play", icon=_PLAY, hint="Key: K")
        steps = gui.add_button_group("Step", ("|◀", "◀", "▶", "▶|"), hint="Keys: J back, L forward")
        speed = gui.add_slider("Speed", MIN_SPEED, MAX_SPEED, 0.1, timeline.speed, marks=((1.0, "1×"),))
        loop = gui.add_checkbox("Loop", timeline.loop)

        @self._slider.on_update
        def _(event: Any) -> None:
            if event.client_id is not None:  # None: the viewer itself moved it
                self._scrubbed = time.monotonic()
                timeline.pause()
                timeline.frame = event.target.value

        @steps.on_click
        def _(event: Any) -> None:
            move = event.target.value
            if move in ("◀", "▶"):
                timeline.step(1 if move == "▶" else -1)
            else:
                timeline.pause()
                timeline.frame = 0 if move == "|◀" else timeline.count - 1

        def toggle(_: Any) -> None:
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

    def _add_toggles(self) -> None:
        scene = self._scene
        with self._gui.add_folder("Show"):
            for name, label, hint in _TOGGLES:
                box = self._gui.add_checkbox(label, getattr(scene, name), hint=hint)
                box.on_update(functools.partial(_toggle, scene, name))

    def _add_report(self) -> None:
        lines = report_lines(self._motion.report)
        if lines:
            with self._gui.add_folder("Quality"):
                self._gui.add_html(_block(*(html.escape(line) for line in lines)))


def _toggle(scene: Scene, name: str, event: Any) -> None:
    setattr(scene, name, event.target.value)


def readout(motion: Motion, poses: Poses, frame: int) -> str:
    """HTML: the frame's number and time, whether the person was seen, and what each foot carries."""
    lines = [f"<b>{frame / motion.fps:.2f} s</b> &nbsp; frame {frame} of 0–{len(motion) - 1}"]
    if not motion.tracked[frame]:
        lines.append("The person was not seen in this frame")
    if not poses.force.any():
        lines.append("No simulated forces in this motion")
        return _block(*lines)
    without = "not simulated" if len(motion.ctrl) and not motion.simulated[frame] else "in the air"
    for foot, force in zip(poses.feet, poses.force[frame, :, 2], strict=True):
        name = html.escape(foot.replace("_", " ").capitalize())
        share = force / poses.weight
        lines.append(f"{name}: {force:.0f} N, {share:.2f} × weight" if share > _STANDS else f"{name}: {without}")
    return _block(*lines)


def report_lines(report: dict[str, Any]) -> list[str]:
    """The numbers of the report's quality section and its warnings, one a line."""
    lines = []
    for name, value in (report.get("quality") or {}).items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            what, _, unit = name.rpartition("_")
            if unit not in _UNITS:
                what, unit = name, ""
            lines.append(f"{what.replace('_', ' ').capitalize()}: {value:.3g} {_UNITS.get(unit, '')}".rstrip())
    return lines + [f"Warning: {warning}" for warning in report.get("warnings") or ()]


def _block(*lines: str) -> str:
    return f'<div style="padding: 0.3em 1em; font-size: 0.85em; line-height: 1.5">{"<br>".join(lines)}</div>'
