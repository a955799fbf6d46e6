"""Triangle meshes of what is drawn beside the person."""

from __future__ import annotations

import numpy as np
import trimesh

from motionrecon.body.geoms import SEGMENTS, Mesh
from motionrecon.body.pieces import merged


def arrow_mesh() -> Mesh:
    """Vertices and faces of an arrow of length 1 from the origin along z."""
    shaft = trimesh.creation.cylinder(radius=0.022, height=0.85, sections=SEGMENTS)
    head = trimesh.creation.cone(radius=0.06, height=0.18, sections=SEGMENTS)
    shaft.apply_translation([0, 0, 0.425])
    head.apply_translation([0, 0, 0.82])
    return merged([(np.asarray(part.vertices), np.asarray(part.faces)) for part in (shaft, head)])
