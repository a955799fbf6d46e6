"""Calibration files that motionrecon writes: Pose2Sim's TOML, which `motionrecon.cameras.files.load_camera` reads too.

```toml
[left]
name = "left"
size = [1920.0, 1080.0]
matrix = [[1400.0, 0.0, 960.0], [0.0, 1400.0, 540.0], [0.0, 0.0, 1.0]]
distortions = [-0.1, 0.02, 0.001, -0.002]
rotation = [1.57, 0.0, 0.0]              # Rodrigues vector, world to camera
translation = [0.0, 1.4, 4.0]            # metres
fisheye = false
rotation_error_degrees = 0.4             # as seen from the first, if it is known; others read over it
place_error_metres = 0.02

[metadata]
adjusted = false
error = 0.5                              # mean distance of reprojection, pixels; if it is known
assumed_height_metres = 1.7              # of the person by whom all distances are scaled, where nobody gave it
assumed_focal_length = true              # where nobody gave it
```

Pose2Sim counts the cameras by their place in the file, so ``metadata`` stands last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.pinhole import Pinhole, Uncertainty
from motionrecon.core import so3
from motionrecon.core.files import atomic
from motionrecon.errors import OutputError

#: Pose2Sim reads four coefficients at least.
_FEWEST_COEFFICIENTS = 4
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
#: The section that is no camera, and what stands there of what was assumed.
METADATA, ASSUMED_HEIGHT, ASSUMED_FOCAL_LENGTH = "metadata", "assumed_height_metres", "assumed_focal_length"


@dataclass(frozen=True)
class Assumptions:
    """What was assumed, not known, when cameras were found from a person.

    Attributes:
        height: metres that the person was taken to measure, by whom all distances are scaled; None if it was given.
        focal_length: whether the focal lengths were assumed.
    """

    height: float | None = None
    focal_length: bool = False


def write_cameras(
    path: str | Path,
    cameras: Mapping[str, Pinhole],
    *,
    posed: bool = True,
    uncertainty: Mapping[str, Uncertainty] | None = None,
    error_px: float | None = None,
    assumed: Assumptions | None = None,
    remarks: Sequence[str] = (),
) -> None:
    """Write a calibration file; a file that is there is replaced only when the new one is whole.

    Args:
        path: the file, ``.toml``.
        cameras: by name, in a Z-up world whose floor is z = 0.
        posed: whether the poses are known; without them, the file gives intrinsics only.
        uncertainty: of the poses, by name, where it is known.
        error_px: mean distance of reprojection, pixels, where it is known.
        assumed: what of all this rests on what nobody knew.
        remarks: sentences that stand on top as comments.

    Raises:
        OutputError: there is nothing to write, a name cannot be one, or the file cannot be written.
    """
    if not cameras:
        raise OutputError(f"{path}: there are no cameras to write")
    for name in cameras:
        if not name.strip() or name == METADATA or not name.isprintable():
            raise OutputError(f"{path}: a camera cannot be called {name!r}; give it another name")
    known = uncertainty or {}
    lines = [f"# {line}" for remark in remarks for line in remark.splitlines()]
    for name, camera in cameras.items():
        lines += (
            ["", *_section(name, camera, posed, known.get(name))]
            if lines
            else _section(name, camera, posed, known.get(name))
        )
    lines += ["", f"[{METADATA}]", "adjusted = false"]
    lines += [] if error_px is None else [f"error = {float(error_px)!r}"]
    assumed = assumed or Assumptions()
    lines += [] if assumed.height is None else [f"{ASSUMED_HEIGHT} = {float(assumed.height)!r}"]
    lines += [f"{ASSUMED_FOCAL_LENGTH} = true"] if assumed.focal_length else []
    with atomic(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _section(name: str, camera: Pinhole, posed: bool, uncertainty: Uncertainty | None) -> list[str]:
    """The lines of one camera."""
    quoted = json.dumps(name, ensure_ascii=False)  # a JSON string is a TOML string
    coefficients = camera.distortion
    if len(coefficients) < _FEWEST_COEFFICIENTS:
        coefficients = np.append(coefficients, np.zeros(_FEWEST_COEFFICIENTS - len(coefficients)))
    lines = [
        f"[{name if _BARE_KEY.fullmatch(name) else quoted}]",
        f"name = {quoted}",
        f"size = {_numbers(np.array(camera.image_size, dtype=float))}",
        f"matrix = [{', '.join(_numbers(row) for row in camera.K)}]",
        f"distortions = {_numbers(coefficients)}",
    ]
    if posed:
        rotation = so3.log(so3.from_matrix(camera.R_camera_world))
        lines += [f"rotation = {_numbers(rotation)}", f"translation = {_numbers(camera.t_camera_world)}"]
    lines.append("fisheye = false")
    if posed and uncertainty is not None:
        lines += [
            f"rotation_error_degrees = {uncertainty.rotation:.3g}",
            f"place_error_metres = {uncertainty.place:.3g}",
        ]
    return lines


def _numbers(values: Float[np.ndarray, " n"]) -> str:
    """Numbers as TOML has them, to the last digit."""
    return "[" + ", ".join(repr(float(value)) for value in values) + "]"
