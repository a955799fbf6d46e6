"""The one result type: a person's motion, the model and controls that simulate it, and the camera that saw it.

On disk a motion is a folder: ``motion.npz`` (arrays, no pickles), ``model.xml`` (the person as MJCF, loads in plain
MuJoCo) and ``report.json`` (how it was made and how good it is). A folder is complete once it holds ``report.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.cameras.base import Camera
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core import landmarks
from motionrecon.core.arrays import pack, schema, values_of
from motionrecon.core.clock import Clock
from motionrecon.core.files import JSON_LIMIT, atomic, read_arrays, read_text, reason, write_arrays
from motionrecon.core.progress import Silent
from motionrecon.errors import InputError
from motionrecon.result import mjcf, ties
from motionrecon.result.folder import read_marker
from motionrecon.result.report import Report

if TYPE_CHECKING:
    import mujoco

    from motionrecon.body import Anatomy

ARRAYS, MODEL, REPORT = "motion.npz", "model.xml", "report.json"


@dataclass(frozen=True, eq=False)
class Motion:
    """A motion of one person on an even clock: T frames, world Z-up, floor at z = 0, metres, radians, newtons.

    Attributes:
        fps: frames per second; frame t is at ``t / fps`` seconds.
        joint_names: names of the J landmarks in ``joints``; at least ``landmarks.BODY``.
        joints: (T, J, 3) world positions of the landmarks.
        qpos: (T, nq) MuJoCo positions of the model; free root first (position, quaternion wxyz), then hinges.
        qvel: (T, nv) MuJoCo velocities.
        ctrl: (S, nu) controls, one row a simulation step. A row of NaN is a step that was not simulated. S is 0 for
            a kinematic motion.
        timestep: seconds a simulation step; frame t is step ``t * steps_per_frame``.
        segments: (n, 1 + nq + nv) rows of step, qpos, qvel at which a simulated stretch starts; one on an ordinary
            clip, none for a kinematic motion.
        root_wrench: (T, 6) residual force (world frame, N) and torque (pelvis frame, N m) on the free root, as
            MuJoCo's ``qfrc_applied``; held over the steps of frame t. Zero unless ``assist=True`` was asked for.
        contact_force: (T, P, 3) force of the floor on each foot point, world frame, N: the mean over the time from
            half a frame before frame t to half a frame after it, and so is ``joint_torque``.
        contact_names: names of the P geoms that those forces act on.
        joint_torque: (T, nu) torque of each actuator, N m.
        camera: the camera that the motion was seen through.
        tracked: (T,) bool, False where the video showed no person and the motion is only a guess.
        model_xml: MJCF of the person.
        report: how the motion was made and how good it is: ``report.quality.skate_percent``, or by the keys of
            ``report.json``, ``report["quality"]["skate_percent"]``.

    Raises:
        ValueError: an array has the wrong shape or holds a value that is not finite.
    """

    fps: float
    joint_names: tuple[str, ...]
    joints: Float[np.ndarray, "T J 3"]
    qpos: Float[np.ndarray, "T nq"]
    qvel: Float[np.ndarray, "T nv"]
    ctrl: Float[np.ndarray, "S nu"]
    timestep: float
    segments: Float[np.ndarray, "n s"]
    root_wrench: Float[np.ndarray, "T 6"]
    contact_force: Float[np.ndarray, "T P 3"]
    contact_names: tuple[str, ...]
    joint_torque: Float[np.ndarray, "T nu"]
    camera: Camera
    tracked: Bool[np.ndarray, " T"]
    model_xml: str
    report: Report

    def __post_init__(self) -> None:
        _checked(self._arrays())
        if not isinstance(self.report, Report):  # a plain dictionary serves too
            object.__setattr__(self, "report", Report.of(self.report))

    def __len__(self) -> int:
        return len(self.qpos)

    def __repr__(self) -> str:
        how = f"simulated in {self.simulated.sum()}" if len(self.ctrl) else "kinematic"
        duration = len(self) / self.fps
        joints = len(self.joint_names)
        return f"Motion({len(self)} frames at {self.fps:.4g} fps, {duration:.1f} s, {how}, {joints} joints)"

    @property
    def time(self) -> Float[np.ndarray, " T"]:
        """(T,) seconds of each frame, from the start of the motion."""
        return np.arange(len(self)) / self.fps

    @property
    def clock(self) -> Clock:
        """The clock of the motion and of the film that it was seen in, as far as the report tells."""
        frames, source = self.report.frames, self.report.source
        film = None if frames is None else frames.film_fps
        clock = Clock(self.fps, film_fps=film if film is not None and 0 < film < np.inf else None)
        start = 0.0 if source is None else source.start or 0.0
        return replace(clock, first=round(start * clock.shown_fps)) if 0 < start < np.inf else clock

    @property
    def steps_per_frame(self) -> int:
        """Simulation steps between two frames."""
        return max(1, round(1 / (self.fps * self.timestep)))

    @cached_property
    def simulated(self) -> Bool[np.ndarray, " T"]:
        """(T,) bool, True in frames that the simulation reaches; in all others the motion is kinematic."""
        frames = np.arange(len(self)) * self.steps_per_frame
        done = np.isfinite(self.ctrl).all(axis=1)
        if not len(done):
            return np.zeros(len(self), bool)
        reached = (frames > 0) & (frames <= len(done)) & done[np.clip(frames - 1, 0, len(done) - 1)]
        return np.asarray(reached | np.isin(frames, self.segments[:, 0]))

    @cached_property
    def body(self) -> Anatomy:
        """The person: what rides on the model, its bones and its skin."""
        from motionrecon.body import read

        return read(self.model_xml)

    @property
    def model(self) -> mujoco.MjModel:
        """The person, compiled; shared by everything that draws, exports or replays this motion. Do not change it."""
        return self.body.model

    def save(self, folder: str | Path) -> None:
        """Write the motion into ``folder``, which is made if it is missing; older files of these names are replaced.

        ``report.json`` comes last. Numbers in the report that are not finite are null there, as JSON has no others.

        Raises:
            OutputError: the folder cannot be written.
        """
        folder = Path(folder)
        with atomic(folder / MODEL) as path:
            path.write_text(self.model_xml, encoding="utf-8")
        write_arrays(folder / ARRAYS, self._arrays())
        report = ties.tied(_plain(self.report), folder, (ARRAYS, MODEL))
        with atomic(folder / REPORT) as path:
            path.write_text(report, encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Motion:
        """Read a motion from its folder, or from the ``motion.npz`` in it, and check all of it.

        Raises:
            InputError: a file is missing, damaged, or does not fit the others.
        """
        path = Path(path)
        folder = path.parent if path.name == ARRAYS else path
        arrays = _read_arrays(folder / ARRAYS)
        report = _read_report(folder / REPORT)
        try:
            values = _checked(arrays)
            camera = _CameraArrays(**{name: values.pop(name) for name in schema(_CameraArrays)})
            del values["time"]
            motion = cls(
                camera=camera.camera(calibrated=report.camera is not None and report.camera.pose == "calibrated"),
                model_xml=_read_text(folder / MODEL, mjcf.LIMIT),
                report=report,
                **values,
            )
        except ValueError as error:
            raise InputError(f"{folder / ARRAYS}: {error}; {_REPAIR}") from error
        _check_model(motion, folder / MODEL)
        return motion

    def to_bvh(self, path: str | Path) -> None:
        """Write the motion as BVH (metres, Y-up, +Z forward); see ``motionrecon.export.bvh``.

        Raises:
            OutputError: the file cannot be written.
        """
        from motionrecon.export import bvh

        bvh.write(self, path)

    def _arrays(self) -> dict[str, np.ndarray]:
        """What ``motion.npz`` holds."""
        own = {name: np.asarray(getattr(self, name)) for name in _schema() if hasattr(self, name)}
        return own | pack(_CameraArrays.of(self.camera))


#: Pixels of a picture's longer side: more than any film has, and few enough to be a number.
_LARGEST_SIDE = 1 << 20


@dataclass(frozen=True)
class _CameraArrays:
    """The camera as ``motion.npz`` holds it."""

    camera_K: Float[np.ndarray, "3 3"]
    camera_R: Float[np.ndarray, "3 3"]
    camera_t: Float[np.ndarray, " 3"]
    camera_distortion: Float[np.ndarray, " d"]
    image_size: tuple[int, int]

    def __post_init__(self) -> None:
        if not all(1 <= side <= _LARGEST_SIDE for side in self.image_size):
            raise ValueError(f"'image_size' is {self.image_size}, not a width and a height in pixels")

    @staticmethod
    def of(camera: Camera) -> _CameraArrays:
        assert isinstance(camera, Pinhole), "the file's format knows no other kind"
        K, R, t = camera.K, camera.R_camera_world, camera.t_camera_world
        return _CameraArrays(K, R, t, camera.distortion, camera.image_size)

    def camera(self, calibrated: bool) -> Pinhole:
        """The camera; whether its pose was calibrated stands in the report."""
        K, R, t = self.camera_K, self.camera_R, self.camera_t
        return Pinhole(K, self.image_size, R, t, self.camera_distortion, calibrated)


def _schema() -> dict[str, Any]:
    """The types of all that ``motion.npz`` holds: of the motion's own fields but those with files of their own."""
    own = {name: hint for name, hint in schema(Motion).items() if name not in ("camera", "model_xml", "report")}
    return own | schema(_CameraArrays) | {"time": Float[np.ndarray, " T"]}


