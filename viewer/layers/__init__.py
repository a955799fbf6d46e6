"""What can be drawn of a motion: one file a layer, and a line here."""

from __future__ import annotations

from motionrecon.viewer.layers.base import Layer
from motionrecon.viewer.layers.body import BodyLayer
from motionrecon.viewer.layers.camera import CameraLayer
from motionrecon.viewer.layers.film import FilmLayer
from motionrecon.viewer.layers.floor import FloorLayer
from motionrecon.viewer.layers.forces import ForcesLayer
from motionrecon.viewer.layers.skeleton import SkeletonLayer

__all__ = ["LAYERS", "Layer"]

#: Name of a layer -> its class, in the order of the panel's boxes.
LAYERS: dict[str, type[Layer]] = {
    "body": BodyLayer,
    "skeleton": SkeletonLayer,
    "forces": ForcesLayer,
    "floor": FloorLayer,
    "camera": CameraLayer,
    "film": FilmLayer,
}
