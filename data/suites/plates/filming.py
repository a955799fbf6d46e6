"""Virtual cameras before a recorded person, and a detector's errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.gravity import GRAVITY
from motionrecon.core.landmarks import INDEX
from motionrecon.core.sides import SIDES
from motionrecon.data.scene import look_at
from motionrecon.data.suites.plates.markers import Moved
from motionrecon.data.suites.plates.opensim import PlateForces
from motionrecon.data.suites.plates.trials import Trial
from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.file import keypoints_of
from motionrecon.research.bench.reconstruct.truth import Truth

FPS = 30.0
_SIZE, _FOCAL = (1920, 1080), 1500.0
#: Errors of the pixels, white and correlated; of the depth, metres (a third of it across); for how long, seconds.
_WHITE, _SLOW, _SLOW_FOR, _DEPTH, _DEPTH_FOR = 2.0, 4.0, 0.25, 0.08, 0.3
#: How sure the detector is of what markers tell, of a guessed head, and of other guesses.
_SURE, _HEAD, _GUESS = 0.95, 0.5, 0.1


@dataclass(frozen=True)
class Place:
    """Where a camera stands.

    Attributes:
        azimuth: from the direction of travel, degrees; the person's right is -90.
        height: metres.
        aim: height at which it looks, metres.
    """

    azimuth: float
    height: float = 1.2
    aim: float = 0.95


PLACES: dict[str, Place] = {
    "side": Place(-90.0),
    "front": Place(-45.0),
    "behind": Place(-135.0),
    "high": Place(-60.0, 3.2, 0.9),
}


def filmed(trial: Trial, moved: Moved, forces: PlateForces, place: str, seed: int) -> tuple[Truth, Keypoints]:
    """What a camera and a detector saw of a trial, and the truth, whose joints are centres.

    Args:
        trial: what was recorded.
        moved: the person.
        forces: of the plates.
        place: of `PLACES`.
        seed: of the errors.
    """
    first, last = trial.span
    time = np.arange(first, min(last, moved.time[-1]) - 1e-9, 1 / FPS)
    at = CubicSpline(moved.time, np.concatenate([moved.joints, moved.marks], axis=1))(time)
    joints, marks = at[:, : len(moved.measured)], at[:, len(moved.measured) :]
    camera = _camera(trial, joints, PLACES[place])
    moment = None if forces.point is None else ankle_moments(trial, moved, forces, time, joints)
    force, none = _held(trial, forces, time), np.zeros((len(time), 0))
    truth = Truth(FPS, joints, False, camera, trial.height, trial.mass, force, (), none, moment)
    rng = np.random.default_rng([seed, 7])
    return truth, _seen(marks, moved, camera, rng)


def ankle_moments(
    trial: Trial,
    moved: Moved,
    forces: PlateForces,
    time: Float[np.ndarray, " T"],
    joints: Float[np.ndarray, "T 33 3"],
) -> Float[np.ndarray, "T 2"]:
    """What the floor's force asks of the ankles in the plane of travel: moments that point the toes down, N m/kg.

    The foot's own weight and inertia are left out, which in stance hardly matters; where a foot bears less than a tenth
    of the weight, where the force acts is noise, and the moment is 0.
    """
    force, point = forces.at(time)
    point = point + moved.belt * time[:, None, None] * [1.0, 0.0, 0.0]
    away = point - joints[:, [INDEX[f"{side}_ankle"] for side in SIDES]]
    moment = (away[..., 0] * force[..., 2] - away[..., 2] * force[..., 0]) / trial.mass
    return np.where(force[..., 2] > 0.1 * trial.mass * GRAVITY, moment, 0.0)


def _camera(trial: Trial, joints: Float[np.ndarray, "T 33 3"], place: Place) -> Pinhole:
    middle = 0.5 * (joints[:, INDEX["left_hip"], :2] + joints[:, INDEX["right_hip"], :2])
    centre = 0.5 * (middle.min(0) + middle.max(0))
    far = trial.far * (1.2 if trial.far > 6 and place.azimuth != PLACES["side"].azimuth else 1.0)
    angle = np.radians(place.azimuth)
    eye = np.array([*(centre + far * np.array([np.cos(angle), np.sin(angle)])), place.height])
    return look_at(eye, np.array([*centre, place.aim]), _SIZE, _FOCAL)


def _held(trial: Trial, forces: PlateForces, time: Float[np.ndarray, " T"]) -> Float[np.ndarray, "T 2 3"]:
    """The forces in each frame; NaN while the plates do not hold the foot."""
    force = forces.means(time, 1 / FPS)
    for k in range(len(SIDES)):
        low, high = trial.valid[k]
        force[(time < low) | (time > high), k] = np.nan
    return force


def _seen(marks: Float[np.ndarray, "T 33 3"], moved: Moved, camera: Pinhole, rng: np.random.Generator) -> Keypoints:
    pixels = camera.project(marks)
    pixels = pixels + _WHITE * rng.standard_normal(pixels.shape) + _wandering(rng, pixels.shape, _SLOW, _SLOW_FOR)
    sure = np.where(moved.measured, _SURE, _GUESS)
    sure[[INDEX["nose"], INDEX["left_ear"], INDEX["right_ear"]]] = np.where(moved.measured[INDEX["nose"]], _SURE, _HEAD)
    there = camera.to_camera(marks)
    there = there + _wandering(rng, there.shape, _DEPTH, _DEPTH_FOR) * [1 / 3, 1 / 3, 1.0]
    hips = 0.5 * (there[:, INDEX["left_hip"]] + there[:, INDEX["right_hip"]])
    confidence = np.broadcast_to(sure, pixels.shape[:2]).copy()
    return keypoints_of(pixels, confidence, there - hips[:, None], FPS, camera.image_size)


def _wandering(rng: np.random.Generator, shape: tuple[int, ...], size: float, seconds: float) -> Float[np.ndarray, ...]:
    """Gaussian errors of a standard deviation that change within so many seconds."""
    frames = seconds * FPS
    pad = int(5 * frames) + 1
    white = rng.standard_normal((shape[0] + 2 * pad, *shape[1:]))
    return np.asarray(gaussian_filter1d(white, frames, axis=0)[pad:-pad] * size * np.sqrt(2 * np.sqrt(np.pi) * frames))