def _plain(value: Any) -> Any:
    """``value`` with nothing in it that JSON does not know."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


_REPAIR = "run `motionrecon reconstruct` again"


def _checked(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The values of a motion's arrays.

    Raises:
        ValueError: one is missing, of wrong shape or type, or not finite; the message names its key.
    """
    values = values_of(_schema(), arrays)
    for key in ("fps", "timestep"):
        if not 0 < values[key] < np.inf:
            raise ValueError(f"{key!r} is {values[key]:g}, not a positive number")
    if not min(values["image_size"]) >= 1:
        raise ValueError(f"'image_size' is {values['image_size']}, not a width and a height")
    for names, key in (("joint_names", "joints"), ("contact_names", "contact_force")):
        if len(values[names]) != values[key].shape[1]:
            raise ValueError(f"{key!r} has shape {values[key].shape}, and {names!r} has {len(values[names])} names")
    if len(values["qpos"]) == 0:
        raise ValueError("'qpos' has no frames")
    row = 1 + values["qpos"].shape[1] + values["qvel"].shape[1]
    if len(values["segments"]) and values["segments"].shape[1] != row:
        raise ValueError(f"'segments' has rows of {values['segments'].shape[1]} numbers, not 1 + nq + nv")
    absent = [name for name in landmarks.BODY if name not in values["joint_names"]]
    if absent:
        raise ValueError(f"'joint_names' lacks {', '.join(absent)}")
    for key, value in values.items():
        if isinstance(value, np.ndarray):
            _check_finite(key, value)
    return values


