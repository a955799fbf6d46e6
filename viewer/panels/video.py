"""The source video in the viewer's panel, in step with the body; of several, the chosen one."""

from __future__ import annotations

import base64
import html
import threading
from typing import TYPE_CHECKING

from motionrecon.errors import InputError
from motionrecon.result.films import films_of
from motionrecon.viewer.panels.base import Page, Panel
from motionrecon.viewer.source_video import SourceVideo

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def open_source(motion: Motion, camera: int = 0) -> SourceVideo:
    """The video of a camera that is named in the motion's report.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    films = films_of(motion)
    film = films[camera]
    if film.video is None:
        raise InputError(f"{film.name} has no video" if film.name else "this motion was made without a video")
    return SourceVideo(
        film.video,
        count=len(motion),
        fps=film.fps,
        image_size=film.camera.image_size,
        start=film.start,
        holds=len(films) == 1,
    )


class VideoPanel(Panel):
    """Shows the picture of the frame asked for last.

    A thread of its own decodes, so a slow video delays its own picture and never the body. Where there is no video,
    the panel says why.
    """

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._source: SourceVideo | None = None  # the thread's own, and so is which camera's it is
        self._opened = -1
        self._wanted = 0, 0  # camera and frame
        self._wake = threading.Event()
        self._stopped = False
        #: The frame whose picture is in the panel, None before the first.
        self.shown: int | None = None
        if len(page.films) > 1:
            self._menu = page.gui.add_dropdown("Video", page.names)
            self._menu.on_update(lambda event: page.choose(page.names.index(event.target.value)))
            page.scene.watch(self._follow)
        # As HTML and not as viser's image, which complains in the browser's console when two pictures come fast.
        self._html = page.gui.add_html(_box(""))
        self._thread = threading.Thread(target=self._run, name="motionrecon-video", daemon=True)
        self._thread.start()
        self.seek(0)

    def seek(self, frame: int) -> None:
        self._wanted = self.page.scene.chosen, frame
        self._wake.set()

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()
        self._thread.join()

    def _follow(self) -> None:
        """Another camera may be chosen."""
        name, camera = self.page.names[self.page.scene.chosen], self._wanted[0]
        if self._menu.value != name:
            self._menu.value = name  # type: ignore[misc]  # as in the transport
        if camera != self.page.scene.chosen:
            self.seek(self.page.timeline.frame)

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._wake.wait()
                self._wake.clear()
                self._catch_up()
        finally:
            self._close()

    def _catch_up(self) -> None:
        """Decode until the wanted picture is shown; what is wanted may change on the way."""
        while not self._stopped:
            camera, frame = self._wanted
            try:
                if camera != self._opened:
                    self._open(camera)
                if self._source is None or self.shown == frame:
                    break
                self._step(self._source, frame)
            except InputError as error:
                self._close()
                self._show(None, str(error))

    def _open(self, camera: int) -> None:
        """Open the film of a camera instead of the one before."""
        self._close()
        self._opened, self.shown = camera, None
        self._source = open_source(self.page.motion, camera)

    def _close(self) -> None:
        if self._source is not None:
            self._source.close()
        self._source = None

    def _step(self, source: SourceVideo, frame: int) -> None:
        """Show the picture of a frame, or go on towards it."""
        jpeg = source.cached(frame)
        if not source.has(frame):
            self._show(None, f"{self.page.names[self._opened]} has no picture of this moment")
        elif jpeg is None:
            return source.decode_towards(frame)
        else:
            self._show(jpeg)
        self.shown = frame

    def _show(self, jpeg: bytes | None, instead: str = "") -> None:
        """Put a picture, or words instead of it, into the panel and the scene."""
        if jpeg is not None:
            self._html.content = _box(_picture(jpeg))
        else:
            self._html.content = _note(instead) if len(self.page.films) == 1 else _box(_note(instead))
        self.page.scene.show_film(self._opened, jpeg)


def _note(text: str) -> str:
    sentence = html.escape(text[:1].upper() + text[1:])
    return f'<div style="padding: 0.6em 1em; opacity: 0.75; font-size: 0.85em">{sentence}</div>'


def _picture(jpeg: bytes) -> str:
    """HTML of a picture."""
    data = base64.b64encode(jpeg).decode()
    # Decoded in step with the page, or each new picture would begin with a blank.
    style = "max-width: 100%; max-height: 100%; margin: auto"
    return f'<img src="data:image/jpeg;base64,{data}" decoding="sync" style="{style}">'


def _box(content: str) -> str:
    """HTML of the place of pictures; a tall one leaves room for the controls below it."""
    return f'<div style="height: 40vh; padding: 0 1em; display: flex; justify-content: center">{content}</div>'
