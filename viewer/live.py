"""The viewer of a reconstruction that runs: it shows the film, the keypoints, and the motion as it grows.

The reconstruction waits for nobody: it leaves what it has found, and goes on. A thread makes the page's document of the
latest of it, in a small share of the time, and pages fetch it when they are ready.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from motionrecon.viewer.app import check_port

if TYPE_CHECKING:
    from motionrecon.core.progress import Progress
    from motionrecon.result.motion import Motion
    from motionrecon.so_far import SoFar
    from motionrecon.viewer.films import Films
    from motionrecon.viewer.server import LocalServer

#: Of the time, what documents of what is not the result yet may take.
_SHARE = 0.03
#: Seconds between two words of how far a stage has come.
_BREATH = 0.25


class LiveViewer:
    """A page that shows a reconstruction while it runs, and its result when it has ended; a context that closes it.

    Attributes:
        url: address of the page; None until there is something to show.
    """

    def __init__(self, name: str | Path, *, port: int = 8080, open_browser: bool = True) -> None:
        check_port(port)
        self.url: str | None = None
        self._name = Path(name).resolve().name
        self._port, self._open_browser = port, open_browser
        self._server: LocalServer | None = None
        self._films: Films | None = None
        self._latest: SoFar | None = None
        self._motion: Motion | None = None
        self._news, self._ended = threading.Condition(), threading.Event()
        self._worker = threading.Thread(target=self._work, daemon=True, name="motionrecon-live")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def show(self, so_far: SoFar) -> None:
        """Show what a reconstruction has found so far; returns at once, but first opens the page."""
        with self._news:
            self._latest = so_far
            self._news.notify()
        if self._server is None:
            self._open(so_far)
            self._worker.start()

    def watched(self, progress: Progress) -> Progress:
        """A progress that tells the page, too, how far each stage has come."""
        return _Told(progress, self._tell)

    def wait(self) -> None:
        """Return after Ctrl-C; the reconstruction has ended."""
        if self._server is not None:
            self._server.tell(doing=None)
        sys.stdout.flush()  # what was printed of the result, wherever that goes
        try:
            while not self._ended.wait(0.5):  # with a limit, because an endless wait ignores Ctrl-C on Windows
                pass
        except KeyboardInterrupt:
            print()

    def stop(self) -> None:
        """Close the page's server and end the threads; a second call does nothing."""
        if self._ended.is_set():
            return
        with self._news:
            self._ended.set()
            self._news.notify()
        if self._worker.is_alive():
            self._worker.join()
        if self._server is not None:
            self._server.stop()
        if self._films is not None:
            self._films.close()

    def _open(self, so_far: SoFar) -> None:
        from motionrecon.viewer.films import Films
        from motionrecon.viewer.packing import packed
        from motionrecon.viewer.page import served_page
        from motionrecon.viewer.server import LocalServer
        from motionrecon.viewer.sketch import film_of, sketch_of

        film, count = film_of(so_far.source)
        self._films = Films([film], count)
        document = packed(sketch_of(so_far, self._name, self._films.missing[0]))
        self._server = LocalServer(served_page(self._name), document, self._picture, port=self._port)
        self.url = self._server.url
        print(f"Watch it at {self.url} (Ctrl-C ends)", flush=True)
        if self._open_browser and _has_screen():
            webbrowser.open(self.url)

    def _tell(self, stage: str, done: int, total: int | None) -> None:
        if self._server is not None:
            self._server.tell(doing={"stage": stage, "done": done, "total": total})

    def _picture(self, result: int, camera: int, frame: int) -> bytes | None:
        return self._films.picture(camera, frame) if self._films is not None and result == 0 else None

    def _work(self) -> None:
        pause = 0.0
        while (found := self._next(pause)) is not None:
            began = time.thread_time()
            self._show(found)
            pause = (time.thread_time() - began) * (1 / _SHARE - 1)

    def _next(self, pause: float) -> SoFar | None:
        """What is to be shown next: the result at once, all else when its turn is; None at the end."""
        with self._news:
            self._news.wait_for(lambda: self._ended.is_set() or self._latest is not None)
            self._news.wait_for(lambda: self._ended.is_set() or self._is_over(), pause)
            found, self._latest = self._latest, None
            return None if self._ended.is_set() else found

    def _is_over(self) -> bool:
        return self._latest is not None and self._latest.motion is not None

    def _show(self, so_far: SoFar) -> None:
        from motionrecon.result.preview import preview
        from motionrecon.viewer.document import document_of
        from motionrecon.viewer.films import Films
        from motionrecon.viewer.packing import packed
        from motionrecon.viewer.sketch import sketch_of

        assert self._server is not None and self._films is not None
        if so_far.figure is None:
            document = sketch_of(so_far, self._name, self._films.missing[0])
        else:
            self._motion = motion = preview(so_far, self._motion)
            if len(self._films) < len(motion.cameras):
                before, self._films = self._films, Films.of(motion)
                before.close()
            reached = -1 if so_far.stretch is None or not so_far.stretch.frame else so_far.stretch.frame
            if so_far.motion is not None or not so_far.options.physics:
                reached = len(motion) - 1
            done = None if so_far.motion is not None else reached
            document = document_of([motion], [self._name], [self._films.missing], done)
        self._server.show(packed(document))


class _Told:
    """Progress that tells somebody else, too, now and then."""

    def __init__(self, progress: Progress, tell: Callable[[str, int, int | None], None]) -> None:
        self._progress, self._tell = progress, tell
        self.warn = progress.warn

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        done, told = 0, time.monotonic()
        self._tell(name, 0, total)
        with self._progress.stage(name, total) as advance:

            def both(units: int) -> None:
                nonlocal done, told
                advance(units)
                done += units
                if time.monotonic() - told > _BREATH:
                    told = time.monotonic()
                    self._tell(name, done, total)

            yield both


def _has_screen() -> bool:
    """Whether a browser would have a window: one that has not would take the terminal."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
