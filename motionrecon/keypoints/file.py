"""motionrecon's own keypoint file: an ``.npz`` (NumPy archive, no pickles) with these arrays.

| key | shape, type | meaning |
| --- | --- | --- |
| ``pixels`` | (T, 33, 2) float | pixels of the upright frame, x right, y down; NaN where unknown |
| ``confidence`` | (T, 33) float | 0 (no evidence) to 1 |
| ``fps`` | () float | frames per second; row t is the frame at t / fps seconds |
| ``image_size`` | (2,) int | width, height in pixels |
| ``points_3d`` | (T, 33, 3) float | optional: the detector's own 3D, as below |
| ``tracked`` | (T,) bool | optional: False where the person is not seen; if absent, frames with any pixel |
| ``warnings`` | (n,) str | optional: what the reader should know |
| ``detector`` | () str | optional: whose ``points_3d`` is: ``full`` or ``heavy``, whose errors are known |
| ``mirrored`` | () bool | optional: whether it looked at each picture mirrored, too: this is the mean of both |
| ``hands/pixels`` | (T, 2, 21, 2) float | optional: left and right hand, 21 points as MediaPipe orders them |
| ``hands/points_3d`` | (T, 2, 21, 3) float | with them: metres, axes as of ``points_3d``, about any point |
| ``hands/confidence`` | (T, 2) float | with them: 0 to 1; 0 in frames in which no hand is seen or looked for |
| ``background/...`` | | optional: what was followed of the background, as `motionrecon.background.tracks` describes |

``points_3d`` is in metres, hip centred, x right, y down, z away from a camera that is turned to the person, since a
detector looks at a cut-out; NaN where unknown.

The 33 rows are the BlazePose landmarks in the order of `motionrecon.core.landmarks.NAMES`. Write one with
``numpy.savez``, or with `save`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.background.tracks import BackgroundTracks
from motionrecon.core.arrays import pack, schema, values_of
from motionrecon.core.clock import MOST_FRAMES
from motionrecon.core.files import read_arrays, write_arrays
from motionrecon.core.landmarks import COUNT
from motionrecon.errors import InputError
from motionrecon.keypoints.bounds import check_clock, check_pixels, check_size
from motionrecon.keypoints.types import HandKeypoints, Keypoints

_REQUIRED = ("pixels", "confidence", "fps", "image_size")
#: What a file may say of how it was made.
_MADE_BY = ("detector", "mirrored")
#: The file's schema: that of `Keypoints`, some of which a file need not have.
_SCHEMA = {
    **schema(Keypoints),
    "points_3d": Float[np.ndarray, "T 33 3"] | None,
    "tracked": Bool[np.ndarray, " T"] | None,
}


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
        inside = (("hands", HandKeypoints), ("background", BackgroundTracks))
        within = [f"{field}/{name}" for field, kind in inside for name in schema(kind)]
        data = read_arrays(path, (*_SCHEMA, *within))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is not a keypoint file that can be read ({error}); give an .npz file of keypoints, "
            "or the .json files of OpenPose, Pose2Sim, AlphaPose or MMPose"
        ) from error
    return from_arrays(data, str(path))


def to_arrays(keypoints: Keypoints) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of a keypoint file."""
    return pack(keypoints)


def from_arrays(data: Mapping[str, np.ndarray[Any, Any]], path: str) -> Keypoints:
    """Keypoints from the arrays of a keypoint file called ``path``.

    Raises:
        InputError: as `load`.
    """
    missing = [key for key in _REQUIRED if key not in data]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}; a keypoint file needs {', '.join(_REQUIRED)}")
    if "background/cuts" not in data:  # earlier versions followed nothing after a cut: the film is looked at anew
        data = {key: array for key, array in data.items() if not key.startswith("background/")}
    try:
        found = values_of(_SCHEMA, data, optional=("warnings", *_MADE_BY))
        if found["background"] is not None:
            found["background"].check(len(found["pixels"]))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    count, points_3d = len(found["pixels"]), found["points_3d"]
    fps, size = check_clock(path, data["fps"].item()), check_size(path, data["image_size"].tolist())
    if count < 2:
        raise InputError(f"{path} holds {count} frame(s), and fewer than two are no motion")
    if count > MOST_FRAMES:
        raise InputError(f"{path} holds {count} frames, and {MOST_FRAMES} are the most that fit; give a shorter clip")
    check_pixels(path, found["pixels"], size)
    points_3d = np.full((count, COUNT, 3), np.nan) if points_3d is None else points_3d
    warnings = found.get("warnings", ())
    keypoints = keypoints_of(found["pixels"], found["confidence"], points_3d, fps, size, found["tracked"], warnings)
    hands, made_by = _hands(path, found["hands"], keypoints), {k: found[k] for k in _MADE_BY if k in found}
    return replace(keypoints, hands=hands, background=found["background"], **made_by)


def _hands(path: str, hands: HandKeypoints | None, keypoints: Keypoints) -> HandKeypoints | None:
    """The hands of a file, whose arrays agree: confidence 0 where a point is not known, NaN where confidence is 0."""
    if hands is None:
        return None
    if len(hands.pixels) != len(keypoints):
        raise InputError(f"{path}: 'hands/pixels' is of {len(hands.pixels)} frames, and 'pixels' of {len(keypoints)}")
    check_pixels(path, hands.pixels, keypoints.image_size)
    known = np.isfinite(hands.pixels).all((2, 3)) & np.isfinite(hands.points_3d).all((2, 3))
    confidence = np.where(known, np.clip(np.nan_to_num(hands.confidence), 0.0, 1.0), 0.0)
    seen = (confidence > 0)[..., None, None]
    return HandKeypoints(np.where(seen, hands.pixels, np.nan), np.where(seen, hands.points_3d, np.nan), confidence)


def keypoints_of(
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
