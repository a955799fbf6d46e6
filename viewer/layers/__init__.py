"""What can be drawn of a motion: one file a layer, and a line here."""

from __future__ import annotations

from motionrecon.viewer.layers.base import Layer
from motionrecon.viewer.layers.body import Body
from motionrecon.viewer.layers.camera import VideoCamera
from motionrecon.viewer.layers.floor import Floor
from motionrecon.viewer.layers.forces import Forces
from motionrecon.viewer.layers.skeleton import Skeleton

__all__ = ["LAYERS", "Layer"]

#: Name of a layer -> its class, in the order of the panel's boxes.
LAYERS: dict[str, type[Layer]] = {
    "body": Body,
    "skeleton": Skeleton,
    "forces": Forces,
    "floor": Floor,
    "camera": VideoCamera,
}
