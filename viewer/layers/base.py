"""What a layer of the viewer is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import viser

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses


#: A small picture of a film, as JPEG.
Picture = bytes


class Layer:
    """One thing that is drawn of a motion and can be shown or hidden by itself.

    A layer adds what it draws to viser's scene once, under its own node, and then only moves it: that is two small
    messages a frame for each thing. `motionrecon.viewer.scene.Scene` calls it under a lock, so that a browser gets a
    frame whole or not at all.

    Args:
        scene: viser's scene.
        node: name of the layer's node; the names of everything that it adds begin with it.
        motion: what is shown.
        poses: its forward kinematics.
    """

    #: What the box that shows and hides it is called.
    label: str
    #: What its colours and sizes mean, a sentence for the panel; none if empty.
    legend: ClassVar[str] = ""

    def __init__(self, scene: viser.SceneApi, node: str, motion: Motion, poses: Poses) -> None:
        self.scene, self.node, self.motion, self.poses = scene, node, motion, poses
        self._root = scene.add_frame(node, show_axes=False, visible=self.at_start)

    @property
    def at_start(self) -> bool:
        """Whether it is shown when the page opens."""
        return True

    @property
    def visible(self) -> bool:
        """Whether it is shown."""
        return bool(self._root.visible)

    @visible.setter
    def visible(self, visible: bool) -> None:
        self._root.visible = visible

    @property
    def lies_in(self) -> frozenset[int]:
        """Indices of the model's bodies that must be seen through for this layer to be seen."""
        return frozenset()

    def draw(self, frame: int) -> None:
        """Move everything to where it is in a frame. Called only while the layer is visible."""

    def choose(self, camera: int) -> None:
        """Another of the motion's cameras is the one whose film is shown."""

    def show_film(self, picture: Picture | None) -> None:
        """Its film shows this picture now; None where it has none. Called only while the layer is visible."""

    def see_through(self, bodies: frozenset[int]) -> None:
        """Make what is drawn of these bodies, and of no others, translucent; body 0 is the world with its floor."""
