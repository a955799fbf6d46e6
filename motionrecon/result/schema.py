"""What ``motion.npz`` holds: the names, types and shapes of its arrays, and what they must hold to be a motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.body.fingers import ANGLES
from motionrecon.body.handed import Hands
from motionrecon.cameras.base import Camera
from motionrecon.cameras.carried import Carried
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core import landmarks
from motionrecon.core.arrays import pack, schema, unpack, values_of
from motionrecon.errors import InputError

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: Pixels of a picture's longer side: more than any film has, and few enough to be a number.
_LARGEST_SIDE = 1 << 20


@dataclass(frozen=True)
class CameraArrays:
    """The camera as ``motion.npz`` holds it; one that turns and zooms as it would stand still."""

    camera_K: Float[np.ndarray, "3 3"]
    camera_R: Float[np.ndarray, "3 3"]
    camera_t: Float[np.ndarray, " 3"]
    camera_distortion: Float[np.ndarray, " d"]
    image_size: tuple[int, int]

    def __post_init__(self) -> None:
        if not all(1 <= side <= _LARGEST_SIDE for side in self.image_size):
            raise ValueError(f"'image_size' is {self.image_size}, not a width and a height in pixels")

    @staticmethod
    def of(camera: Camera) -> CameraArrays:
        """The arrays of a camera.

        Raises:
            InputError: the file has no arrays for a camera of its kind.
        """
        if isinstance(camera, Carried):
            camera = camera.start
        if isinstance(camera, PanTiltZoom):
            camera = camera.start
        if not isinstance(camera, Pinhole):
            raise InputError(
                f"a motion cannot be kept with a camera of the kind {type(camera).__name__}: motion.npz holds pinhole "
                "cameras that stand, turn and zoom, or are carried; use one, or give the file arrays for this kind "
                "(motionrecon/result/schema.py)"
            )
        K, R, t = camera.K, camera.R_camera_world, camera.t_camera_world
        return CameraArrays(K, R, t, camera.distortion, camera.image_size)

    def camera(self, calibrated: bool) -> Pinhole:
        """The camera; whether its pose was calibrated stands in the report."""
        K, R, t = self.camera_K, self.camera_R, self.camera_t
        return Pinhole(K, self.image_size, R, t, self.camera_distortion, calibrated)


@dataclass(frozen=True)
class TurningArrays:
    """How the first camera turns and zooms from where ``camera_R`` has it, where ``motion.npz`` holds that.

    ``camera_turn`` is from the axes that ``camera_R`` gives to those of each frame; ``camera_zoom`` the focal length in
    each, in those of ``camera_K``; ``camera_shift`` by how many pixels the picture is shifted besides, where it is.
    """

    camera_turn: Float[np.ndarray, "T 3 3"]
    camera_zoom: Float[np.ndarray, " T"]
    camera_shift: Float[np.ndarray, "T 2"] | None = None

    def __post_init__(self) -> None:
        for name, array in vars(self).items():
            if array is not None:
                _check_finite(name, array)
        if not (self.camera_zoom > 1e-3).all() or not (self.camera_zoom < 1e3).all():
            raise ValueError("'camera_zoom' holds what is no factor of a focal length")
        square = self.camera_turn @ self.camera_turn.transpose(0, 2, 1)
        if np.abs(square - np.eye(3)).max(initial=0.0) > 1e-6 or (np.linalg.det(self.camera_turn) < 0).any():
            raise ValueError("'camera_turn' holds what is no rotation")


@dataclass(frozen=True)
class CarriedArrays:
    """How far all cameras have been carried over the ground by each frame, where ``motion.npz`` holds that: metres, in
    the world, which rides on a treadmill's belt."""

    camera_path: Float[np.ndarray, "T 3"]

    def __post_init__(self) -> None:
        _check_finite("camera_path", self.camera_path)


