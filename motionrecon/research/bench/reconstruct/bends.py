"""How joints are bent, of a motion and in truth: anatomical angles, or those between points where it has no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.body.pose import Pose
from motionrecon.core.landmarks import INDEX
from motionrecon.core.sides import SIDES
from motionrecon.mechanics.angles import joint_angles
from motionrecon.research.bench.reconstruct.truth import Truth

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: The joint, the angle that tells its bend, and the three points that it is the angle between, without their sides.
BENDS: dict[str, tuple[str, tuple[str, str, str]]] = {
    "hip": ("hip_flexion", ("shoulder", "hip", "knee")),
    "knee": ("knee_flexion", ("hip", "knee", "ankle")),
    "ankle": ("ankle_dorsiflexion", ("knee", "ankle", "foot_index")),
    "elbow": ("elbow_flexion", ("shoulder", "elbow", "wrist")),
    "shoulder": ("shoulder_elevation", ("hip", "shoulder", "elbow")),
}
#: Knees that are bent less are those of a straight leg, radians.
_STRAIGHT = np.radians(20.0)


def bend_errors(motion: Motion, at: Pose, points: Float[np.ndarray, "T 33 3"], truth: Truth) -> dict[str, float]:
    """Root mean squares of how far each joint is bent from the truth, degrees, over frames and both sides.

    Args:
        motion: as long as the truth.
        at: its poses.
        points: (T, 33, 3) its landmarks or marks, whichever the truth's joints are.
        truth: of the clip. Where it knows no anatomical angles, both have those between three points.

    Returns:
        ``hip``, ``knee``, ``ankle``, ``elbow``, ``shoulder``; and ``straight_knee``: by how much knees that are
        straight in truth are bent too far, NaN where none is.
    """
    found, true = _bent(motion, at, points, truth)
    errors = {name: found[name] - true[name] for name in BENDS}
    straight = true["knee"] < _STRAIGHT
    report = {name: _root_mean_square(error) for name, error in errors.items()}
    report["straight_knee"] = float(np.degrees(errors["knee"][straight].mean())) if straight.any() else float("nan")
    return report


def _bent(
    motion: Motion, at: Pose, points: Float[np.ndarray, "T 33 3"], truth: Truth
) -> tuple[dict[str, Float[np.ndarray, "T 2"]], dict[str, Float[np.ndarray, "T 2"]]]:
    """Of each joint of both sides how far it is bent, radians, in the motion and in truth."""
    if not truth.angle_names:
        return _between(points), _between(truth.joints)
    angles = joint_angles(motion.body, at)
    return _named(angles.names, angles.values), _named(truth.angle_names, truth.angles)


def _named(names: tuple[str, ...], values: Float[np.ndarray, "T A"]) -> dict[str, Float[np.ndarray, "T 2"]]:
    return {joint: values[:, [names.index(f"{side}_{angle}") for side in SIDES]] for joint, (angle, _) in BENDS.items()}


def _between(joints: Float[np.ndarray, "T 33 3"]) -> dict[str, Float[np.ndarray, "T 2"]]:
    """Half a turn less the angle between three points, which is 0 of a straight limb."""
    found = {}
    for joint, (_, names) in BENDS.items():
        a, b, c = (np.stack([joints[:, INDEX[f"{side}_{name}"]] for side in SIDES], axis=1) for name in names)
        u, v = b - a, c - b
        across = np.linalg.norm(np.cross(u, v), axis=-1)
        found[joint] = np.arctan2(across, (u * v).sum(-1))
    return found


def _root_mean_square(error: Float[np.ndarray, "T 2"]) -> float:
    error = (error + np.pi) % (2 * np.pi) - np.pi  # a whole turn more is none
    known = error[np.isfinite(error)]
    return float(np.degrees(np.sqrt((known**2).mean()))) if len(known) else float("nan")
