"""What a reconstruction is asked for: typed, checked, and saved with the result."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from motionrecon.core.records import read
from motionrecon.errors import InputError

#: Seconds by which one camera may have been started after another at most.
LONGEST_OFFSET = 86_400.0

#: The kind of body that a person has of whom nothing else is said.
DEFAULT_BODY = "anny"

#: What may be said of how a camera moves: that it is found from the background, or that it does not.
CAMERA_MOTIONS = ("auto", "static")
#: And of whether somebody walks on a treadmill: that it is found from the feet, that they do, or that they do not.
TREADMILLS = ("auto", "yes", "no")


class Assumed(float):
    """A number that the user did not give."""


#: The person's height where nobody gives it, metres.
ASSUMED_HEIGHT = Assumed(1.70)


@dataclass(frozen=True)
class Options:
    """The parameters of `motionrecon.pipeline.reconstruct` that decide what comes out, as described there.

    Those that may be given for each camera are tuples, in the order of the videos: empty where nothing was given, of
    one value where it holds for all of them.
    """

    height: float
    mass: float | None
    sex: str
    age: float | None
    body: str
    body_model: Path | None
    camera: Path | None
    camera_name: tuple[str, ...]
    camera_motion: str
    treadmill: str
    fov: tuple[float, ...]
    focal_px: tuple[float, ...]
    start: float | None
    end: float | None
    filmed_fps: tuple[float, ...]
    keypoints: tuple[Path, ...]
    person: tuple[str, ...]
    offset: tuple[float, ...]
    floor: float | None
    detector: str
    mirrored: bool
    hands: bool
    first_poses: str
    depth: str
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
        return bool(self.camera or self.fov or self.focal_px)

    @classmethod
    def per_camera(cls) -> dict[str, type]:
        """The parameters that may be given for each camera, which are the tuples, and what one of their values is."""
        hints = get_type_hints(cls).items()
        return {name: get_args(hint)[0] for name, hint in hints if get_origin(hint) is tuple}

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
            try:
                values[name] = read(_as_read(name, value, _cameras(given)), hints[name], name)
            except ValueError as error:
                raise InputError(f"{name}={value!r} cannot be used: {str(error).rpartition(', ')[2]}") from error
        return cls(**values).check()

    def to_dict(self) -> dict[str, Any]:
        """The options as JSON can hold them: paths are texts, and a height that nobody gave is None."""
        values = vars(self) | {"height": float(self.height) if self.height_given else None}
        return {name: _as_json(value) for name, value in values.items()}

    def each(self, name: str, count: int) -> list[Any]:
        """The values of a parameter that may be given for each of so many cameras; None where nothing was given.

        Raises:
            InputError: there are neither one nor as many as cameras.
        """
        given = getattr(self, name)
        if len(given) not in (0, 1, count):
            raise InputError(f"{name}=... was given {len(given)} times for {count} cameras; give it once, or for each")
        return list(given) if len(given) == count else [given[0] if given else None] * count

    def check(self) -> Options:
        """These options, if they make sense together; files they name must exist.

        Raises:
            InputError: an option that cannot be right.
        """
        from motionrecon.body import BODIES, checked
        from motionrecon.body.described import SEXES
        from motionrecon.cameras import lens
        from motionrecon.depth import DEPTHS
        from motionrecon.keypoints import models
        from motionrecon.keypoints.choice import Choice
        from motionrecon.optimizers import registry
        from motionrecon.poses import FIRST_POSES

        _check_range("height", self.height, 0.5, 2.5, "m", _height_hint(self.height))
        _check_range("mass", self.mass, 10, 300, "kg")
        _check_name("sex", self.sex, SEXES)
        _check_range("age", self.age, 2, 110, "years")
        _check_name("body", self.body, tuple(BODIES))
        if self.sex != "neutral" and self.body == "capsules":
            raise InputError(f"sex={self.sex} changes nothing of a body of capsules: leave out one of the two")
        checked(self.body, self.body_model, self.sex)
        for fov in self.fov:
            _check_range("fov", fov, lens.NARROWEST, lens.WIDEST, "degrees", _fov_hint(fov))
        for focal_px in self.focal_px:
            if not 0 < focal_px < float("inf"):
                raise InputError(f"focal_px={focal_px:g} is not a focal length; give a number of pixels above 0")
        _check_exclusive({"camera": self.camera, "fov": self.fov, "focal_px": self.focal_px})
        if self.camera_name and self.camera is None:
            raise InputError(f"camera_name={self.camera_name[0]} needs camera=..., the file that holds that camera")
        _check_file("camera", self.camera)
        _check_name("camera_motion", self.camera_motion, CAMERA_MOTIONS)
        _check_name("treadmill", self.treadmill, TREADMILLS)
        for keypoints in self.keypoints:
            _check_exists("keypoints", keypoints)
        for offset in self.offset:
            _check_range("offset", offset, -LONGEST_OFFSET, LONGEST_OFFSET, "s")
        if self.floor is not None and self.camera is None:
            raise InputError(f"floor={self.floor:g} needs camera=..., a calibration whose world the height is in")
        _check_range("floor", self.floor, -10, 10, "m")
        _check_time(self.start, self.end)
        for filmed_fps in self.filmed_fps:
            _check_range("filmed_fps", filmed_fps, 1, 100_000, "frames per second")
        _check_range("window", self.window, 0.1, 5, "s")
        if not 0 <= self.overlap < self.window:
            raise InputError(
                f"overlap={self.overlap:g} must be at least 0 and below the window's length, {self.window:g} s"
            )
        for person in self.person:
            Choice.of(person)
        _check_name("detector", self.detector, models.detectors())
        _check_name("first_poses", self.first_poses, FIRST_POSES)
        _check_name("depth", self.depth, DEPTHS)
        _check_name("optimizer", self.optimizer, registry.names())
        if self.seed < 0:
            raise InputError(f"seed={self.seed} is negative; give 0 or more")
        return self


def _cameras(given: Mapping[str, Any]) -> int:
    """Of how many cameras videos or keypoints were given."""
    some = (given.get(name) for name in ("video", "keypoints"))
    several = [len(one) for one in some if isinstance(one, Sequence) and not isinstance(one, str)]
    return max(several, default=1)


def _as_read(name: str, value: Any, cameras: int) -> Any:
    """A parameter's value as its field holds it: paths as such, and a tuple of what may be given for each camera."""
    if name == "person" and not isinstance(value, bool):
        each = value if cameras > 1 and isinstance(value, list) else [value]  # a tuple is a point
        return [",".join(map(str, one)) if isinstance(one, tuple | list) else str(one) for one in each]
    if name in Options.per_camera():
        value = [] if value is None else list(value) if isinstance(value, tuple | list) else [value]
    if name == "keypoints":
        return [Path(one) if isinstance(one, str) else one for one in value]
    if name == "height" and value is None:
        return ASSUMED_HEIGHT
    return Path(value) if name in ("body_model", "camera") and isinstance(value, str) else value


def _as_json(value: Any) -> Any:
    """A value as JSON can hold it: what was given for each camera as a list, what was given once by itself."""
    if isinstance(value, tuple):
        plain = [_as_json(one) for one in value]
        return plain if len(plain) > 1 else plain[0] if plain else None
    return str(value) if isinstance(value, Path) else value


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
    given = [name for name, value in values.items() if value]
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
