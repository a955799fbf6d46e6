"""What a reconstruction is asked for: typed, checked, and saved with the result."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from motionrecon.core.records import read
from motionrecon.errors import InputError


class Assumed(float):
    """A number that the user did not give."""


@dataclass(frozen=True)
class Options:
    """The parameters of `motionrecon.pipeline.reconstruct` that decide what comes out, as described there."""

    height: float
    mass: float | None
    camera: Path | None
    camera_name: str | None
    fov: float | None
    focal_px: float | None
    start: float | None
    end: float | None
    filmed_fps: float | None
    keypoints: Path | None
    person: str
    detector: str
    optimizer: str
    window: float
    overlap: float
    physics: bool
    assist: bool
    force: bool
    seed: int

    @property
    def height_given(self) -> bool:
        """Whether the user gave the height; if not, it is assumed."""
        return not isinstance(self.height, Assumed)

    @property
    def gives_focal_length(self) -> bool:
        """Whether the user gave the camera's focal length; if not, it is assumed."""
        return any(value is not None for value in (self.camera, self.fov, self.focal_px))

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """Options from values by their names, checked; paths may be strings, and other names are passed over.

        Raises:
            InputError: one that cannot be right.
        """
        hints = get_type_hints(cls)
        values = {}
        for name in (field.name for field in fields(cls)):
            value = given[name]
            if name in ("camera", "keypoints") and isinstance(value, str):
                value = Path(value)
            if name == "person" and not isinstance(value, bool):
                value = ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
            try:
                values[name] = read(value, hints[name], name)
            except ValueError as error:
                raise InputError(f"{name}={value!r} cannot be used: {str(error).rpartition(', ')[2]}") from error
        return cls(**values).check()

    def to_dict(self) -> dict[str, Any]:
        """The options, and whether the height was given, as JSON can hold them: paths are texts."""
        values = vars(self) | {"height": float(self.height), "height_given": self.height_given}
        return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}

    def check(self) -> Options:
        """These options, if they make sense together; files they name must exist.

        Raises:
            InputError: an option that cannot be right.
        """
        from motionrecon.cameras import lens
        from motionrecon.keypoints import models
        from motionrecon.keypoints.choice import Choice
        from motionrecon.optimizers import registry

        _check_range("height", self.height, 0.5, 2.5, "m", _height_hint(self.height))
        _check_range("mass", self.mass, 10, 300, "kg")
        _check_range("fov", self.fov, lens.NARROWEST, lens.WIDEST, "degrees", _fov_hint(self.fov))
        if self.focal_px is not None and not 0 < self.focal_px < float("inf"):
            raise InputError(f"focal_px={self.focal_px:g} is not a focal length; give a number of pixels above 0")
        _check_exclusive({"camera": self.camera, "fov": self.fov, "focal_px": self.focal_px})
        if self.camera_name is not None and self.camera is None:
            raise InputError(f"camera_name={self.camera_name} needs camera=..., the file that holds that camera")
        _check_file("camera", self.camera)
        _check_exists("keypoints", self.keypoints)
        _check_time(self.start, self.end)
        _check_range("filmed_fps", self.filmed_fps, 1, 100_000, "frames per second")
        _check_range("window", self.window, 0.1, 5, "s")
        if not 0 <= self.overlap < self.window:
            raise InputError(
                f"overlap={self.overlap:g} must be at least 0 and below the window's length, {self.window:g} s"
            )
        Choice.of(self.person)
        _check_name("detector", self.detector, tuple(models.records()))
        _check_name("optimizer", self.optimizer, registry.names())
        if self.seed < 0:
            raise InputError(f"seed={self.seed} is negative; give 0 or more")
        return self


def _check_range(name: str, value: float | None, low: float, high: float, unit: str, hint: str = "") -> None:
    # "not (low <= value)" also catches NaN.
    if value is not None and not low <= value <= high:
        raise InputError(f"{name}={value:g} is out of range: it must be between {low:g} and {high:g} {unit}{hint}")


def _fov_hint(fov: float | None) -> str:
    """A guess at what the user meant: radians, or a focal length."""
    if fov is not None and 0.3 <= fov <= 2.8:
        return f"; did you mean {math.degrees(fov):.0f}?"
    return "; is it a focal length? Give that with focal_px=..., in pixels" if fov is not None and fov > 180 else ""


def _height_hint(height: float) -> str:
    """A guess at what the user meant: centimetres, feet, or a forgotten decimal point."""
    for low, high, factor in ((100, 250, 0.01), (10, 25, 0.1), (4, 8, 0.3048)):
        if low <= height <= high:
            return f"; did you mean {height * factor:.3g}?"
    return ""


def _check_exclusive(values: dict[str, object]) -> None:
    given = [name for name, value in values.items() if value is not None]
    if len(given) > 1:
        raise InputError(f"{given[0]}=... and {given[1]}=... both set the focal length; give only one of them")


def _check_exists(name: str, path: Path | None) -> None:
    if path is not None and not os.path.exists(path):
        raise InputError(f"{name}={path}: no such file or folder")


def _check_file(name: str, path: Path | None) -> None:
    _check_exists(name, path)
    if path is not None and path.is_dir():
        raise InputError(f"{name}={path} is a folder; give a file")


def _check_time(start: float | None, end: float | None) -> None:
    if start is not None and not 0 <= start < float("inf"):
        raise InputError(f"start={start:g} must be 0 or more seconds")
    if end is not None and not (start or 0.0) < end:
        raise InputError(f"end={end:g} must come after start={start or 0.0:g} (both in seconds)")


def _check_name(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"{name}={value} is unknown; choose one of {', '.join(known)}")
