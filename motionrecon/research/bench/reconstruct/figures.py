"""How far a motion is from the truth, in figures: those of a clip's row in the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from motionrecon.body.pose import Pose, pose
from motionrecon.cameras.base import Camera
from motionrecon.core.landmarks import INDEX
from motionrecon.mechanics.feet import loaded_sole_speed
from motionrecon.research.bench.reconstruct.bends import BENDS, bend_errors
from motionrecon.research.bench.reconstruct.forces import ankle_errors, force_errors
from motionrecon.research.bench.reconstruct.lengths import LENGTHS, length_errors
from motionrecon.research.bench.reconstruct.truth import Truth
from motionrecon.result.metrics import JOINTS, pose_errors

if TYPE_CHECKING:
    from motionrecon.keypoints import Keypoints
    from motionrecon.result.motion import Motion


class Told(NamedTuple):
    """A figure: what it is, its unit, the digits after the point in tables, and whether tables of means have it."""

    words: str
    unit: str
    digits: int
    main: bool = True


#: What is measured of each clip, in the order of the columns.
FIGURES: dict[str, Told] = {
    "mpjpe_mm": Told("MPJPE", "mm", 1),
    "pa_mpjpe_mm": Told("PA", "mm", 1),
    "mpjpe_g_mm": Told("G", "mm", 1),
    "mpjpe_abs_mm": Told("absolute", "mm", 1),
    "detector_mpjpe_mm": Told("detector's own 3D", "mm", 1),
    "kinematic_mpjpe_mm": Told("MPJPE before physics", "mm", 1),
    "up_deg": Told("up", "°", 1),
    **{f"{name}_deg": Told(name, "°", 1) for name in BENDS},
    "straight_knee_deg": Told("straight knees", "°", 1),
    **{f"{name}_percent": Told(name.replace("_", " "), "%", 1, False) for name in LENGTHS},
    "length_percent": Told("lengths", "%", 1),
    "accel_error": Told("acceleration", "m/s²", 1),
    "sole_speed": Told("loaded soles", "m/s", 3),
    "penetration_mm": Told("penetration", "mm", 1),
    "skate_percent": Told("skating", "%", 1, False),
    "force_foot_percent": Told("force, foot", "% BW", 1),
    "force_total_percent": Told("force, total", "% BW", 1),
    "force_stance_percent": Told("force, total, in stance", "%", 1),
    "force_newton_percent": Told("m(a+g), total", "% BW", 1),
    "force_on_ms": Told("on", "ms", 0),
    "force_off_ms": Told("off", "ms", 0),
    "force_missed": Told("missed events", "", 1, False),
    "force_peak_percent": Told("peak", "%", 1),
    "force_foot_6hz_percent": Told("force, foot, below 6 Hz", "% BW", 1, False),
    "force_total_6hz_percent": Told("force, total, below 6 Hz", "% BW", 1, False),
    "flight_points": Told("flight", "points", 1, False),
    "ankle_moment_percent": Told("ankle moment", "%", 1),
    "simulated_percent": Told("simulated", "%", 0),
    "expected_mm": Told("expected MPJPE", "mm", 0, False),
    "expected_force_percent": Told("expected force error", "% BW", 0, False),
    "seconds_per_frame": Told("s/frame", "s", 3),
}


def figures_of(motion: Motion, truth: Truth, keypoints: Keypoints) -> dict[str, float]:
    """All of `FIGURES`; NaN of what the truth does not tell.

    Points are carried through the motion's camera into the truth's world, so that what is compared is what the camera
    saw, whatever the motion's own world is; only the direction of up is compared by itself.
    """
    frames = min(len(motion), len(truth))
    at = pose(motion.model, motion.qpos)
    points = _points(motion, at, truth)
    placed = truth.camera.to_world(motion.camera.to_camera(points))
    errors = _pose_errors(placed[:frames], truth.joints[:frames], truth.fps)
    lengths = length_errors(placed[:frames], truth.joints[:frames])
    cut = truth.part(slice(frames))
    found = errors | {f"{name}_deg": value for name, value in bend_errors(motion, at, points, cut).items()}
    found |= {f"{name}_percent": value for name, value in lengths.items()}
    known = [abs(error) for error in lengths.values() if np.isfinite(error)]
    found["length_percent"] = float(np.mean(known)) if known else float("nan")
    found["detector_mpjpe_mm"] = _detector(keypoints, truth)
    found["kinematic_mpjpe_mm"] = _kinematic(motion, truth, frames)
    found["up_deg"] = up_error(motion.camera, truth.camera) if truth.camera.calibrated else float("nan")
    found["sole_speed"] = loaded_sole_speed(motion)
    found |= force_errors(motion, cut) | ankle_errors(motion, at, cut)
    found |= _reported(motion)
    return {name: float(found.get(name, np.nan)) for name in FIGURES}


def up_error(found: Camera, true: Camera) -> float:
    """Degrees between the directions of up that two cameras of one picture see."""
    line = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    ups = [np.diff(camera.at(slice(0, 1)).to_camera(line), axis=0)[0] for camera in (found, true)]
    return float(np.degrees(np.arccos(np.clip(ups[0] @ ups[1], -1.0, 1.0))))


def _points(motion: Motion, at: Pose, truth: Truth) -> Float[np.ndarray, "T 33 3"]:
    """Of the motion what the truth's joints are: landmarks, or the detector's marks; NaN of those the body lacks."""
    points = motion.body.marks if truth.are_marks else motion.body.landmarks
    found = np.full((len(motion), len(INDEX), 3), np.nan)
    found[:, [INDEX[name] for name in points.names]] = at.at(points)
    return found


def _limbs(points: Float[np.ndarray, "T 33 3"]) -> Float[np.ndarray, "T 12 3"]:
    return points[:, [INDEX[name] for name in JOINTS]]


def _pose_errors(found: Float[np.ndarray, "T 33 3"], true: Float[np.ndarray, "T 33 3"], fps: float) -> dict[str, float]:
    try:
        return pose_errors(_limbs(found), _limbs(true), fps)
    except ValueError:  # no frame in which all of them are known
        return {}


def _detector(keypoints: Keypoints, truth: Truth) -> float:
    """MPJPE of the detector's own 3D, turned as if the camera were known: what is to be beaten."""
    from motionrecon.core.clock import Clock
    from motionrecon.views import View

    view = View.of(keypoints, truth.camera, Clock(keypoints.fps))
    frames = min(len(view), len(truth))
    seen, true = view.points_3d[:frames], truth.camera.to_camera(truth.joints[:frames])
    return _pose_errors(seen, true, truth.fps).get("mpjpe_mm", float("nan"))


def _kinematic(motion: Motion, truth: Truth, frames: int) -> float:
    """MPJPE of the motion before it was simulated."""
    if motion.kinematic_qpos is None:
        return float("nan")
    points = _points(motion, pose(motion.model, motion.kinematic_qpos), truth)
    placed = truth.camera.to_world(motion.camera.to_camera(points))
    return _pose_errors(placed[:frames], truth.joints[:frames], truth.fps).get("mpjpe_mm", float("nan"))


def _reported(motion: Motion) -> dict[str, float]:
    """What the motion's own report tells."""
    found = {"simulated_percent": 100 * float(motion.simulated.mean())}
    if motion.report.quality is not None:
        told = motion.report.quality
        found |= {"penetration_mm": _number(told.penetration_mm), "skate_percent": _number(told.skate_percent)}
    if motion.report.verdict is not None:
        verdict = motion.report.verdict
        found |= {"expected_mm": verdict.expected_mm, "expected_force_percent": _number(verdict.expected_force_percent)}
    if motion.report.seconds:
        found["seconds_per_frame"] = sum(motion.report.seconds.values()) / len(motion)
    return found


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