def _check_finite(key: str, array: np.ndarray) -> None:
    finite = np.isfinite(array)
    if key == "ctrl":  # a whole row of NaN says that the step was not simulated
        finite = finite | np.isnan(array).all(1, keepdims=True)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"{key!r} holds {array[where]} at {where}")


def _check_model(motion: Motion, path: Path) -> None:
    """Raise InputError unless ``model.xml`` compiles and fits the arrays beside it."""
    import mujoco

    try:
        mjcf.check(motion.model_xml)
    except ValueError as error:
        raise InputError(f"{path}: {error}; {_REPAIR}") from error
    try:
        model = motion.model
    except ValueError as error:
        raise InputError(f"{path}: MuJoCo cannot read it: {' '.join(str(error).split())}; {_REPAIR}") from error
    found, wanted = (model.nq, model.nv, model.nu), (motion.qpos.shape[1], motion.qvel.shape[1], motion.ctrl.shape[1])
    if found != wanted:
        raise InputError(f"{path}: the model has (nq, nv, nu) = {found}, the motion beside it {wanted}; {_REPAIR}")
    if not np.isclose(model.opt.timestep, motion.timestep, rtol=1e-9):
        raise InputError(
            f"{path}: the model's timestep is {model.opt.timestep}, the motion's {motion.timestep}; {_REPAIR}"
        )
    for name in motion.contact_names:
        if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, name) < 0:
            raise InputError(f"{path}: the model has no geom {name!r} that 'contact_names' lists; {_REPAIR}")


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        return read_arrays(path, wanted=tuple(_schema()))
    except OSError as error:
        hint = "give the folder that `motionrecon reconstruct` wrote"
        raise InputError(f"cannot read {path}: {reason(error)}; {hint}") from error
    except ValueError as error:
        raise InputError(f"{path}: is not a readable motion file ({error}); {_REPAIR}") from error


def _read_text(path: Path, limit: int) -> str:
    try:
        return read_text(path, limit)
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}; it belongs beside {ARRAYS}") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}; {_REPAIR}") from error


def _read_report(path: Path) -> Report:
    """The report; warns where it says that a file beside it was changed."""
    text = _read_text(path, JSON_LIMIT)
    try:
        written = (read_marker(path.parent) or {}).get("files")
        report, warnings = ties.untied(text, path.parent, (ARRAYS, MODEL), written)
    except ValueError as error:
        raise InputError(f"{path}: {error}; {_REPAIR}") from error
    if not isinstance(report, dict):
        raise InputError(f"{path}: holds {type(report).__name__}, not an object; {_REPAIR}")
    try:
        known = Report.of(report)
    except ValueError as error:
        raise InputError(f"{path}: {error}; {_REPAIR}") from error
    for warning in warnings:
        Silent().warn(f"{path.parent}: {warning}")
    return known
