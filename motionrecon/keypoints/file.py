"""motionrecon's own keypoint file: an ``.npz`` (NumPy archive, no pickles) with these arrays.

==============  ==================  ==========================================================================
key             shape, type         meaning
==============  ==================  ==========================================================================
pixels          (T, 33, 2) float    pixels of the upright frame, x right, y down; NaN where unknown
confidence      (T, 33) float       0 (no evidence) to 1
fps             () float            frames per second; row t is the frame at t / fps seconds
image_size      (2,) int            width, height in pixels
points_3d       (T, 33, 3) float    optional: the detector's own 3D in metres, hip centred, x right, y down, z away
                                    from the camera; NaN where unknown
tracked         (T,) bool           optional: False where the person is not seen; if absent, frames with any pixel
warnings        (n,) str            optional: what the reader should know
==============  ==================  ==========================================================================

The 33 rows are the BlazePose landmarks in the order of `motionrecon.core.landmarks.NAMES`. Write one with
``numpy.savez``, or with `save`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.core.files import MOST_FRAMES, read_arrays, write_arrays
from motionrecon.core.landmarks import COUNT
from motionrecon.errors import InputError
from motionrecon.keypoints.bounds import check_clock, check_pixels, check_size
from motionrecon.keypoints.types import Keypoints

_REQUIRED = ("pixels", "confidence", "fps", "image_size")
_KEYS = (*_REQUIRED, "points_3d", "tracked", "warnings")


def save(keypoints: Keypoints, path: str | Path) -> None:
    """Write a keypoint file.

    Raises:
        OutputError: the file cannot be written.
    """
    write_arrays(path, to_arrays(keypoints))


def load(path: str | Path) -> Keypoints:
    """Read a keypoint file.

    Raises:
        InputError: it cannot be read, an array is missing or has the wrong shape, or its numbers make no sense.
    """
    try:
        data = read_arrays(path, _KEYS)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is not a keypoint file that can be read ({error}); see --help of reconstruct"
        ) from error
    return from_arrays(data, str(path))


def to_arrays(keypoints: Keypoints) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of a keypoint file."""
    return {
        "pixels": keypoints.pixels,
        "confidence": keypoints.confidence,
        "points_3d": keypoints.points_3d,
        "tracked": keypoints.tracked,
        "fps": np.array(keypoints.fps),
        "image_size": np.array(keypoints.image_size),
        "warnings": np.array(keypoints.warnings, dtype=np.str_),
    }


def from_arrays(data: Mapping[str, np.ndarray[Any, Any]], path: str) -> Keypoints:
    """Keypoints from the arrays of a keypoint file called ``path``.

    Raises:
        InputError: as `load`.
    """
    missing = [key for key in _REQUIRED if key not in data]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}; a keypoint file needs {', '.join(_REQUIRED)}")
    count = len(data["pixels"]) if data["pixels"].ndim else 0
    shapes = {
        "pixels": (count, COUNT, 2),
        "confidence": (count, COUNT),
        "points_3d": (count, COUNT, 3),
        "fps": (),
        "image_size": (2,),
        "tracked": (count,),
    }
    for key, shape in shapes.items():
        if key in data and data[key].shape != shape:
            raise InputError(f"{path}: {key} has shape {data[key].shape}, expected {shape}")
        if key in data and data[key].dtype.kind not in "fiub":
            raise InputError(f"{path}: {key} holds {data[key].dtype}, expected numbers")
    fps, size = check_clock(path, data["fps"].item()), check_size(path, data["image_size"].tolist())
    if count < 2:
        raise InputError(f"{path} holds {count} frame(s), and fewer than two are no motion")
    if count > MOST_FRAMES:
        raise InputError(f"{path} holds {count} frames, and {MOST_FRAMES} are the most that fit; give a shorter clip")
    check_pixels(path, data["pixels"], size)
    warnings = tuple(str(text) for text in np.atleast_1d(data.get("warnings", np.array([], dtype=np.str_))))
    points_3d = data["points_3d"] if "points_3d" in data else np.full((count, COUNT, 3), np.nan)
    return assemble(data["pixels"], data["confidence"], points_3d, fps, size, data.get("tracked"), warnings)


def assemble(
    pixels: Float[np.ndarray, "T 33 2"],
    confidence: Float[np.ndarray, "T 33"],
    points_3d: Float[np.ndarray, "T 33 3"],
    fps: float,
    image_size: tuple[int, int],
    tracked: Bool[np.ndarray, " T"] | None = None,
    warnings: tuple[str, ...] = (),
) -> Keypoints:
    """Keypoints whose arrays agree: NaN pixels have confidence 0, and frames without the person are NaN throughout.

    Points in 3D that all coincide (zeros, say) are a file's way to say that there are none.

    Args:
        pixels, confidence, points_3d: as in `Keypoints`.
        tracked: as there; None marks the frames that have any pixel.
        fps, image_size, warnings: as in `Keypoints`.
    """
    pixels = np.array(pixels, dtype=float)
    points_3d = np.array(points_3d, dtype=float)
    known = np.isfinite(pixels).all(-1)
    tracked = known.any(1) if tracked is None else np.asarray(tracked, dtype=bool) & known.any(1)
    known = known & tracked[:, None]
    pixels[~known] = np.nan
    points_3d[~known | (points_3d == points_3d[:, :1]).all((1, 2))[:, None]] = np.nan
    confidence = np.where(known, np.clip(np.nan_to_num(np.asarray(confidence, dtype=float)), 0.0, 1.0), 0.0)
    return Keypoints(pixels, confidence, points_3d, tracked, fps, image_size, warnings)
