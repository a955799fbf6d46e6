"""Whether intrinsics can be those of the camera that filmed a picture of this size, and what is wrong if not."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from motionrecon.errors import InputError

#: Fields of view along the longer side of the picture that a lens without fisheye distortion has, degrees: from a
#: 200 mm telephoto lens on full frame to the widest that a flat picture can hold.
NARROWEST, WIDEST = 10.0, 170.0
#: The principal point lies this far from the middle at most, as a share of the picture's side, unless the picture was
#: cropped; beyond half a side it is outside the picture.
_OFF_CENTRE = 0.2
#: fx over fy, either way: pixels of old video are 1.46 times as wide as high at most.
_OBLONG, _MOST_OBLONG = 1.1, 2.0
#: Skew moves no pixel by more than this share of the picture's width.
_SKEWED = 0.01
#: Distortion and its inverse agree on most of the picture to this share of its longer side.
_INVERTED = 0.005


def field_of_view(focal_px: float, image_size: tuple[int, int]) -> float:
    """Degrees along the longer side of a picture of (width, height) pixels."""
    return math.degrees(2 * math.atan(max(image_size) / 2 / focal_px))


def focal_length(fov: float, image_size: tuple[int, int]) -> float:
    """Pixels, from a field of view in degrees along the longer side of a picture of (width, height) pixels."""
    return max(image_size) / 2 / math.tan(math.radians(fov) / 2)


def check_focal_length(what: str, focal_px: float, image_size: tuple[int, int]) -> None:
    """Raise an InputError where the field of view is none that a lens has, with what the number may be instead.

    Args:
        what: how the message calls the focal length.
        focal_px: pixels.
        image_size: (width, height), pixels.
    """
    if not 0 < focal_px < float("inf"):
        raise InputError(f"{what} is not a focal length; give a number of pixels above 0")
    fov = field_of_view(focal_px, image_size)
    if NARROWEST <= fov <= WIDEST:
        return
    longer = max(image_size)
    if focal_px < 0.1:
        hint = "it is probably in metres; give pixels"
    elif focal_px < 5:
        times = f"times the picture's width, that is {focal_px * image_size[0]:.0f}"
        hint = f"it is probably a share of the picture's size; give pixels ({times}?)"
    elif fov > WIDEST:
        # 36 mm: the width of the film to which "35 mm equivalent" focal lengths refer.
        equivalent = f"if {focal_px:g} mm is the 35 mm equivalent, {focal_px / 36 * longer:.0f}"
        hint = f"it is probably in millimetres; give pixels ({equivalent}), or the field of view"
    else:
        hint = "it is probably that of a larger picture; give the pixels of this video"
    raise InputError(
        f"{what} would see {fov:.3g} degrees along the {longer} pixels of the longer side, and lenses see "
        f"{NARROWEST:.0f} to {WIDEST:.0f}: {hint}"
    )


def check_lens(
    where: str, K: Float[np.ndarray, "3 3"], image_size: tuple[int, int], distortion: Float[np.ndarray, " n"]
) -> list[str]:
    """What is odd about a camera's intrinsics, as warnings.

    Args:
        where: how the messages call the camera.
        K: intrinsics of a picture of ``image_size``, pixels.
        image_size: (width, height) of the video, pixels.
        distortion: OpenCV's coefficients.

    Raises:
        InputError: what cannot be.
    """
    size = np.array(image_size, dtype=float)
    fx, fy = K[0, 0], K[1, 1]
    for axis, focal in (("fx", fx), ("fy", fy)):
        check_focal_length(f"{where}: the focal length {axis} {focal:.6g}", float(focal), image_size)
    found = []
    oblong = max(fx / fy, fy / fx)
    if oblong > _MOST_OBLONG:
        raise InputError(f"{where}: focal lengths fx {fx:.6g} and fy {fy:.6g} differ too much; both must be in pixels")
    if oblong > _OBLONG:
        found.append(f"{where}: fx {fx:.6g} and fy {fy:.6g} differ by {100 * (oblong - 1):.0f} %; are pixels square?")

    centre = K[:2, 2]
    here = f"{where}: the principal point ({centre[0]:.6g}, {centre[1]:.6g})"
    middle = f"the middle of the picture is ({size[0] / 2:g}, {size[1] / 2:g})"
    off = np.abs(centre / size - 0.5)
    if (centre <= 2).all() and (size > 8).all():
        hint = "it is probably a share of the picture's size; give pixels" if centre.any() else "give it in pixels"
        raise InputError(f"{here} is the picture's corner; {middle}: {hint}")
    if (off > 1.0).any():
        raise InputError(f"{here} is far outside the picture; {middle}: give a calibration of this video")
    if (off > _OFF_CENTRE).any():
        found.append(
            f"{here} is far from the middle; {middle}: is this the calibration of another picture size? Name the size "
            "in the file; if the video was cropped, it may be right"
        )
    if K[0, 1]:
        moved = abs(K[0, 1]) / fy * size[1] / 2
        if moved > _SKEWED * size[0]:
            raise InputError(f"{where}: a skew of {K[0, 1]:.6g} moves pixels by {moved:.0f}; no camera has so much")
        found.append(f"{where}: its skew of {K[0, 1]:.6g} is left out, which moves pixels by {moved:.1f} at most")
    if distortion.any():
        middle_error, edge_error = _inverse_error(K, size, distortion)
        if not middle_error < _INVERTED * size.max():
            raise InputError(
                f"{where}: its distortion coefficients {_short(distortion)} fold the picture; they must be OpenCV's "
                "(k1, k2, p1, p2, k3, ...), which a fisheye's are not"
            )
        if not edge_error < _INVERTED * size.max():
            found.append(
                f"{where}: its distortion coefficients {_short(distortion)} fold the picture's edges, where keypoints "
                "cannot be trusted; calibrate with fewer coefficients"
            )
    return found


def _inverse_error(
    K: Float[np.ndarray, "3 3"], size: Float[np.ndarray, " 2"], distortion: Float[np.ndarray, " n"]
) -> tuple[float, float]:
    """How far pixels are from themselves after undistorting and distorting them: the middle's, and most of them.

    In pixels; infinite where that gives no numbers.
    """
    import cv2

    grid = np.linspace(0.1, 0.9, 9)
    pixels = np.stack(np.meshgrid(grid * size[0], grid * size[1]), -1).reshape(-1, 1, 2)
    until = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-8)
    rays = cv2.undistortPoints(pixels, K, distortion, criteria=until).reshape(-1, 2)
    rays[~np.isfinite(rays).all(axis=1)] = 1e6
    there, _ = cv2.projectPoints(np.insert(rays, 2, 1.0, axis=1), np.zeros(3), np.zeros(3), K, distortion)
    away = np.nan_to_num(np.linalg.norm(there - pixels, axis=-1).ravel(), nan=math.inf)
    return float(np.percentile(away, 50)), float(np.percentile(away, 90))


def _short(values: Float[np.ndarray, " n"]) -> str:
    return "(" + ", ".join(f"{value:.3g}" for value in values) + ")"
