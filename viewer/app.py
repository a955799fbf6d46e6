"""Serves a motion to the browser and keeps it in time."""

from __future__ import annotations

import contextlib
import threading
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.errors import InputError
from motionrecon.viewer.timeline import Timeline

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_TICK = 1 / 60  # seconds between two looks at the clock while it runs
_IDLE_TICK = 1.0  # the same while it stands: only to put the knob right after a scrub
_PANEL_TICK = 1 / 15  # the panel's numbers and slider, which cost the browser more than the body does


def view(motion: str | Path | Motion, *, port: int = 8080, open_browser: bool = True, block: bool = True) -> Viewer:
    """Show a motion in the browser.

    Args:
        motion: a result folder of motionrecon, or a `Motion`.
        port: where to serve on 127.0.0.1; the next free one is taken if it is in use.
        open_browser: open the page in the user's browser.
        block: return only after Ctrl-C (or `Viewer.stop` in another thread).

    Returns:
        The running viewer; stopped if `block`.

    Raises:
        InputError: the folder, the motion or its model cannot be used, or the port is not one.
    """
    if not 0 < port < 65536:
        raise InputError(f"port={port}: a port is a number from 1 to 65535")
    if isinstance(motion, str | Path):
        from motionrecon.result.motion import Motion

        name, motion = Path(motion).resolve().name, Motion.load(motion)
    else:
        name = "motion"
    viewer = Viewer(motion, port=port, name=name)
    if not block:
        _announce(viewer, name, port, open_browser)
        return viewer
    try:
        _announce(viewer, name, port, open_browser)
        viewer.wait()
    except KeyboardInterrupt:
        print()
    finally:
        viewer.stop()
    return viewer


def _announce(viewer: Viewer, name: str, port: int, open_browser: bool) -> None:
    used = viewer.server.get_port()
    instead = "" if used == port else f", on port {used} because {port} is taken"
    print(f"Viewing {name} at {viewer.url}{instead} (Ctrl-C ends)", flush=True)
    if open_browser:
        webbrowser.open(viewer.url)


class Viewer:
    """A page that shows one motion.

    Attributes:
        url: address of the page.
        server: viser's server, to which more may be added.
        scene: what is drawn; ``viewer.scene.forces = False`` hides a layer of it.
    """

    def __init__(self, motion: Motion, *, port: int = 8080, name: str = "motion") -> None:
        from motionrecon.viewer.poses import compute_poses
        from motionrecon.viewer.server import LocalServer

        poses = compute_poses(motion)
        self.server = LocalServer(port=port, name=name)
        self.url = self.server.url
        self._stopped = threading.Event()

        with contextlib.ExitStack() as undo:
            undo.callback(self.server.stop)  # a page that cannot be built leaves no server behind
            self._build(motion, poses)
            undo.pop_all()
        self._thread = threading.Thread(target=self._run, name="motionrecon-viewer", daemon=True)
        self._thread.start()

    def _build(self, motion: Motion, poses: Poses) -> None:
        """What the page shows."""
        import numpy as np

        from motionrecon.viewer.panels import PANELS, Page
        from motionrecon.viewer.scene import Scene
        from motionrecon.viewer.start_view import start_view

        gui = self.server.gui
        gui.configure_theme(show_logo=False, show_share_button=False, control_width="large", brand_color=(72, 133, 199))
        gui.main_panel.dock_right()
        start = start_view(poses.position[:, 1:], poses.forward, np.stack([camera.eye[0] for camera in motion.cameras]))
        self.server.initial_camera.position = start.position
        self.server.initial_camera.look_at = start.look_at
        self.server.initial_camera.fov = start.fov

        self._timeline = Timeline(len(motion), motion.fps)
        self.scene = Scene(self.server, motion, poses)
        self.scene.follow = start.follow
        page = Page(gui, self._timeline, self.scene, motion, poses)
        self._panels = [panel(page) for panel in PANELS]
        self._shown = 0
        self._refresh(0)

    @property
    def frame(self) -> int:
        """The frame that is shown; assign to seek, clamped to the motion."""
        return self._timeline.frame

    @frame.setter
    def frame(self, frame: int) -> None:
        self._timeline.frame = frame

    @property
    def playing(self) -> bool:
        """Whether the motion plays."""
        return self._timeline.playing

    def play(self) -> None:
        """Let the motion play."""
        self._timeline.play()

    def pause(self) -> None:
        """Hold the current frame."""
        self._timeline.pause()

    def wait(self) -> None:
        """Return when the viewer is stopped."""
        while not self._stopped.wait(0.5):  # with a limit, because an endless wait ignores Ctrl-C on Windows
            pass

    def stop(self) -> None:
        """Close the page's server and end the viewer's threads; a second call does nothing."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._timeline.changed.set()
        self._thread.join()
        for panel in self._panels:
            panel.stop()
        self.server.stop()

    def _run(self) -> None:
        """Draw the frame that is due, whenever it is another; skip those that there was no time for."""
        panel_due = 0.0
        while not self._stopped.is_set():
            changed = self._timeline.changed.wait(_TICK if self._timeline.playing else _IDLE_TICK)
            self._timeline.changed.clear()
            frame = self._timeline.frame
            if frame != self._shown:
                self._shown = frame
                self.scene.show(frame)
                for panel in self._panels:
                    panel.seek(frame)
            now = time.monotonic()
            if changed or now >= panel_due or not self._timeline.playing:
                self._refresh(frame)
                panel_due = now + _PANEL_TICK

    def _refresh(self, frame: int) -> None:
        for panel in self._panels:
            panel.refresh(frame)
