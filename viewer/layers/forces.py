"""The floor's force on each foot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import viser
from jaxtyping import Float

from motionrecon.viewer.layers.base import Layer
from motionrecon.viewer.meshes import arrow_mesh

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_COLOUR = (222, 52, 62)
_METRES_PER_WEIGHT = 0.45  # length of an arrow that carries the whole body: as long as a shank, which it passes through
_LEAST_WEIGHT = 0.02  # forces below this share of the weight are not drawn
_ROUND = 10.0  # newtons: digits that flicker from frame to frame tell nobody anything


class ForcesLayer(Layer):
    """An arrow at each foot from where the floor pushes it, and its newtons."""

    label = "Contact forces"
    legend = f"Red arrows are the floor's push on a foot: {100 * _METRES_PER_WEIGHT:.0f} cm are the person's weight."

    def __init__(self, scene: viser.SceneApi, node: str, motion: Motion, poses: Poses) -> None:
        super().__init__(scene, node, motion, poses)
        vertices, faces = arrow_mesh()
        self._arrows = [
            (
                scene.add_mesh_simple(f"{node}/{foot}", vertices, faces, color=_COLOUR, visible=False),
                scene.add_label(f"{node}/newtons_{foot}", "", anchor="bottom-center", visible=False),
            )
            for foot in poses.feet
        ]

    @property
    def at_start(self) -> bool:
        return bool(self.poses.force.any())

    @property
    def lies_in(self) -> frozenset[int]:
        """The shanks: an arrow from a sole passes through the one above it."""
        model = self.motion.model
        return frozenset(int(model.body(foot).parentid[0]) for foot in self.poses.feet)

    def draw(self, frame: int) -> None:
        for foot, (arrow, words) in enumerate(self._arrows):
            newtons = self.poses.force[frame, foot]
            share = newtons / self.poses.weight
            size = float(np.linalg.norm(share))
            arrow.visible = words.visible = size > _LEAST_WEIGHT
            if arrow.visible:
                start = self.poses.pressure[frame, foot]
                arrow.position = start
                arrow.wxyz = _turn_z_to(share / size)
                arrow.scale = _METRES_PER_WEIGHT * size
                words.position = start + _METRES_PER_WEIGHT * share
                words.text = f"{_ROUND * round(float(np.linalg.norm(newtons)) / _ROUND):.0f} N"


def _turn_z_to(direction: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 4"]:
    """A rotation (wxyz) that carries +z to a unit vector."""
    half = np.array([1.0 + direction[2], -direction[1], direction[0], 0.0])
    length = np.linalg.norm(half)
    return half / length if length > 1e-6 else np.array([0.0, 1.0, 0.0, 0.0])
