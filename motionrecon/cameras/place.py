"""Whether a calibrated camera and a person seen by it can be in one world, before any work is done on them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.base import Camera
from motionrecon.errors import InputError

#: Metres above or below the floor at which nobody is; half of a person's distance may be wrong here, so this is wide.
_TOO_HIGH = 20.0
#: Share of the height between the outermost landmarks of somebody who stands, and keypoints that a frame must have.
_SPAN, _FEWEST = 0.9, 8
#: Where the middle of a person is when a unit is right, metres above the floor.
_LOW, _HIGH = -1.0, 4.0
_UNITS = ((0.01, "cm"), (0.001, "mm"))


def check_place(
    camera: Camera,
    pixels: Float[np.ndarray, "T P 2"],
    weight: Float[np.ndarray, "T P"],
    height: float,
    name: str = "",
) -> None:
    """Raise an InputError where the person would be far above or below the floor of a calibration.

    Args:
        camera: where the person is seen from; one that is not calibrated knows no floor, and passes.
        pixels: keypoints without the lens's distortion, NaN where unseen.
        weight: 0 where they do not count.
        height: the person's, metres.
        name: the camera's, where there are several.
    """
    if not camera.calibrated:
        return
    known = np.isfinite(pixels).all(axis=2) & (weight > 0)
    frames = np.flatnonzero(known.sum(axis=1) >= _FEWEST)
    if len(frames) == 0:
        return
    rays = np.where(known[..., None], camera.rays(pixels), np.nan)[frames]
    low, high = np.nanmin(rays, axis=1), np.nanmax(rays, axis=1)
    # Who crouches seems smaller, so the largest of a clip say how far away the person is.
    depth = _SPAN * height / np.maximum(np.percentile(np.linalg.norm(high - low, axis=1), 90), 1e-9)
    middle = np.insert(0.5 * (low + high), 2, 1.0, axis=1) * depth
    eye = float(camera.at(frames).eye[0, 2])
    above = float(np.median(camera.at(frames).to_world(middle[:, None])[..., 2]))
    if abs(above) <= _TOO_HIGH:
        return
    units = [unit for factor, unit in _UNITS if eye > 0 and _LOW < above - eye + factor * eye < _HIGH]
    cause = (
        f'its translation is probably in {units[0]}: write unit = "{units[0]}" into the file, or give metres'
        if units
        else "give its translation in metres, world to camera, in a Z-up world whose floor is near z = 0"
    )
    called = f"camera=..., {name}" if name else "camera=..."
    raise InputError(
        f"{called}: in the world of the calibration the camera is {eye:.1f} m above the floor, and the person, about "
        f"{depth:.1f} m away from it, {abs(above):.1f} m {'above' if above > 0 else 'below'} the floor; {cause}"
    )
