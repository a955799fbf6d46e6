"""What is drawn: the layers, under one node that can follow the person."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import viser
from scipy.ndimage import gaussian_filter1d

from motionrecon.viewer.layers import LAYERS
from motionrecon.viewer.layers.base import Layer, Picture

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_FOLLOW_SECONDS = 0.25  # the followed path is smoothed, so that steps do not shake the view
_ROOT = "/motion"


class Scene:
    """A motion in a viser server's scene, by layers: ``scene["forces"] = False`` hides one, as ``scene.forces`` does.

    All of it hangs under the node `/motion`; following the person slides that node under the camera, which stays the
    user's own. Frames and toggles may come from different threads.
    """

    def __init__(self, server: viser.ViserServer, motion: Motion, poses: Poses) -> None:
        self._server = server
        self._lock = threading.RLock()  # what viser is told last must also be what it is sent last
        self._frame = 0
        self._follow = False
        self._chosen = 0
        self._picture: Picture | None = None
        self._watchers: list[Callable[[], None]] = []
        path = poses.position[:, 1, :2]
        self._path = gaussian_filter1d(path, sigma=_FOLLOW_SECONDS * motion.fps, axis=0, mode="nearest")

        server.scene.set_up_direction("+z")
        server.scene.configure_environment_map("studio", environment_intensity=0.3)
        self._root = server.scene.add_frame(_ROOT, show_axes=False)
        self._layers: dict[str, Layer] = {
            name: layer(server.scene, f"{_ROOT}/{name}", motion, poses) for name, layer in LAYERS.items()
        }
        self._look_in()
        self.show(0)

    def show(self, frame: int) -> None:
        """Draw one frame; clients see it whole or not at all."""
        with self._lock, self._server.atomic():
            self._frame = frame
            self._draw_follow()
            for layer in self._layers.values():
                if layer.visible:
                    layer.draw(frame)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __getitem__(self, name: str) -> bool:
        """Whether a layer is shown."""
        return self._layers[name].visible

    def __setitem__(self, name: str, visible: bool) -> None:
        with self._lock, self._server.atomic():
            layer = self._layers[name]
            layer.visible = visible
            if visible:
                layer.draw(self._frame)
                layer.show_film(self._picture)
            self._look_in()
        self._tell()

    def __getattr__(self, name: str) -> bool:
        layers: dict[str, Layer] = self.__dict__.get("_layers", {})
        if name in layers:
            return self[name]
        raise AttributeError(f"the scene has no layer {name!r}; it has {', '.join(layers)}")

    def __setattr__(self, name: str, value: object) -> None:
        if name in self.__dict__.get("_layers", {}):
            self[name] = bool(value)
        else:
            super().__setattr__(name, value)

    def layer(self, name: str) -> Layer:
        """A layer by its name."""
        return self._layers[name]

    @property
    def follow(self) -> bool:
        """Keep the person where they stood in the first frame."""
        return self._follow

    @follow.setter
    def follow(self, follow: bool) -> None:
        with self._lock:
            self._follow = follow
            self._draw_follow()
        self._tell()

    @property
    def chosen(self) -> int:
        """Which of the motion's cameras is chosen: the one whose film is shown."""
        return self._chosen

    @chosen.setter
    def chosen(self, camera: int) -> None:
        with self._lock, self._server.atomic():
            if camera == self._chosen:
                return
            self._chosen, self._picture = camera, None
            for layer in self._layers.values():
                layer.choose(camera)
        self._tell()

    def show_film(self, camera: int, picture: Picture | None) -> None:
        """The film of a camera shows a picture now, or has none; nothing happens if another camera is chosen."""
        with self._lock, self._server.atomic():
            if camera != self._chosen:
                return
            self._picture = picture
            for layer in self._layers.values():
                if layer.visible:
                    layer.show_film(picture)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call this whenever a layer is shown or hidden, another camera is chosen, or following begins or ends."""
        self._watchers.append(watcher)

    def _tell(self) -> None:
        for watcher in self._watchers:
            watcher()

    def _draw_follow(self) -> None:
        shift = self._path[0] - self._path[self._frame] if self._follow else np.zeros(2)
        self._root.position = np.append(shift, 0.0)

    def _look_in(self) -> None:
        """Let what lies inside the body be seen."""
        inside = frozenset[int]().union(*(layer.lies_in for layer in self._layers.values() if layer.visible))
        for layer in self._layers.values():
            layer.see_through(inside)
