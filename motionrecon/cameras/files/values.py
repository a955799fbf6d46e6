"""What a camera's section says, as arrays in OpenCV's conventions, whatever the shapes it is written in."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.files.sections import Section
from motionrecon.cameras.files.vocabulary import COEFFICIENTS, plain
from motionrecon.core import so3
from motionrecon.errors import InputError

#: OpenCV's distortion models have so many coefficients.
_LENGTHS = (0, 4, 5, 8, 12, 14)
#: Words in the name of a lens model that is no perspective with OpenCV's distortion.
_OTHER_LENSES = ("fisheye", "equidistant", "kannala", "omni", "mei", "doublesphere", "unified", "fov", "spherical")
#: The distortion models that OpenCV's coefficients are, as ROS, Kalibr and COLMAP call them.
_OUR_LENSES = ("plumbbob", "rationalpolynomial", "radtan", "radialtangential", "brown", "opencv", "pinhole", "none")
#: Metres in a unit.
_UNITS = {
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), 1.0),
    **dict.fromkeys(("cm", "centimetre", "centimetres", "centimeter", "centimeters"), 0.01),
    **dict.fromkeys(("mm", "millimetre", "millimetres", "millimeter", "millimeters"), 0.001),
}
#: A matrix this far from a rotation was rounded; one farther away is none.
_ROUNDED = 0.02


@dataclass(frozen=True)
class Description:
    """One camera as a file describes it.

    Attributes:
        where: how to call it in a message.
        K: intrinsics (3, 3), pixels.
        distortion: OpenCV's coefficients.
        size: (width, height) of the pictures it was calibrated with, pixels; None where the file does not say.
        pose: rotation (3, 3) and translation (3,), metres, world to camera; None where the file does not say.
        warnings: what had to be guessed.
    """

    where: str
    K: Float[np.ndarray, "3 3"]
    distortion: Float[np.ndarray, " n"]
    size: Float[np.ndarray, " 2"] | None
    pose: tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, " 3"]] | None
    warnings: tuple[str, ...] = ()


def describe(where: str, section: Section, image_size: tuple[int, int]) -> Description:
    """The arrays of a section.

    Args:
        where: how to call the camera in a message.
        section: what the file says.
        image_size: of the video: where the file names neither size nor principal point, the latter is its middle.

    Raises:
        InputError: something has another shape, or is what we cannot use.
    """
    _check_lens(where, section)
    size = size_of(where, section)
    K, transposed = _matrix(where, section, np.array(image_size, float) if size is None else size)
    pose = pose_of(where, section)
    warnings: tuple[str, ...] = ()
    if transposed and pose is not None and "rotation" in section and _array(where, section, "rotation").size == 9:
        pose = pose[0].T, pose[1]
        warnings = (
            f"{where}: {section.keys['matrix']} is written for points as rows, as in MATLAB and JARVIS, so "
            f"{section.keys['rotation']} was read that way too",
        )
    return Description(where, K, _distortion(where, section), size, pose, warnings)


def _array(where: str, section: Section, name: str) -> Float[np.ndarray, " ..."]:
    """The numbers under a name, in the shape they are written in.

    A map with ``rows``, ``cols`` and ``data`` has that shape; {x, y, z} is a vector.
    """
    key, value = section.keys[name], section.values[name]
    shape: tuple[int, ...] | None = None
    if isinstance(value, dict):
        rows, cols = value.get("rows"), value.get("cols")
        if isinstance(rows, int) and isinstance(cols, int):
            channels = re.match(r"\d{0,3}", str(value.get("dt", "")))
            shape = (rows, cols * int(channels[0] or 1)) if channels is not None else (rows, cols)
        by_axis = {str(axis).lower(): number for axis, number in value.items()}
        value = value["data"] if "data" in value else [by_axis[axis] for axis in "xyzw" if axis in by_axis]
    try:
        found = np.array(value, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{where}: {key} is not an array of numbers") from error
    if not np.isfinite(found).all():
        raise InputError(f"{where}: {key} holds numbers that are not finite")
    if shape is not None:
        if min(shape) < 0 or found.size != shape[0] * shape[1]:
            raise InputError(f"{where}: {key} has {found.size} numbers, but should have {shape[0]} x {shape[1]}")
        found = found.reshape(shape)
    return found


def _vector(where: str, section: Section, name: str, length: int) -> Float[np.ndarray, " n"]:
    """So many numbers, however nested."""
    found = _array(where, section, name)
    if found.size != length or sum(side > 1 for side in found.shape) > 1:
        raise _shape(where, section, name, found, f"{length} numbers")
    return found.reshape(length)


def _number(where: str, section: Section, name: str) -> float:
    return float(_vector(where, section, name, 1)[0])


def _shape(where: str, section: Section, name: str, found: Float[np.ndarray, " ..."], wanted: str) -> InputError:
    shape = " x ".join(map(str, found.shape)) or "one number"
    return InputError(f"{where}: {section.keys[name]} has shape {shape}; it must have {wanted}")


def _check_lens(where: str, section: Section) -> None:
    flag = section.values.get("fisheye", False)
    model = plain(str(section.values.get("model", "")))
    if (flag if isinstance(flag, bool | int) else plain(str(flag)) in ("true", "yes", "1")) or "xi" in section:
        model = "fisheye"
    if any(word in model for word in _OTHER_LENSES):
        raise InputError(
            f"{where} is a fisheye camera or another wide lens ({section.values.get('model', 'fisheye')}), which "
            "motionrecon cannot use; undistort the video first, and give the camera of the undistorted pictures"
        )
    if "distortion" in plain(section.keys.get("model", "")) and not any(word in model for word in _OUR_LENSES):
        raise InputError(
            f"{where}: the distortion model {section.values['model']} is unknown; OpenCV's can be used (plumb_bob, "
            "rational_polynomial, radtan)"
        )


def size_of(where: str, section: Section) -> Float[np.ndarray, " 2"] | None:
    """(width, height) of the pictures, pixels; None where a section does not say it.

    Raises:
        InputError: it is no size.
    """
    if "size" in section:
        size = _vector(where, section, "size", 2)
    elif "width" in section and "height" in section:
        size = np.array([_number(where, section, "width"), _number(where, section, "height")])
    else:
        return None
    if not (size >= 1).all():
        raise InputError(f"{where}: a picture of {size[0]:g} x {size[1]:g} pixels has none; give its width and height")
    return size


def _matrix(where: str, section: Section, size: Float[np.ndarray, " 2"]) -> tuple[Float[np.ndarray, "3 3"], bool]:
    """Intrinsics, and whether they were written as columns."""
    if "matrix" not in section:
        return _from_parts(where, section, size), False
    found = _array(where, section, "matrix")
    if found.size == 4 and found.ndim == 1:  # Kalibr's
        fx, fy, cx, cy = found
        K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
    elif found.size == 9 and found.shape in ((3, 3), (9,), (9, 1), (1, 9)):
        K = found.reshape(3, 3)
    elif found.shape == (3, 4) and not found[:, 3].any():
        K = found[:, :3]
    else:
        raise _shape(where, section, "matrix", found, "3 x 3")
    transposed = bool(np.allclose(K[:, 2], [0, 0, 1]) and K[2, :2].any())
    K = K.T if transposed else K
    if not (K[0, 0] > 0 and K[1, 1] > 0 and np.allclose(K[2], [0, 0, 1]) and abs(K[1, 0]) < 1e-6 * K[1, 1]):
        raise InputError(
            f"{where}: {section.keys['matrix']} is not an intrinsic matrix [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]"
        )
    return K, transposed


def _from_parts(where: str, section: Section, size: Float[np.ndarray, " 2"]) -> Float[np.ndarray, "3 3"]:
    """Intrinsics of which each number stands by itself."""
    if "fx" in section:
        fx = _number(where, section, "fx")
        fy = _number(where, section, "fy") if "fy" in section else fx
    else:
        focal = _array(where, section, "focal")
        if focal.size not in (1, 2):
            raise _shape(where, section, "focal", focal, "one or two numbers")
        fx, fy = (float(value) for value in np.broadcast_to(focal.ravel(), 2))
    if not (fx > 0 and fy > 0):
        raise InputError(f"{where}: a focal length of {min(fx, fy):g} is not above 0")
    if "centre" in section:
        cx, cy = _vector(where, section, "centre", 2)
    elif "cx" in section and "cy" in section:
        cx, cy = _number(where, section, "cx"), _number(where, section, "cy")
    else:
        cx, cy = size / 2
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])


def _distortion(where: str, section: Section) -> Float[np.ndarray, " n"]:
    if "distortions" in section:
        found = _array(where, section, "distortions")
        if sum(side > 1 for side in found.shape) > 1:
            raise _shape(where, section, "distortions", found, "one row of coefficients")
        key, found = section.keys["distortions"], found.ravel()
    elif "radial" in section:  # MATLAB's
        radial = _array(where, section, "radial").ravel()
        tangential = _array(where, section, "tangential").ravel() if "tangential" in section else np.zeros(2)
        if radial.size not in (1, 2, 3) or tangential.size != 2:
            raise _shape(where, section, "radial", radial, "2 or 3 numbers, and the tangential one 2")
        k1, k2, *k3 = [*radial, 0.0] if radial.size == 1 else radial
        return np.array([k1, k2, *tangential, *k3])
    else:
        named = [name for name in COEFFICIENTS if name in section]
        if not named:
            return np.zeros(0)
        key, found = ", ".join(section.keys[name] for name in named), np.zeros(len(COEFFICIENTS))
        for name in named:
            found[COEFFICIENTS.index(name)] = _number(where, section, name)
        found = np.trim_zeros(found, "b")
        found = np.pad(found, (0, next(length for length in _LENGTHS if length >= found.size) - found.size))
    if found.size in _LENGTHS:
        return found
    # One or two coefficients are radial everywhere, and zeros behind the last one change nothing.
    meant = np.trim_zeros(found, "b")
    if meant.size <= 2 or meant.size in _LENGTHS:
        return np.pad(meant, (0, next(length for length in _LENGTHS if length >= meant.size) - meant.size))
    raise InputError(
        f"{where}: {key} has {found.size} numbers; OpenCV's models have 4 (k1, k2, p1, p2), 5 (with k3), 8, 12 or 14: "
        "write zeros where a coefficient is missing"
    )


def pose_of(where: str, section: Section) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, " 3"]] | None:
    """Rotation (3, 3) and translation (3,), metres, world to camera, as a section has them; None where it has none.

    Raises:
        InputError: they are no rotation or no translation.
    """
    if "rotation" not in section and "translation" not in section and "extrinsics" in section:
        found = _array(where, section, "extrinsics")
        if found.size == 16:
            found = found.reshape(4, 4)
            if not np.allclose(found[3], [0, 0, 0, 1]):
                raise InputError(f"{where}: the last row of {section.keys['extrinsics']} must be 0, 0, 0, 1")
        elif found.size != 12:
            raise _shape(where, section, "extrinsics", found, "3 x 4 or 4 x 4")
        found = found.ravel()[:12].reshape(3, 4)
        return _rotation(where, section.keys["extrinsics"], found[:, :3]), found[:, 3] * _unit(where, section)
    given = [name for name in ("rotation", "translation") if name in section]
    if not given:
        return None
    if len(given) == 1:
        missing = "translation" if given[0] == "rotation" else "rotation"
        raise InputError(
            f"{where} has a {section.keys[given[0]]} only; a camera with a pose has a {missing} besides, and one "
            "without has neither"
        )
    rotation = _array(where, section, "rotation")
    if rotation.size == 9:
        R = _rotation(where, section.keys["rotation"], rotation.reshape(3, 3))
    elif rotation.size == 3:
        R = _rodrigues(where, section.keys["rotation"], rotation.ravel())
    else:
        wanted = "3 numbers (a Rodrigues vector) or 3 x 3"
        if rotation.size == 4:
            wanted += ", since the order of a quaternion's numbers is not told"
        raise _shape(where, section, "rotation", rotation, wanted)
    return R, _vector(where, section, "translation", 3) * _unit(where, section)


def _rodrigues(where: str, key: str, vector: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    angle = float(np.abs(vector).max())
    if angle > 2 * np.pi + 1e-6:
        raise InputError(
            f"{where}: {key} turns by {angle:g} radians; it must be a Rodrigues vector in radians"
            f"{', and is probably in degrees' if angle <= 360 else ''}"
        )
    return so3.matrix(vector)


def _rotation(where: str, key: str, matrix: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """The rotation next to a matrix that was rounded."""
    with np.errstate(over="ignore", invalid="ignore"):
        away = np.abs(matrix @ matrix.T - np.eye(3)).max()
    if not away < _ROUNDED:
        raise InputError(f"{where}: {key} is not a rotation: its rows must be at right angles and of length 1")
    left, _, right = np.linalg.svd(matrix)
    if np.linalg.det(matrix) < 0:
        raise InputError(f"{where}: {key} mirrors (its determinant is -1); a rotation must not")
    R: Float[np.ndarray, "3 3"] = left @ right
    return R


def _unit(where: str, section: Section) -> float:
    """Metres in the unit that the file names; 1 where it names none."""
    if "unit" not in section:
        return 1.0
    unit = _UNITS.get(str(section.values["unit"]).strip().lower())
    if unit is None:
        raise InputError(f"{where}: {section.keys['unit']} {section.values['unit']} is unknown; give m, cm or mm")
    return unit
