"""Every option of a reconstruction: typed, checked, saved with the result, and turned into command-line flags."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from motionrecon.errors import InputError


class Assumed(float):
    """A number that the user did not give."""


#: A flag that is off unless it is given, and needs no flag to turn it off.
Switch = Annotated[bool, Parameter(negative="", show_default=False)]


@dataclass(frozen=True)
class Options:
    """How a video is reconstructed. Each field is the flag of the same name, and its line here is that flag's help.

    Attributes:
        height: the person's height, metres; where not given it is assumed, and the output says so.
        mass: the person's mass, kilograms; estimated from the height where not given.
        camera: a calibration file (Pose2Sim, Caliscope, anipose, OpenCV): intrinsics and, if known, the pose.
        camera_name: which camera of that file; may be left out where it holds only one.
        fov: the camera's field of view along the longer side of the image, degrees.
        focal_px: the camera's focal length, pixels, instead of a field of view.
        start: first second of the video to use; the beginning where not given.
        end: last second of the video to use; the end where not given.
        filmed_fps: frames per second at which a slow-motion video was filmed, if the file plays slower; forces and
            balance then come from the true time.
        keypoints: keypoints to use instead of a detector: a file of motionrecon, or a folder of OpenPose JSON files.
        detector: the keypoint detector: full (fast), or heavy (slower, fewer left/right flips; fetched once, 31 MB).
        optimizer: the optimizer of the physics: optimus, lm, lbfgs, bfgs, adam, gd or momentum.
        window: length of a physics window, seconds; the body loses its balance more easily in shorter ones.
        overlap: how much of a window the next one repeats, seconds.
        physics: simulate the motion; without it, the result is the kinematic motion, for comparison.
        assist: allow a residual force on the pelvis, at a price; the report says how much of it each window used.
        force: write into a folder that already holds a result, replacing it.
        quiet: no progress bars and no summary; warnings and errors still show.
        seed: seed of everything random; the same seed and input give the same result.
    """

    height: float = Assumed(1.70)
    mass: float | None = None
    camera: Path | None = None
    camera_name: str | None = None
    fov: float | None = None
    focal_px: float | None = None
    start: float | None = None
    end: float | None = None
    filmed_fps: float | None = None
    keypoints: Path | None = None
    detector: str = "full"
    optimizer: str = "optimus"
    window: float = 0.8
    overlap: float = 0.4
    physics: bool = True
    assist: Switch = False
    force: Switch = False
    quiet: Switch = False
    seed: int = 0

    @property
    def height_given(self) -> bool:
        """Whether the user gave the height; if not, it is assumed."""
        return not isinstance(self.height, Assumed)

    @property
    def gives_focal_length(self) -> bool:
        """Whether the user gave the camera's focal length; if not, it is assumed."""
        return any(value is not None for value in (self.camera, self.fov, self.focal_px))

    @classmethod
    def of(cls, **given: Any) -> Options:
        """Options from keyword arguments; paths may be strings.

        Raises:
            TypeError: an option that does not exist.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        if unknown := sorted(set(given) - set(names)):
            raise TypeError(f"unknown option {unknown[0]!r}; the options are {', '.join(names)}")
        for name in ("camera", "keypoints"):
            if given.get(name) is not None:
                given[name] = Path(given[name])
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """The options, and whether the height was given, as JSON can hold them: paths are strings."""
        values = vars(self) | {"height": float(self.height), "height_given": self.height_given}
        return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}

    def check(self) -> Options:
        """These options, if they make sense together; files they name must exist.

        Raises:
            InputError: an option that cannot be right.
        """
        from motionrecon.cameras import lens
        from motionrecon.keypoints import models
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
    if path is not None and not path.exists():
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
