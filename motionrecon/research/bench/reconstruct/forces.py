"""How true the floor's forces of a motion are, per foot and in total."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.signal import butter, sosfiltfilt

from motionrecon.body.pose import Pose, pose
from motionrecon.core.gravity import GRAVITY
from motionrecon.core.sides import SIDES
from motionrecon.mechanics.events import foot_events
from motionrecon.mechanics.feet import LOADED, weight_of
from motionrecon.mechanics.moments import joint_moments
from motionrecon.research.bench.reconstruct.truth import Truth
from motionrecon.result.metrics import vertical_force_error

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: Nobody pushes the ground while all of the force is below this share.
_FLIES = 0.02
#: Hertz above which the acceleration of a kinematic motion's centre of mass is noise.
_CUTOFF = 6.0
#: Fewest frames that such a filter can do anything with.
_FEWEST = 12


def foot_loads(motion: Motion) -> Float[np.ndarray, "T 2"]:
    """The vertical force on the left and the right foot, newtons."""
    sides = [[name.startswith(side) for name in motion.contact_names] for side in SIDES]
    return np.stack([motion.contact_force[:, side, 2].sum(axis=1) for side in np.array(sides, bool)], axis=1)


def force_errors(motion: Motion, truth: Truth) -> dict[str, float]:
    """Errors of the vertical force, in percent of the body's weight, over frames that were simulated.

    Returns:
        ``force_foot_percent``: mean over the feet and frames in which the true foot stands; ``force_total_percent``: of
        both together, over all frames; ``force_stance_percent``: of both together in stance, each in weights of its own
        body, in percent of the true one there, as the demo tells it; ``force_newton_percent``: what m (a + g) of the
        kinematic motion's centre of mass, below 6 Hz, would have over all frames; ``force_on_ms``, ``force_off_ms``:
        how far off touch-downs and lift-offs are, and ``force_missed``: how many the motion lacks;
        ``force_peak_percent``: how far off the largest force of a stance is, of the true one;
        ``force_foot_6hz_percent``, ``force_total_6hz_percent``: as those above, of the motion's forces below 6 Hz, as a
        plate's are often published; ``flight_points``: by how many points of a hundred the share of frames without any
        force is off. NaN where nobody knows the truth, or nothing was simulated.
    """
    weight = truth.mass * GRAVITY
    true, found = truth.force[..., 2], foot_loads(motion)
    known = np.isfinite(true) & motion.simulated[:, None]
    both = known.all(axis=1)
    stands = known & (np.where(known, true, 0.0) > LOADED * weight)
    smooth = _below(found, motion.fps)

    def off(forces: Float[np.ndarray, "T 2"]) -> tuple[float, float]:
        """Of the feet, and of both together."""
        away = np.abs(true - forces) / weight
        return 100 * _mean(away[stands]), 100 * _mean(np.abs((true - forces).sum(1))[both] / weight)

    foot, total = off(found)
    foot_smooth, total_smooth = off(smooth)
    flies = [100 * _mean((force[both].sum(1) < _FLIES * weight).astype(float)) for force in (found, true)]
    return {
        "force_foot_percent": foot,
        "force_total_percent": total,
        "force_stance_percent": _in_stance(
            found.sum(1)[both] / motion.model.body_mass.sum(), true.sum(1)[both] / truth.mass
        ),
        "force_newton_percent": 100 * _mean(np.abs(true.sum(1) - _by_newton(motion))[both] / weight),
        "force_foot_6hz_percent": foot_smooth,
        "force_total_6hz_percent": total_smooth,
        "flight_points": flies[0] - flies[1],
        **_timing(true, found, known, truth.fps, (weight, weight_of(motion.model))),
    }


def ankle_errors(motion: Motion, at: Pose, truth: Truth) -> dict[str, float]:
    """``ankle_moment_percent``: how much larger the ankles' largest moments of each stance are than the true ones, in
    the mean; NaN where nobody knows, or nothing was simulated.
    """
    if truth.ankle_moment is None or not motion.simulated.any():
        return {"ankle_moment_percent": float("nan")}
    moments = joint_moments(motion, at)
    known = np.isfinite(truth.force[..., 2]) & np.isfinite(truth.ankle_moment) & motion.simulated[:, None]
    peaks = []
    for k, side in enumerate(SIDES):
        found = -moments.values[:, moments.names.index(f"{side}_ankle_dorsiflexion")] / motion.model.body_mass.sum()
        stances = _stances(side, truth.force[:, k, 2], known[:, k], truth.fps, truth.mass * GRAVITY)
        peaks += [(found[frames].max(), truth.ankle_moment[frames, k].max()) for frames in stances]
    if not peaks:
        return {"ankle_moment_percent": float("nan")}
    mean_found, mean_true = np.mean(peaks, axis=0)
    return {"ankle_moment_percent": 100 * float(mean_found / mean_true - 1)}


def _in_stance(found: Float[np.ndarray, " n"], true: Float[np.ndarray, " n"]) -> float:
    """How far the vertical force on both feet is off, percent; NaN where nobody ever stands."""
    return vertical_force_error(found, true) if len(true) and true.max() > 0 else float("nan")


def _stances(
    side: str, true: Float[np.ndarray, " T"], known: Bool[np.ndarray, " T"], fps: float, weight: float
) -> list[Int[np.ndarray, " n"]]:
    """The known frames of each stance of a foot."""
    events = foot_events(side, np.where(known, true, 0.0), fps, known, weight)
    within = [np.arange(int(np.ceil(start * fps)), int(end * fps) + 1) for start, end in events.stances]
    return [frames[known[frames]] for frames in within if known[frames].any()]


def _below(forces: Float[np.ndarray, "T n"], fps: float) -> Float[np.ndarray, "T n"]:
    """What is slower than `_CUTOFF`."""
    if len(forces) < _FEWEST:
        return np.full_like(forces, np.nan)
    return np.asarray(sosfiltfilt(butter(2, min(0.9, 2 * _CUTOFF / fps), output="sos"), forces, axis=0))


def _by_newton(motion: Motion) -> Float[np.ndarray, " T"]:
    """m (a + g) of the motion that the video alone would have, newtons."""
    if motion.kinematic_qpos is None or len(motion) < _FEWEST:
        return np.full(len(motion), np.nan)
    com = pose(motion.model, motion.kinematic_qpos).com[:, 2]
    smooth = _below(com[:, None], motion.fps)[:, 0]
    acceleration = np.gradient(np.gradient(smooth, 1 / motion.fps), 1 / motion.fps)
    return np.asarray(motion.model.body_mass.sum() * (acceleration + GRAVITY))


def _timing(
    true: Float[np.ndarray, "T 2"],
    found: Float[np.ndarray, "T 2"],
    known: Bool[np.ndarray, "T 2"],
    fps: float,
    weights: tuple[float, float],
) -> dict[str, float]:
    """When feet come down and leave, and the largest force in between."""
    ons: list[float] = []
    offs: list[float] = []
    peaks: list[float] = []
    missed = 0
    for k, side in enumerate(SIDES):
        there = foot_events(side, np.where(known[:, k], true[:, k], 0.0), fps, known[:, k], weights[0])
        here = foot_events(side, found[:, k], fps, known[:, k], weights[1])
        for wanted, have, errors in ((there.strikes, here.strikes, ons), (there.offs, here.offs, offs)):
            near = _nearest(wanted, have)
            missed += int(np.isnan(near).sum())
            errors += near[np.isfinite(near)].tolist()
        stances = _stances(side, true[:, k], known[:, k], fps, weights[0])
        peaks += [100 * abs(found[frames, k].max() / true[frames, k].max() - 1) for frames in stances]
    return {
        "force_on_ms": 1000 * _mean(np.array(ons)),
        "force_off_ms": 1000 * _mean(np.array(offs)),
        "force_missed": float(missed) if known.any() else float("nan"),
        "force_peak_percent": _mean(np.array(peaks)),
    }


def _nearest(wanted: Float[np.ndarray, " n"], have: Float[np.ndarray, " m"]) -> Float[np.ndarray, " n"]:
    """How far each wanted time is from the nearest one there is, seconds; NaN where another wanted one is nearer."""
    if not len(wanted) or not len(have):
        return np.full(len(wanted), np.nan)
    middles = [-np.inf, *((a + b) / 2 for a, b in pairwise(wanted)), np.inf]
    errors = []
    for time, (low, high) in zip(wanted, pairwise(middles), strict=True):
        mine = have[(have > low) & (have <= high)]
        errors.append(np.abs(mine - time).min() if len(mine) else np.nan)
    return np.array(errors)


def _mean(values: Float[np.ndarray, " n"]) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float("nan")
