"""Play, pause, seek and step."""

from __future__ import annotations

import time

import viser

from motionrecon.viewer.panels.base import Page, Panel, block
from motionrecon.viewer.timeline import MAX_SPEED, MIN_SPEED

_PLAY, _PAUSE = viser.Icon.PLAYER_PLAY_FILLED, viser.Icon.PLAYER_PAUSE_FILLED
_HAND_OFF = 0.25  # seconds after the last move of the slider in which only the user moves it


class TransportPanel(Panel):
    """The slider, its buttons and their keys."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        gui, timeline = page.gui, page.timeline
        self._scrubbed = -_HAND_OFF
        self._shown_playing = False
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
                ran = timeline.playing
                timeline.pause()
                timeline.frame = event.target.value
                if ran:  # a frame that was sent just before may reach the page after what the user typed there
                    self._forget_slider()
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
        playing = self.page.timeline.playing
        if playing != self._shown_playing:
            self._shown_playing = playing
            self._play.label = "Pause" if playing else "Play"
            self._play.icon = _PAUSE if playing else _PLAY
        # A frame that was drawn on the way must not pull the knob back out of the user's hand.
        if time.monotonic() - self._scrubbed > _HAND_OFF:
            self._move_slider(frame)

    def _forget_slider(self) -> None:
        """Have the next `_move_slider` sent to the page even where viser thinks that it stands there already."""
        self._move_slider(1 if self._slider.value == 0 else 0)

    def _move_slider(self, frame: int) -> None:
        self._slider.value = frame  # type: ignore[misc]  # mypy misses the setter of viser's property
