"""The source video in the viewer's panel, in step with the body."""

from __future__ import annotations

import base64
import html
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.errors import InputError
from motionrecon.viewer.panels.base import Page, Panel
from motionrecon.viewer.source_video import SourceVideo

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def open_source(motion: Motion) -> SourceVideo:
    """The video named in the motion's report.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    source = motion.report.source
    if source is None or not source.video:
        raise InputError("this motion was made without a video")
    clock = motion.clock
    return SourceVideo(
        Path(source.video),
        count=len(motion),
        fps=clock.shown_fps,
        image_size=motion.camera.image_size,
        start=clock.shown_at(0),
    )


class VideoPanel(Panel):
    """Shows the picture of the frame asked for last.

    A thread of its own decodes, so a slow video delays its own picture and never the body. Where there is no video,
    the panel says why.
    """

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._source: SourceVideo | None = None
        self._wanted = 0
        self._wake = threading.Event()
        self._stopped = False
        #: The frame whose picture is in the panel, None before the first.
        self.shown: int | None = None
        # As HTML and not as viser's image, which complains in the browser's console when two pictures come fast.
        self._html = page.gui.add_html("")
        try:
            self._source = open_source(page.motion)
        except InputError as error:
            self._html.content = _note(str(error))
            return
        self._html.content = _picture(b"")
        self._thread = threading.Thread(target=self._run, name="motionrecon-video", daemon=True)
        self._thread.start()
        self.seek(0)

    def seek(self, frame: int) -> None:
        self._wanted = frame
        self._wake.set()

    def stop(self) -> None:
        if self._source is not None:
            self._stopped = True
            self._wake.set()
            self._thread.join()

    def _run(self) -> None:
        source = self._source
        assert source is not None
        with closing(source):
            while True:
                self._wake.wait()
                self._wake.clear()
                if self._stopped:
                    break
                try:
                    self._catch_up(source)
                except InputError as error:
                    self._html.content = _note(str(error))
                    break

    def _catch_up(self, source: SourceVideo) -> None:
        """Decode until the wanted picture is shown; what is wanted may change on the way."""
        while not self._stopped and self.shown != (wanted := self._wanted):
            jpeg = source.cached(wanted)
            if jpeg is None:
                source.decode_towards(wanted)
            else:
                self._html.content = _picture(jpeg)
                self.shown = wanted


def _note(text: str) -> str:
    sentence = html.escape(text[:1].upper() + text[1:])
    return f'<div style="padding: 0.6em 1em; opacity: 0.75; font-size: 0.85em">{sentence}</div>'


def _picture(jpeg: bytes) -> str:
    """HTML of a picture (none yet: an empty box); a tall one leaves room for the controls below it."""
    data = base64.b64encode(jpeg).decode()
    # Decoded in step with the page, or each new picture would begin with a blank.
    style = "max-width: 100%; max-height: 100%; margin: auto"
    image = f'<img src="data:image/jpeg;base64,{data}" decoding="sync" style="{style}">' if jpeg else ""
    return f'<div style="height: 40vh; padding: 0 1em; display: flex; justify-content: center">{image}</div>'
