"""What stands on the floor. The floor itself is the page's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motionrecon.body.surface import vertex_normals
from motionrecon.result.seats import standing_out
from motionrecon.viewer.colours import GROUND
from motionrecon.viewer.layers.base import Layer
from motionrecon.viewer.parts import MeshPart, Part, bytes_of

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses


def ground(motion: Motion, poses: Poses) -> list[Part]:
    """The meshes of what stands out of the floor, with an edge between every two faces."""
    found: list[Part] = []
    for vertices, faces in standing_out(motion):
        corners = np.asarray(vertices)[faces].reshape(-1, 3)
        triangles = np.arange(len(corners)).reshape(-1, 3)
        still = np.ones((len(corners), 1))
        found.append(
            MeshPart(
                track="motion",
                vertices=corners.astype(np.float32),
                normals=vertex_normals(corners, triangles).astype(np.float32),
                faces=triangles.astype(np.uint32),
                bodies=np.zeros((len(corners), 4), np.uint16),
                weights=bytes_of(still),
                colours=np.tile(np.array(GROUND, np.uint8), (len(corners), 1)),
                rest_position=np.zeros((1, 3), np.float32),
                rest_wxyz=np.array([[1, 0, 0, 0]], np.float32),
                ground=True,
            )
        )
    return found


LAYER = Layer("Ground", ground)
