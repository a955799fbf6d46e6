"""The camera of a video that nobody calibrated: from a flag, or what phones usually are."""

from __future__ import annotations

import numpy as np

from motionrecon.cameras.lens import check_focal_length, focal_length
from motionrecon.cameras.pinhole import LEVEL, Pinhole

#: Field of view along the longer side of the image of a camera that nobody described, degrees. Phones film with
#: lenses of 24 to 28 mm (35 mm equivalent: 74 to 65 degrees) and crop a tenth or so to steady the picture.
DEFAULT_FOV = 65.0
#: Standard deviation of the logarithm of the focal length that this is, of all cameras: phones' wide and long lenses,
#: those of action cameras and of laptops.
LENS_ERROR = 0.2


def default_camera(image_size: tuple[int, int], fov: float | None = None, focal_px: float | None = None) -> Pinhole:
    """A camera without distortion or known pose that looks through the middle of the image.

    Args:
        image_size: (width, height), pixels.
        fov: field of view along the longer side, degrees; ``DEFAULT_FOV`` where neither this nor ``focal_px`` is given.
        focal_px: focal length, pixels.

    Raises:
        InputError: no lens has this focal length.
    """
    width, height = image_size
    if focal_px is None:
        focal_px = focal_length(DEFAULT_FOV if fov is None else fov, image_size)
    else:
        check_focal_length(f"focal_px={focal_px:g}", focal_px, image_size)
    K = np.array([[focal_px, 0.0, width / 2], [0.0, focal_px, height / 2], [0.0, 0.0, 1.0]])
    return Pinhole(K, image_size, R_camera_world=LEVEL, t_camera_world=np.zeros(3))
