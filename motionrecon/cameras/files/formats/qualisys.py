"""Qualisys Track Manager's calibrations (``.qca.txt``, an XML).

What it says differs from everybody else's: lengths in sixty-fourths of a pixel and in millimetres, the camera's place
instead of a translation, axes x right, y up and z towards the viewer. It is turned into a list of cameras as other
files describe them. Marker cameras, which take no video, are left out. As in Pose2Sim, whose TOML of the same file
says the same to the last digit, the lens's coefficients are divided by 64 too, and cameras are in natural order.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np

from motionrecon.cameras.files.formats.xml import parsed
from motionrecon.cameras.files.names import natural_order

#: Qualisys's units in a pixel, and in a metre.
_PER_PIXEL, _PER_METRE = 64.0, 1000.0
#: Its axes in those of OpenCV's cameras, which look along z with y down.
_AXES = np.diag([1.0, -1.0, -1.0])
#: Its coefficients in OpenCV's order; the word is misspelt there.
_LENS = (
    *("radialDistortion1", "radialDistortion2", "tangentalDistortion1", "tangentalDistortion2"),
    "radialDistortion3",
)
#: Words in the model of a camera that takes video; what Pose2Sim writes says none.
_VIDEO = ("video", "none")


def looks_like(text: str) -> bool:
    """An XML whose cameras have a field of view for video."""
    return text.lstrip().startswith("<") and re.search(r"<fov_video[\s/>]", text) is not None


def read(text: str) -> object:
    """The video cameras of a calibration, as a list of what describes each of them."""
    cameras = [camera for camera in parsed(text).iter("camera") if camera.find("fov_video") is not None]
    films = [camera for camera in cameras if any(word in camera.get("model", "none").lower() for word in _VIDEO)]
    described = [_camera(camera) for camera in films or cameras]
    return sorted(described, key=lambda camera: natural_order(str(camera["name"])))


def _camera(camera: ElementTree.Element) -> dict[str, object]:
    name = camera.get("serial", "")
    left, top, right, bottom = _numbers(name, camera, "fov_video", "left", "top", "right", "bottom")
    fx, fy, cx, cy = _numbers(name, camera, "intrinsic", "focalLengthU", "focalLengthV", "centerPointU", "centerPointV")
    lens = _numbers(name, camera, "intrinsic", *_LENS)
    matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, _PER_PIXEL]]) / _PER_PIXEL
    found: dict[str, object] = {
        "name": name,
        "size": [right - left + 1, bottom - top + 1],
        "matrix": (matrix - [[0, 0, left], [0, 0, top], [0, 0, 0]]).tolist(),
        "distortions": [value / _PER_PIXEL for value in (lens if lens[4] else lens[:4])],
    }
    if camera.find("transform") is not None:
        keys = [f"r{i}{j}" for i in (1, 2, 3) for j in (1, 2, 3)]
        R = _AXES @ np.array(_numbers(name, camera, "transform", *keys)).reshape(3, 3)
        place = np.array(_numbers(name, camera, "transform", "x", "y", "z")) / _PER_METRE
        found |= {"rotation": R.tolist(), "translation": (-R @ place).tolist()}
    return found


def _numbers(name: str, camera: ElementTree.Element, tag: str, *keys: str) -> list[float]:
    """Attributes of one of a camera's elements.

    Raises:
        ValueError: one is missing, or no number.
    """
    element = camera.find(tag)
    given = {} if element is None else element.attrib
    where = f"<{tag}> of camera {name[:40]}"
    missing = [key for key in keys if key not in given]
    if missing:
        raise ValueError(f"{where} has no {missing[0]}, as Qualisys's have")
    try:
        return [float(given[key]) for key in keys]
    except ValueError:
        raise ValueError(f"{where} has no number in one of {', '.join(keys)}") from None
