"""Motions of real people, from `motionrecon.data.make_poses`: sets of which README of data/poses says the sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation, RotationSpline

from motionrecon.body.capsules.body import Capsules
from motionrecon.data.make_poses import FOLDER, HEIGHT
from motionrecon.data.make_rendered import segment_rotations
from motionrecon.data.mannequin import INDEX, Mannequin
from motionrecon.data.suites.synthetic.acted import FPS, Acted
from motionrecon.data.suites.synthetic.people import Leg

#: Frames (of 20 a second) over which the places, which are kept in 16 bits, are smoothed.
_SMOOTH = 0.7
_SOURCES = {"deepmimic": "DeepMimic", "train": "CMU", "tune": "CMU", "test_actions": "CMU", "test_clips": "CMU"}


@dataclass(frozen=True)
class Recorded:
    """A passage of a recording.

    Attributes:
        set: of data/poses.
        name: of the recording in it.
        start: seconds.
        seconds: how long it is; it may be shorter where the recording ends.
        walks: one of the feet is on the floor at any time.
    """

    set: str
    name: str
    start: float
    seconds: float
    walks: bool = False

    @property
    def source(self) -> str:
        return f"{_SOURCES[self.set]}, {self.name}, from {self.start:g} s"

    def by(self, person: Mannequin) -> Acted:
        """With the travel scaled by the length of the legs."""
        qpos, fps = self._read()
        body = Capsules.build(HEIGHT)
        model = body.model
        legs = sum(float(np.linalg.norm(model.body(f"left_{part}").pos)) for part in ("shank", "foot"))
        leg = Leg.of(person)
        root = gaussian_filter1d(qpos[:, :3] * (leg.thigh + leg.shank) / legs, _SMOOTH, axis=0)
        turned = _straightened(segment_rotations(body, qpos))
        time = np.arange(len(qpos)) / fps
        clock = np.arange(0.0, time[-1] + 1e-9, 1 / FPS)
        segments = [RotationSpline(time, Rotation.from_matrix(one)) for one in turned.swapaxes(0, 1)]
        even = np.stack([spline(clock).as_matrix() for spline in segments], axis=1)
        return Acted(CubicSpline(time, root)(clock), even).on_floor(person, self.walks)

    def _read(self) -> tuple[Float[np.ndarray, "T nq"], float]:
        with np.load(FOLDER / f"{self.set}.npz", allow_pickle=False) as saved:
            fps, first = float(saved["fps"]), saved["first"]
            k = [str(name) for name in saved["names"]].index(self.name)
            begin = int(first[k]) + round(self.start * fps)
            end = min(int(first[k + 1]), begin + round(self.seconds * fps) + 1)
            qpos = saved["qpos"][begin:end].astype(float)
        qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
        return qpos, fps


def _straightened(turned: Float[np.ndarray, "T 15 3 3"]) -> Float[np.ndarray, "T 15 3 3"]:
    """With the pelvis tilted by as much as makes the trunk straight on it in the median.

    Conversions of motion capture place the pelvis's axes as they like; a walker's may be tilted by 20 degrees.
    """
    pelvis, torso = turned[:, INDEX["pelvis"]], turned[:, INDEX["torso"]]
    bent = np.swapaxes(pelvis, 1, 2) @ torso
    tilt = float(np.median(np.arctan2(bent[:, 0, 2], bent[:, 2, 2])))  # of the trunk, forwards
    straight = turned.copy()
    straight[:, INDEX["pelvis"]] = pelvis @ Rotation.from_euler("y", tilt).as_matrix()
    return straight