@dataclass(frozen=True)
class FurtherCameras:
    """The other cameras as ``motion.npz`` holds them, where there are several; coefficients are filled up with 0.

    ``tracked_by`` is of all V cameras, the first one's row first.
    """

    further_K: Float[np.ndarray, "C 3 3"]
    further_R: Float[np.ndarray, "C 3 3"]
    further_t: Float[np.ndarray, "C 3"]
    further_distortion: Float[np.ndarray, "C f"]
    further_image_size: Int[np.ndarray, "C 2"]
    tracked_by: Bool[np.ndarray, "V T"]

    def __post_init__(self) -> None:
        if not ((self.further_image_size >= 1) & (self.further_image_size <= _LARGEST_SIDE)).all():
            raise ValueError("'further_image_size' holds what is no width and height in pixels")
        if len(self.tracked_by) != 1 + len(self.further_K):
            raise ValueError(f"'tracked_by' is of {len(self.tracked_by)} cameras, not of {1 + len(self.further_K)}")
        for name, array in vars(self).items():
            _check_finite(name, array)

    @staticmethod
    def of(cameras: Sequence[Camera], tracked_by: Bool[np.ndarray, "V T"]) -> FurtherCameras:
        """The arrays of cameras; errors as `CameraArrays.of`."""
        parts = [CameraArrays.of(camera) for camera in cameras]
        longest = max(len(part.camera_distortion) for part in parts)
        return FurtherCameras(
            np.stack([part.camera_K for part in parts]),
            np.stack([part.camera_R for part in parts]),
            np.stack([part.camera_t for part in parts]),
            np.stack([np.pad(part.camera_distortion, (0, longest - len(part.camera_distortion))) for part in parts]),
            np.array([part.image_size for part in parts]),
            tracked_by,
        )

    def cameras(self, calibrated: bool) -> tuple[Pinhole, ...]:
        """The cameras; whether their poses were calibrated stands in the report."""
        return tuple(
            Pinhole(K, (int(size[0]), int(size[1])), R, t, distortion, calibrated)
            for K, size, R, t, distortion in zip(
                self.further_K,
                self.further_image_size,
                self.further_R,
                self.further_t,
                self.further_distortion,
                strict=True,
            )
        )


@dataclass(frozen=True)
class KinematicArrays:
    """The motion as the video alone would have it, before the simulation, where ``motion.npz`` holds it."""

    kinematic_qpos: Float[np.ndarray, "T nq"]

    def __post_init__(self) -> None:
        _check_finite("kinematic_qpos", self.kinematic_qpos)


@dataclass(frozen=True)
class HandArrays:
    """Hands that were tracked, where ``motion.npz`` holds them."""

    hand_angle_names: tuple[str, ...]
    hand_angle: Float[np.ndarray, "T 2 20"]
    hand_turn: Float[np.ndarray, "T 2 4"]
    hand_seen: Bool[np.ndarray, "T 2"]

    def __post_init__(self) -> None:
        if self.hand_angle_names != ANGLES:
            raise ValueError("'hand_angle_names' are not those of a hand's joints")
        for name in ("hand_angle", "hand_turn"):
            _check_finite(name, getattr(self, name))
        if np.abs(self.hand_angle).max(initial=0.0) > np.pi:
            raise ValueError("'hand_angle' holds more than half a turn, in radians")
        far = np.abs(self.hand_turn).max(initial=0.0) > 2
        if far or not np.allclose(np.linalg.norm(self.hand_turn, axis=-1), 1.0, atol=1e-3):
            raise ValueError("'hand_turn' holds what is no unit quaternion")

    @staticmethod
    def of(hands: Hands) -> HandArrays:
        return HandArrays(ANGLES, hands.angles, hands.turns, hands.seen)

    @property
    def hands(self) -> Hands:
        return Hands(self.hand_angle, self.hand_turn, self.hand_seen)


def types_of(kind: type[Motion]) -> dict[str, Any]:
    """The types of all that ``motion.npz`` holds: of the motion's own fields but those with files of their own."""
    elsewhere = ("camera", "further_cameras", "tracked_by", "kinematic_qpos", "hands", "model_xml", "report")
    own = {name: hint for name, hint in schema(kind).items() if name not in elsewhere}
    return own | schema(CameraArrays) | {"time": Float[np.ndarray, " T"]}


