"""Films of the user's own before force plates: a folder for each, with a ``trial.toml`` that says what is in it.

    video = "walk.mp4"                  # or keypoints = "walk.npz"
    forces = "plates.mot"               # a table as OpenSim reads it
    left = ["l_vx", "l_vy", "l_vz"]     # columns of the force on the left foot, newtons
    right = ["r_vx", "r_vy", "r_vz"]
    starts = 1.25                       # time of the table at which the film begins, seconds (0 if left out)
    height = 1.80                       # metres
    mass = 75.0                         # kilograms
    camera = "calibration.toml"         # where the camera stands in the markers' world, z up; may be left out
    camera_name = "cam1"
    markers = "joints.trc"              # places of landmarks; may be left out
    up = "y"                            # of forces and markers: "y" (forward, up, right) or "z" (forward, left, up)
    split = "test"                      # or "tuning"
    action = "walk"

Markers are taken that have the name of a landmark (``left_knee``: `motionrecon.core.landmarks`); errors of poses need
those of all limbs. Without a calibration or markers, only forces, soles and what the result tells of itself count.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.interpolate import interp1d

from motionrecon.cameras.files import load_camera
from motionrecon.cameras.pinhole import LEVEL, Pinhole
from motionrecon.core.files import read_toml, reason
from motionrecon.core.landmarks import COUNT, INDEX
from motionrecon.data.suites.detected import detected
from motionrecon.data.suites.plates.opensim import Markers, read_forces, read_markers
from motionrecon.errors import InputError
from motionrecon.keypoints.file import load
from motionrecon.research.bench.reconstruct.suite import PreparedClip, Split
from motionrecon.research.bench.reconstruct.truth import Truth

TRIAL = "trial.toml"
_NEEDED = {"forces": str, "left": list, "right": list, "height": float, "mass": float}
_FREE = {"video": str, "keypoints": str, "starts": float, "camera": str, "camera_name": str, "markers": str}
_FREE |= {"up": str, "split": str, "action": str}


@dataclass(frozen=True)
class OwnTrial:
    """A folder of the user's own.

    Attributes:
        folder: where it is.
        told: what its trial.toml says.
    """

    folder: Path
    told: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> OwnTrial:
        """A folder.

        Raises:
            InputError: its trial.toml cannot be read, or lacks something, or has something that is not known.
        """
        path = folder / TRIAL
        try:
            told = read_toml(path)
        except OSError as error:
            raise InputError(f"cannot read {path}: {reason(error)}") from error
        except ValueError as error:
            raise InputError(f"{path}: {error}") from error
        kinds = _NEEDED | _FREE
        for name, value in told.items():
            kind = kinds.get(name)
            if kind is None or not isinstance(value, kind if kind is not float else int | float):
                known = ", ".join(kinds)
                raise InputError(f"{path}: {name} = {value!r} is not known or of another kind; there are {known}")
        for side in ("left", "right"):
            columns = told.get(side, ["", "", ""])
            if len(columns) != 3 or not all(isinstance(column, str) for column in columns):
                raise InputError(f"{path}: {side} = {columns!r}: give the names of three columns, of x, y and z")
        missing = [name for name in _NEEDED if name not in told]
        if missing or ("video" in told) == ("keypoints" in told):
            what = f"{missing[0]} = ..." if missing else "one of video = ... and keypoints = ..."
            raise InputError(f"{path}: give {what}")
        if told.get("up", "y") not in ("y", "z") or told.get("split", "test") not in tuple(Split):
            raise InputError(f"{path}: up is y or z, split is test or tuning")
        return cls(folder, told)

    @property
    def split(self) -> Split:
        return Split(self.told.get("split", Split.TEST))

    @property
    def action(self) -> str:
        return str(self.told.get("action", "unknown"))

    def prepared(self, detector: str, place: Path, mirrored: bool = False) -> PreparedClip:
        """Ready to be reconstructed.

        Args:
            detector: that looks at the film.
            place: where what it sees is kept.
            mirrored: whether it looks at each picture mirrored, too.
        """
        video = self.folder / self.told["video"] if "video" in self.told else None
        seen = detected(video, detector, place, mirrored) if video else self.folder / self.told["keypoints"]
        keypoints = load(seen)
        time = np.arange(len(keypoints)) / keypoints.fps + float(self.told.get("starts", 0.0))
        forces = read_forces(self.folder / self.told["forces"], (self.told["left"], self.told["right"]), self._y_up)
        camera, calibration = self._camera(keypoints.image_size)
        truth = Truth(
            keypoints.fps,
            self._joints(time, camera.calibrated),
            False,
            camera,
            float(self.told["height"]),
            float(self.told["mass"]),
            forces.means(time, 1 / keypoints.fps),
            (),
            np.zeros((len(time), 0)),
        )
        given = {"height": truth.height, "mass": truth.mass} | calibration
        return PreparedClip(seen, truth, given, video=video)

    @property
    def _y_up(self) -> bool:
        return bool(self.told.get("up", "y") == "y")

    def _camera(self, size: tuple[int, int]) -> tuple[Pinhole, dict[str, Any]]:
        """The camera, and how a reconstruction is told of it; any level one, not calibrated, where nothing tells."""
        if "camera" not in self.told:
            K = np.array([[max(size), 0.0, size[0] / 2], [0.0, max(size), size[1] / 2], [0.0, 0.0, 1.0]])
            return Pinhole(K, size, LEVEL, np.zeros(3)), {}
        path, name = self.folder / self.told["camera"], self.told.get("camera_name")
        return load_camera(path, name, size), {"camera": path, "camera_name": name}

    def _joints(self, time: Float[np.ndarray, " T"], posed: bool) -> Float[np.ndarray, "T 33 3"]:
        joints = np.full((len(time), COUNT, 3), np.nan)
        if posed and "markers" in self.told:
            for name, place in _landmarks(read_markers(self.folder / self.told["markers"], self._y_up)).items():
                joints[:, INDEX[name]] = place(time)
        return joints


def _landmarks(markers: Markers) -> dict[str, Any]:
    """Those markers that are landmarks, as functions of time."""
    return {
        name: interp1d(markers.time, place, axis=0, bounds_error=False)
        for name, place in markers.at.items()
        if name in INDEX
    }
