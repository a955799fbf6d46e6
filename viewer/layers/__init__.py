"""What can be drawn of a motion: one file a layer, and a line here."""

from __future__ import annotations

from motionrecon.viewer.layers import body, camera, centre, forces, ghost, ground, skeleton
from motionrecon.viewer.layers.base import Layer

__all__ = ["LAYERS", "Layer"]

#: Name of a layer -> the layer, in the order of the page's boxes.
LAYERS: dict[str, Layer] = {
    "body": body.LAYER,
    "forces": forces.LAYER,
    "ghost": ghost.LAYER,
    "skeleton": skeleton.LAYER,
    "centre": centre.LAYER,
    "ground": ground.LAYER,
    "camera": camera.LAYER,
}
