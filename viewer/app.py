"""Opens a result in the browser, or writes it as a page."""

from __future__ import annotations

import contextlib
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.errors import InputError

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def view(
    motion: str | Path | Motion,
    other: str | Path | Motion | None = None,
    *,
    port: int = 8080,
    open_browser: bool = True,
    block: bool = True,
) -> Viewer:
    """Show a motion in the browser.

    Args:
        motion: a result folder of motionrecon, or a `Motion`.
        other: another one to compare it with.
        port: where to serve on 127.0.0.1; the next free one is taken if it is in use.
        open_browser: open the page in the user's browser.
        block: return only after Ctrl-C (or `Viewer.stop` in another thread).

    Returns:
        The running viewer; stopped if `block`.

    Raises:
        InputError: a folder, a motion or its model cannot be used, or the port is not one.
    """
    check_port(port)
    motions, names = read(motion, other)
    viewer = Viewer(motions, names, port=port)
    if not block:
        _announce(viewer, names, port, open_browser)
        return viewer
    try:
        _announce(viewer, names, port, open_browser)
        viewer.wait()
    except KeyboardInterrupt:
        print()
    finally:
        viewer.stop()
    return viewer


def read(*given: str | Path | Motion | None) -> tuple[list[Motion], list[str]]:
    """Motions and what they are called, of folders or of motions themselves; None is left out."""
    from motionrecon.result.motion import Motion

    motions, names = [], []
    for one in given:
        if isinstance(one, str | Path):
            motions.append(Motion.load(one))
            names.append(Path(one).resolve().name)
        elif one is not None:
            motions.append(one)
            names.append("motion")
    if len(names) == 2 and names[0] == names[1]:
        names = [f"{name} ({i})" for i, name in enumerate(names, 1)]
    return motions, names


def check_port(port: int) -> None:
    """Raise an InputError for what is no port."""
    if not 0 < port < 65536:
        raise InputError(f"port={port}: a port is a number from 1 to 65535")


def _announce(viewer: Viewer, names: Sequence[str], port: int, open_browser: bool) -> None:
    used = viewer.server.port
    instead = "" if used == port else f", on port {used} because {port} is taken"
    print(f"Viewing {' and '.join(names)} at {viewer.url}{instead} (Ctrl-C ends)", flush=True)
    if open_browser:
        webbrowser.open(viewer.url)


class Viewer:
    """A page that shows one motion or two, and is steered by its user, or from here.

    Attributes:
        url: address of the page.
        server: that serves it.
    """

    def __init__(self, motions: Sequence[Motion], names: Sequence[str], *, port: int = 8080) -> None:
        from motionrecon.viewer.document import document_of
        from motionrecon.viewer.films import Films
        from motionrecon.viewer.packing import packed
        from motionrecon.viewer.page import served_page
        from motionrecon.viewer.server import LocalServer

        self._films = [Films.of(motion) for motion in motions]
        self._stopped = threading.Event()
        with contextlib.ExitStack() as undo:
            for films in self._films:
                undo.callback(films.close)
            document = document_of(motions, names, [films.missing for films in self._films])
            self.server = LocalServer(served_page(document.title), packed(document), self._picture, port=port)
            undo.pop_all()
        self.url = self.server.url

    def _picture(self, result: int, camera: int, frame: int) -> bytes | None:
        return self._films[result].picture(camera, frame)

    def seek(self, frame: int) -> None:
        """Show a frame in every open page."""
        self.server.send(frame=int(frame))

    def play(self) -> None:
        """Let the motion play in every open page."""
        self.server.send(playing=True)

    def pause(self) -> None:
        """Hold the current frame in every open page."""
        self.server.send(playing=False)

    def show(self, layer: str, visible: bool = True) -> None:
        """Show or hide a layer in every open page.

        Raises:
            InputError: there is no such layer.
        """
        from motionrecon.viewer.layers import LAYERS

        if layer not in LAYERS:
            raise InputError(f"there is no layer {layer!r}; there are {', '.join(LAYERS)}")
        self.server.send(layer=layer, visible=bool(visible))

    def wait(self) -> None:
        """Return when the viewer is stopped."""
        while not self._stopped.wait(0.5):  # with a limit, because an endless wait ignores Ctrl-C on Windows
            pass

    def stop(self) -> None:
        """Close the page's server and end the viewer's threads; a second call does nothing."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self.server.stop()
        for films in self._films:
            films.close()
