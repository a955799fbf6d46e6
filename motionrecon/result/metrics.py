"""How far a motion is from a reference, and how its feet behave on the floor.

The definitions hold for every benchmark of the project: pose errors over the 12 joints of ``JOINTS``, foot quality over
the 4 foot points of ``FEET``.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

#: Landmarks that the pose errors are averaged over.
JOINTS: tuple[str, ...] = tuple(
    f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")
)

#: Landmarks that the foot quality is measured on.
FEET: tuple[str, ...] = tuple(f"{side}_{point}" for side in ("left", "right") for point in ("heel", "foot_index"))

_HIPS = [JOINTS.index("left_hip"), JOINTS.index("right_hip")]

#: A foot point lower than this is on the floor, metres; one that moves farther than ``_SLIDE`` from one frame to the
#: next, at 25 a second or near it, slides: half a metre a second, 0.6 m/s in films of 30 or 60, and 0.75 at most.
_LOW = 0.05
_SLIDE = 0.02
_SKATE_FPS = 25
#: Frames per second below which a foot may be lifted, swing and come down between two of them: none is told to slide.
_SWINGS = 8.0

#: A frame is stance if the true vertical force exceeds this share of its mean.
_STANCE = 0.05


def pick(
    joints: Float[np.ndarray, "T J 3"], names: tuple[str, ...], wanted: tuple[str, ...]
) -> Float[np.ndarray, "T wanted 3"]:
    """The joints called ``wanted``, in that order, of ``joints`` (T, J, 3) called ``names``."""
    return joints[:, [names.index(name) for name in wanted]]


def pose_errors(joints: Float[np.ndarray, ...], reference: Float[np.ndarray, ...], fps: float) -> dict[str, float]:
    """Errors of ``joints`` (T, 12, 3) against ``reference`` (T, 12, 3): one world, metres, ordered as ``JOINTS``.

    Frames in which either holds a number that is not finite do not count.

    Returns:
        Averages over frames and joints. ``mpjpe_mm``: distance after the middles of the hips are put together;
        ``pa_mpjpe_mm``: after the best similarity transform of each frame; ``mpjpe_g_mm``: after the translation that
        puts the first frame's means together; ``mpjpe_abs_mm``: as they are; ``accel_error``: of the accelerations,
        m/s^2.

    Raises:
        ValueError: the shapes differ, or no frame is finite.
    """
    if joints.shape != reference.shape or joints.shape[1:] != (len(JOINTS), 3):
        raise ValueError(f"joints have shape {joints.shape}, the reference {reference.shape}; expected (T, 12, 3) both")
    whole = np.isfinite(joints).all((1, 2)) & np.isfinite(reference).all((1, 2))
    if not whole.any():
        raise ValueError("no frame is finite in both the joints and the reference")
    x, g = joints[whole], reference[whole]
    accelerations = [
        np.diff(np.where(whole[:, None, None], a, np.nan), 2, axis=0) * fps**2 for a in (joints, reference)
    ]
    accel_error = _distance(*accelerations)
    return {
        "mpjpe_mm": 1e3 * _distance(x - _hips(x), g - _hips(g)).mean(),
        "pa_mpjpe_mm": 1e3 * float(np.mean([_aligned_distance(a, b).mean() for a, b in zip(x, g, strict=True)])),
        "mpjpe_g_mm": 1e3 * _distance(x - x[0].mean(0), g - g[0].mean(0)).mean(),
        "mpjpe_abs_mm": 1e3 * _distance(x, g).mean(),
        "accel_error": float(np.nanmean(accel_error)) if np.isfinite(accel_error).any() else float("nan"),
    }


def foot_quality(
    feet: Float[np.ndarray, "T 4 3"],
    fps: float,
    over: Float[np.ndarray, "T 4"] | None = None,
    soles: Float[np.ndarray, "T S"] | None = None,
) -> dict[str, float]:
    """How ``feet`` (T, 4, 3), ordered as ``FEET``, metres, treat the ground.

    Args:
        feet: where they are.
        fps: frames per second.
        over: (T, 4) how high over the ground, metres (`motionrecon.ground.base.Ground.gap`); over z = 0 if not given.
        soles: (T, S) how high points of the soles are over the ground, metres; `over` if not given.

    Returns:
        ``skate_percent``: share of frames, at 25 fps or near it, in which a foot point that stays below 5 cm moves more
        than 2 cm, or more in proportion where frames last longer than at 25; NaN below 8 fps, where a foot may swing
        between two frames;
        ``penetration_mm``: mean depth of the soles' points below the floor; ``float_mm``: mean height of the lowest one
        above it.
    """
    over = feet[..., 2] if over is None else over
    soles = over if soles is None else soles
    every = max(1, round(fps / _SKATE_FPS))
    sampled, heights = feet[::every], over[::every]
    low = (heights[1:] < _LOW) & (heights[:-1] < _LOW)
    slides = np.linalg.norm(np.diff(sampled[..., :2], axis=0), axis=-1) > _SLIDE * max(1.0, _SKATE_FPS * every / fps)
    skating = (low & slides).any(1)
    skate = 100 * float(skating.mean()) if len(skating) else 0.0
    return {
        "skate_percent": skate if fps >= _SWINGS else float("nan"),
        "penetration_mm": 1e3 * float(np.nanmean(np.clip(-soles, 0, None))),
        "float_mm": 1e3 * float(np.nanmean(np.clip(soles.min(1), 0, None))),
    }


def vertical_force_error(force: Float[np.ndarray, ...], reference: Float[np.ndarray, ...]) -> float:
    """Error of the floor's vertical force ``force`` (T,) against ``reference`` (T,), newtons, in percent.

    The mean over the frames in stance of ``|force - reference|``, divided by the mean of ``reference`` over the same
    frames. A frame is in stance where the reference is more than a twentieth of its mean over the clip.

    Raises:
        ValueError: the shapes differ, or the reference never stands.
    """
    if force.shape != reference.shape or force.ndim != 1:
        raise ValueError(f"the force has shape {force.shape}, the reference {reference.shape}; expected (T,) both")
    stance = reference > _STANCE * reference.mean()
    if not stance.any():
        raise ValueError("the reference never stands on the floor")
    return 100 * float(np.abs(force - reference)[stance].mean() / reference[stance].mean())


def _distance(a: Float[np.ndarray, "... 3"], b: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, ...]:
    return np.asarray(np.linalg.norm(a - b, axis=-1))


def _hips(joints: Float[np.ndarray, "T J 3"]) -> Float[np.ndarray, "T 1 3"]:
    """(T, 1, 3) middle of the hips."""
    return np.asarray(joints[:, _HIPS].mean(1, keepdims=True))


def _aligned_distance(points: Float[np.ndarray, "J 3"], target: Float[np.ndarray, "J 3"]) -> Float[np.ndarray, " J"]:
    """(J,) distances of ``points`` (J, 3) to ``target`` (J, 3) after the best similarity transform (Umeyama)."""
    p, g = points - points.mean(0), target - target.mean(0)
    u, singular, vt = np.linalg.svd(p.T @ g)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])  # a mirror image is not a pose
    scale = (singular * sign).sum() / (p**2).sum()
    return _distance(scale * p @ (u * sign) @ vt, g)
