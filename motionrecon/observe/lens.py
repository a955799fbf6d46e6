"""The lens of a camera that nobody described, where the straight lines of a room behind the person tell it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motionrecon.background.motion import FOUND
from motionrecon.cameras.manhattan import manhattan, told_in
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.cameras.up import HELD_LEVEL, LEVEL_ERROR
from motionrecon.views import View


def with_lens(view: View) -> View:
    """The view by a camera with the focal length that lines tell; as it is where they do not, or that is known.

    Args:
        view: with the lines behind the person.
    """
    camera = view.camera
    if not view.lens_error or view.lens_found or not isinstance(camera, Pinhole):
        return view
    rays = camera.rays(view.lines.reshape(1, -1, 2)).reshape(-1, 2, 2)
    room = manhattan(rays, told_in(camera), HELD_LEVEL.up, LEVEL_ERROR, view.lens_error)
    if room is None or room.lens_error > FOUND:
        return view
    K = camera.K.copy()
    K[[0, 1], [0, 1]] *= np.exp(room.lens)
    return replace(view, camera=replace(camera, K=K), lens_found=True, lens_error=room.lens_error)
