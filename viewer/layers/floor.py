"""The floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import viser

from motionrecon.body.geoms import ground_meshes
from motionrecon.viewer.layers.base import Layer

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_GHOST = 0.4  # opacity of what stands on a floor that is seen through


class FloorLayer(Layer):
    """A grid at z = 0, where a motion's floor is, and what stands on it."""

    label = "Floor"
    legend = "The floor has a line every 50 cm, a darker one every metre."

    def __init__(self, scene: viser.SceneApi, node: str, motion: Motion, poses: Poses) -> None:
        super().__init__(scene, node, motion, poses)
        self._grid = scene.add_grid(
            f"{node}/grid",
            infinite_grid=True,
            cell_size=0.5,
            section_size=1.0,
            cell_color=(214, 217, 222),
            section_color=(176, 181, 190),
            plane_color=(236, 238, 241),
            plane_opacity=1.0,
            shadow_opacity=0.3,
            fade_distance=14.0,
        )
        self._ground = [
            scene.add_mesh_simple(f"{node}/ground{i}", vertices, faces, color=(214, 217, 222))
            for i, (vertices, faces) in enumerate(ground_meshes(motion.model))
        ]

    def see_through(self, bodies: frozenset[int]) -> None:
        self._grid.plane_opacity = 0.0 if 0 in bodies else 1.0
        for mesh in self._ground:
            mesh.opacity = _GHOST if 0 in bodies else None
