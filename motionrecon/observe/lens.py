"""The lens of a camera that nobody described, where the straight lines of a room behind the person tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from motionrecon.background.motion import FOUND
from motionrecon.cameras.base import Camera
from motionrecon.cameras.default import LENS_ERROR
from motionrecon.cameras.manhattan import manhattan, told_in
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.cameras.up import HELD_LEVEL, LEVEL_ERROR
from motionrecon.source import Recording, Source
from motionrecon.views import View


def with_lens(view: View) -> View:
    """The view by a camera with the focal length that lines tell; as it is where they do not, or that is known.

    Args:
        view: with the lines behind the person.
    """
    if not view.lens_error or view.lens_found:
        return view
    if view.camera.calibrated:  # the pose was found with the lens that it has
        return view
    told = _told(view.camera, view.lines, view.lens_error)
    return view if told is None else replace(view, camera=told[0], lens_found=True, lens_error=told[1])


def with_lenses(source: Source, lines: Sequence[Float[np.ndarray, "L 2 2"]]) -> Source:
    """The same for several cameras that are not posed yet, which is easier with lenses that are known.

    Args:
        source: whose recordings are by these cameras.
        lines: behind the person in each recording, as `motionrecon.observe.edges.behind` has them.
    """
    if source.posed or not source.assumed.focal_length:
        return source
    each = zip(source.recordings, lines, strict=True)
    return replace(source, recordings=tuple(_recorded_with_lens(recording, ends) for recording, ends in each))


def _recorded_with_lens(recording: Recording, lines: Float[np.ndarray, "L 2 2"]) -> Recording:
    told = _told(recording.camera, lines, LENS_ERROR)
    return recording if told is None else replace(recording, camera=told[0], lens_error=told[1])


def _told(camera: Camera, lines: Float[np.ndarray, "L 2 2"], unsure: float) -> tuple[Pinhole, float] | None:
    """The camera with the focal length that lines tell, and how wrong its logarithm may be; None where they do not.

    Args:
        camera: with the focal length that was assumed.
        lines: ends of straight lines in its picture, pixels.
        unsure: how wrong the logarithm of that focal length may be.
    """
    if not isinstance(camera, Pinhole):
        return None
    rays = camera.rays(lines.reshape(1, -1, 2)).reshape(-1, 2, 2)
    room = manhattan(rays, told_in(camera), HELD_LEVEL.up, LEVEL_ERROR, unsure)
    if room is None or room.lens_error > FOUND:
        return None
    K = camera.K.copy()
    K[[0, 1], [0, 1]] *= np.exp(room.lens)
    return replace(camera, K=K), room.lens_error
