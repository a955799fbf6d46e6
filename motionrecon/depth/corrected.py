"""A view whose 3D guess is corrected by what was learned, and which way is up by how the person looks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.sightline import turns_to
from motionrecon.cameras.up import Direction
from motionrecon.core.landmarks import TRUST
from motionrecon.core.vectors import unit
from motionrecon.depth.files import DepthNetwork
from motionrecon.depth.network import DETECTORS, Sighting, says
from motionrecon.views import View

#: Standard deviation of up as the network says it, radians: pictures of one clip err alike (of 27 clips half are within
#: 5 degrees, and one is 15 off).
LOOKING = 0.09


def corrected(view: View, network: DepthNetwork, up: Float[np.ndarray, " 3"] | None = None) -> View:
    """The view with better 3D, in the camera's own axes.

    It stays as it is where the guess is not of a detector whose errors are known, and in frames without any.

    Args:
        view: a camera's.
        network: what was learned.
        up: which way is up in the camera's world, a unit vector; None where that is not known.
    """
    if view.detector not in DETECTORS:
        return view
    said, turn = _said(view, None if up is None else view.camera.axes @ up)
    points = says(network.weights, said.features().astype(np.float32), said.points).points @ turn.transpose(0, 2, 1)
    known = np.isfinite(view.points_3d).all((1, 2), keepdims=True)
    return replace(view, points_3d=np.where(known, points, view.points_3d), corrected=True)


def looks_upright(view: View, network: DepthNetwork) -> Direction | None:
    """Which way is up in the camera's world, as the network tells by how the person looks; None where it cannot.

    Args:
        view: a camera's.
        network: what was learned.
    """
    known = np.isfinite(view.points_3d).all((1, 2)) & view.seen
    if view.detector not in DETECTORS or not known.any():
        return None
    said, turn = _said(view, None)
    believed = says(network.weights, said.features().astype(np.float32), said.points)
    each = np.einsum("tab,tb->ta", turn, believed.up)  # in the camera's axes
    each = np.einsum("tba,tb->ta", view.camera.axes, each)
    weight = np.where(known, np.exp(-2.0 * believed.up_doubt), 0.0)
    return Direction.about(unit(weight @ each), LOOKING)


def _said(view: View, up: Float[np.ndarray, "_ 3"] | None) -> tuple[Sighting, Float[np.ndarray, "T 3 3"]]:
    """What the detector said, and rotations from the axes of a camera that is turned to the person to the camera's.

    Args:
        view: a camera's.
        up: in the axes of the camera in each frame, or in those of all; None where that is not known.
    """
    rays = view.camera.rays(view.pixels)
    turn = turns_to(rays)
    points = view.points_3d @ turn if view.camera.calibrated else view.points_3d  # `View.of` has turned that one's
    told = None if up is None else np.broadcast_to(up, (len(view), 3))
    return Sighting.of(rays, (view.weight / TRUST) ** 2, points, view.detector, told), turn