def names_of(kind: type[Motion]) -> tuple[str, ...]:
    """The names of all arrays that may stand in ``motion.npz``."""
    return (
        *types_of(kind),
        *schema(TurningArrays),
        *schema(CarriedArrays),
        *schema(FurtherCameras),
        *schema(KinematicArrays),
        *schema(HandArrays),
    )


def arrays_of(motion: Motion) -> dict[str, np.ndarray]:
    """What ``motion.npz`` holds of a motion; errors as `CameraArrays.of`."""
    names = types_of(type(motion))
    own = {name: np.asarray(getattr(motion, name)) for name in names if hasattr(motion, name)}
    further = {}
    if motion.further_cameras:
        tracked_by = np.stack([motion.tracked_in(i) for i in range(len(motion.cameras))])
        further = pack(FurtherCameras.of(motion.further_cameras, tracked_by))
    kinematic = {} if motion.kinematic_qpos is None else pack(KinematicArrays(motion.kinematic_qpos))
    hands = {} if motion.hands is None else pack(HandArrays.of(motion.hands))
    camera = motion.camera
    path = pack(CarriedArrays(camera.path)) if isinstance(camera, Carried) else {}
    there = camera.start if isinstance(camera, Carried) else camera
    turning = pack(TurningArrays(there.turns, there.zoom, there.shift)) if isinstance(there, PanTiltZoom) else {}
    return own | pack(CameraArrays.of(camera)) | turning | path | further | kinematic | hands


def fields_of(kind: type[Motion], arrays: Mapping[str, np.ndarray], calibrated: bool) -> dict[str, Any]:
    """The fields of a motion that are kept as arrays, checked; errors as `checked`."""
    values = checked(kind, arrays)
    camera = CameraArrays(**{name: values.pop(name) for name in schema(CameraArrays)})
    del values["time"]
    values["camera"] = camera.camera(calibrated)
    if any(name in arrays for name in schema(TurningArrays)):
        turning = unpack(TurningArrays, arrays)
        if len(turning.camera_turn) != len(values["qpos"]):
            raise ValueError(f"'camera_turn' is of {len(turning.camera_turn)} frames, not {len(values['qpos'])}")
        values["camera"] = PanTiltZoom(values["camera"], turning.camera_turn, turning.camera_zoom, turning.camera_shift)
    if any(name in arrays for name in schema(FurtherCameras)):
        further = unpack(FurtherCameras, arrays)
        if further.tracked_by.shape[1] != len(values["tracked"]):
            raise ValueError(f"'tracked_by' is of {further.tracked_by.shape[1]} frames, not {len(values['tracked'])}")
        values |= {"further_cameras": further.cameras(calibrated), "tracked_by": further.tracked_by}
    if any(name in arrays for name in schema(CarriedArrays)):
        path = unpack(CarriedArrays, arrays).camera_path
        if len(path) != len(values["qpos"]):
            raise ValueError(f"'camera_path' is of {len(path)} frames, not {len(values['qpos'])}")
        values["camera"] = Carried(values["camera"], path)
        values["further_cameras"] = tuple(Carried(one, path) for one in values.get("further_cameras", ()))
    if "kinematic_qpos" in arrays:
        kinematic = unpack(KinematicArrays, arrays).kinematic_qpos
        if kinematic.shape != values["qpos"].shape:
            raise ValueError(f"'kinematic_qpos' has shape {kinematic.shape}, and 'qpos' {values['qpos'].shape}")
        values["kinematic_qpos"] = kinematic
    if any(name in arrays for name in schema(HandArrays)):
        hands = unpack(HandArrays, arrays).hands
        if len(hands.seen) != len(values["qpos"]):
            raise ValueError(f"'hand_angle' is of {len(hands.seen)} frames, not {len(values['qpos'])}")
        values["hands"] = hands
    return values


def checked(kind: type[Motion], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The values of a motion's arrays, but those of further cameras.

    Raises:
        ValueError: one is missing, of wrong shape or type, or not finite; the message names its key.
    """
    values = values_of(types_of(kind), arrays)
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
