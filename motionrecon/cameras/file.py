"""Cameras from a calibration file, or from what phones usually are.

The file is Pose2Sim's TOML (https://perfanalytics.github.io/pose2sim): a section for each camera, with ``size``,
``matrix`` and ``distortions`` as OpenCV defines them, and for a posed camera ``rotation`` (Rodrigues vector) and
``translation`` (metres), world to camera, in a Z-up world whose floor is z = 0.
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from motionrecon.cameras.pinhole import LEVEL, Camera
from motionrecon.core.files import reason
from motionrecon.core.progress import Progress, Silent
from motionrecon.errors import InputError

#: Field of view along the longer side of the image of a camera that nobody described, degrees. Phones film with
#: lenses of 24 to 28 mm (35 mm equivalent: 74 to 65 degrees) and crop a tenth or so to steady the picture.
DEFAULT_FOV = 65.0

#: Video codecs pad to blocks of 16 pixels: a calibration of 1088 lines fits a video of 1080, pixel by pixel.
_PADDING = 16

#: Nobody films a person from farther away than this, metres; a translation that says so is in millimetres.
_FARTHEST = 200.0


def default_camera(image_size: tuple[int, int], fov: float | None = None, focal_px: float | None = None) -> Camera:
    """A camera without distortion or known pose that looks through the middle of the image.

    Args:
        image_size: (width, height), pixels.
        fov: field of view along the longer side, degrees; ``DEFAULT_FOV`` where neither this nor ``focal_px`` is given.
        focal_px: focal length, pixels.
    """
    width, height = image_size
    if focal_px is None:
        focal_px = max(image_size) / 2 / math.tan(math.radians(DEFAULT_FOV if fov is None else fov) / 2)
    K = np.array([[focal_px, 0.0, width / 2], [0.0, focal_px, height / 2], [0.0, 0.0, 1.0]])
    return Camera(K, image_size, R_camera_world=LEVEL, t_camera_world=np.zeros(3))


def load_camera(path: Path, name: str | None, image_size: tuple[int, int], progress: Progress | None = None) -> Camera:
    """One camera of a calibration file, fitted to a video.

    Args:
        path: the TOML file.
        name: the camera's name; None where the file holds only one.
        image_size: (width, height) of the video, pixels. Intrinsics of another resolution of the same shape are scaled
            to it, with a warning.
        progress: where warnings go.

    Returns:
        The camera; ``calibrated`` if the file holds its rotation and translation.

    Raises:
        InputError: the file cannot be read, the camera is not in it, or does not fit the video.
    """
    where, section = _choose(path, _read(path), name)
    if section.get("fisheye", False):
        raise InputError(f"{where} is a fisheye camera, which motionrecon cannot use; undistort the video first")
    progress = progress or Silent()
    K = _array(where, section, "matrix", (3, 3))
    if not (K[0, 0] > 0 and K[1, 1] > 0 and np.allclose(K[2], [0, 0, 1])):
        raise InputError(f"{where}: matrix is not an intrinsic matrix [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]")
    if "size" in section:
        K = _fit(where, K, _array(where, section, "size", (2,)), image_size, progress)
    distortion = np.zeros(0)
    if "distortions" in section:
        distortion = _array(where, section, "distortions", None)
    R, t, posed = _pose(where, section)
    if posed and -R[:, 2] @ t <= 0:
        progress.warn(f"{where} stands below the floor; its world must be Z-up with the floor at z = 0")
    return Camera(K, image_size, R, t, distortion, posed)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The sections of the file that are cameras."""
    try:
        with open(path, "rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise InputError(f"cannot read camera file {path}: {reason(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"camera file {path} is not TOML: {error}") from error
    cameras = {key: value for key, value in content.items() if isinstance(value, dict) and "matrix" in value}
    if not cameras:
        raise InputError(f"camera file {path} holds no camera: no section has a matrix")
    return cameras


def _choose(path: Path, cameras: dict[str, dict[str, Any]], name: str | None) -> tuple[str, dict[str, Any]]:
    """The camera called ``name``, by section or by its ``name`` key, and how to call it in a message."""
    names = {str(section.get("name", key)): section for key, section in cameras.items()}
    known = ", ".join(names)
    if name is None:
        if len(names) > 1:
            raise InputError(f"camera file {path} holds {len(names)} cameras; pick one with camera_name=...: {known}")
        name = next(iter(names))
    section = names.get(name) or cameras.get(name)
    if section is None:
        raise InputError(f"camera_name={name} is not in {path}; its cameras are {known}")
    return f"camera {name} of {path}", section


def _array(where: str, section: dict[str, Any], key: str, shape: tuple[int, ...] | None) -> np.ndarray:
    """The numbers under ``key``, of that shape, or of any length where it is None."""
    try:
        values = np.array(section[key], dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {key} is not an array of numbers") from error
    if not np.isfinite(values).all():
        raise InputError(f"{where}: {key} holds numbers that are not finite")
    if shape is not None and values.shape != shape:
        raise InputError(f"{where}: {key} has shape {values.shape}; it must have {shape}")
    # OpenCV's distortion models have 4, 5, 8, 12 or 14 coefficients.
    if shape is None and (values.ndim != 1 or values.size not in (0, 4, 5, 8, 12, 14)):
        raise InputError(f"{where}: {key} has {values.size} numbers; OpenCV's models have 4, 5, 8, 12 or 14")
    return values


def _fit(where: str, K: np.ndarray, size: np.ndarray, image_size: tuple[int, int], progress: Progress) -> np.ndarray:
    """Intrinsics for a video of ``image_size`` from those of a camera of ``size``."""
    video = np.array(image_size, dtype=float)
    if (np.abs(video - size) <= _PADDING).all():
        return K
    scale = video / size
    sizes = f"was calibrated at {size[0]:g} x {size[1]:g}, but the video has {video[0]:g} x {video[1]:g} pixels"
    if abs(scale[0] / scale[1] - 1) > 0.01:
        why = "one of them is rotated" if (video[0] > video[1]) != (size[0] > size[1]) else "another shape"
        raise InputError(f"{where} {sizes} ({why}); give a calibration of this video")
    progress.warn(f"{where} {sizes}; its intrinsics were scaled by {scale[0]:.3g}")
    scaled = K.copy()
    # A pixel's centre has whole coordinates, so the image's corner, which scaling leaves in place, is at -0.5.
    scaled[:2] *= scale[:, None]
    scaled[:2, 2] += (scale - 1) / 2
    return scaled


def _pose(where: str, section: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, bool]:
    """Rotation, translation, and whether the section holds them."""
    from scipy.spatial.transform import Rotation

    found = [key for key in ("rotation", "translation") if key in section]
    if not found:
        return LEVEL, np.zeros(3), False
    if len(found) == 1:
        raise InputError(f"{where} has a {found[0]} only; a posed camera has a rotation and a translation")
    rotation = _array(where, section, "rotation", (3,))
    translation = _array(where, section, "translation", (3,))
    if np.linalg.norm(translation) > _FARTHEST:
        raise InputError(f"{where}: translation {translation.tolist()} is too far away; it must be in metres")
    return Rotation.from_rotvec(rotation).as_matrix(), translation, True
