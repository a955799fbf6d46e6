"""A view whose 3D guess is corrected by what was learned, and says how far to trust it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motionrecon.cameras.sightline import turns_to
from motionrecon.core.landmarks import TRUST
from motionrecon.depth.files import DepthNetwork
from motionrecon.depth.network import DETECTORS, Sighting, says
from motionrecon.views import View


def corrected(view: View, network: DepthNetwork) -> View:
    """The view with better 3D, and how far off its marks are in depth.

    It stays as it is where the guess is not of a detector whose errors are known, and in frames without any.
    """
    if view.detector not in DETECTORS:
        return view
    rays = view.camera.rays(view.pixels)
    # What the detector itself said: a calibrated camera's view has it turned (`View.of`).
    turn = turns_to(rays) if view.camera.calibrated else np.broadcast_to(np.eye(3), (len(view), 3, 3))
    known = np.isfinite(view.points_3d).all((1, 2), keepdims=True)
    said = Sighting.of(rays, (view.weight / TRUST) ** 2, view.points_3d @ turn, view.detector)
    points, doubt = says(network.weights, said.features().astype(np.float32), said.points)
    points = points @ turn.transpose(0, 2, 1)
    return replace(
        view,
        points_3d=np.where(known, points, view.points_3d),
        spread=np.where(known[..., 0], np.exp(doubt), np.nan).astype(float),
    )
