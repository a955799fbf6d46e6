"""How two cameras stand to each other, to begin with: from what both saw of one person.

Two roads lead there, and each fails where the other does not. The essential matrix knows nothing of people, and needs
keypoints of some depth; the detector's own 3D guess says in which direction bones point in either camera's axes, and
so how the axes are turned, to ten or twenty degrees. Whichever a bundle adjustment likes better afterwards is taken.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from motionrecon.core import so3
from motionrecon.residuals.robust import geman_mcclure
from motionrecon.rig.bundle import Observations, Scene, Solved, bundled
from motionrecon.rig.lengths import PAIRS
from motionrecon.rig.sampling import spread_out

#: Frames and steps that tell good starts from bad ones.
_TRIED_FRAMES, _TRIED_STEPS = 20, 12
#: Distance from the epipolar lines on the image plane, up to which keypoints agree: 3 cm at 3 m.
_AGREE = 0.01
#: Keypoints that both cameras must have seen for an essential matrix.
_FEWEST = 16

Pose = tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, " 3"]]


def posed_pair(observed: Observations, guess: Float[np.ndarray, "2 T P 3"]) -> Solved | None:
    """The two cameras of a observed, the first at the origin; None where no start leads anywhere.

    Args:
        observed: of two cameras.
        guess: the detector's 3D guess of the marks in each camera's axes, metres; NaN where there is none.
    """
    frames = spread_out(len(guess[0]), _TRIED_FRAMES)
    few = observed.at(frames)
    tried = []
    for turn, shift in _starts(observed, guess):
        turns, shifts = np.stack([np.eye(3), turn]), np.stack([np.zeros(3), shift])
        tried.append(bundled(few, Scene.begun(few, turns, shifts), iterations=_TRIED_STEPS))
    tried = [solved for solved in tried if np.isfinite(solved.cost)]
    if not tried:
        return None
    best = min(tried, key=lambda solved: solved.cost).scene
    return solved_from(observed, best.turn, best.shift)


def solved_from(observed: Observations, turn: Float[np.ndarray, "V 3 3"], shift: Float[np.ndarray, "V 3"]) -> Solved:
    """The bundle adjustment of all frames, from cameras that are nearly right."""
    roughly = bundled(observed, Scene.begun(observed, turn, shift))
    return bundled(observed, roughly.scene, geman_mcclure)


def _starts(observed: Observations, guess: Float[np.ndarray, "2 T P 3"]) -> Iterator[Pose]:
    both = observed.seen.all(0)
    first, second = observed.rays[0][both], observed.rays[1][both]
    if len(first) >= _FEWEST:
        yield from _essential(first, second)
    turn = _turned_bones(observed, guess)
    if turn is not None:
        yield turn, _linear_shift(observed, turn)


def _essential(first: Float[np.ndarray, "n 2"], second: Float[np.ndarray, "n 2"]) -> Iterator[Pose]:
    """From the essential matrix (Nister, "An efficient solution to the five-point relative pose problem", 2004)."""
    import cv2

    for method in (cv2.USAC_MAGSAC, cv2.RANSAC):
        matrix, agree = cv2.findEssentialMat(
            np.ascontiguousarray(first), np.ascontiguousarray(second), np.eye(3), method, 0.999, _AGREE
        )
        if matrix is None or matrix.shape[0] < 3:
            continue
        _, turn, shift, _ = cv2.recoverPose(matrix[:3], first, second, np.eye(3), mask=agree)
        if np.isfinite(turn).all() and np.isfinite(shift).all():
            yield np.asarray(turn, float), np.asarray(shift[:, 0], float)


def _turned_bones(observed: Observations, guess: Float[np.ndarray, "2 T P 3"]) -> Float[np.ndarray, "3 3"] | None:
    """The turn that carries the bones of the one guess to those of the other, most of them."""
    bones = guess[:, :, PAIRS[:, 1]] - guess[:, :, PAIRS[:, 0]]
    weight = np.minimum(observed.weight[:, :, PAIRS[:, 0]], observed.weight[:, :, PAIRS[:, 1]]).min(0)
    known = np.isfinite(bones).all((0, 3)) & (weight > 0)
    if known.sum() < 3:
        return None
    one, other, weight = bones[0][known], bones[1][known], weight[known]
    away = np.zeros(len(one))
    for _ in range(10):
        turn = so3.aligning(one, other, weight / (0.05 + away))
        away = np.linalg.norm(other - one @ turn.T, axis=1)
    return turn


def _linear_shift(observed: Observations, turn: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, " 3"]:
    """The direction of the shift that makes lines of sight meet, once the turn is known (linear in it)."""
    both = observed.seen.all(0)
    rays = np.concatenate([observed.rays, np.ones((*observed.rays.shape[:-1], 1))], axis=-1)[:, both]
    rows = np.cross(rays[0] @ turn.T, rays[1])
    weight = observed.weight[:, both].prod(0)
    for _ in range(5):
        _, _, axes = np.linalg.svd(rows * weight[:, None], full_matrices=False)
        weight = observed.weight[:, both].prod(0) / (_AGREE + np.abs(rows @ axes[-1]))
    shift = axes[-1]

    def before(shift: Float[np.ndarray, " 3"]) -> int:
        points = observed.points(np.stack([np.eye(3), turn]), np.stack([np.zeros(3), shift]))[both]
        return int((points[:, 2] > 0).sum() + ((points @ turn.T + shift)[:, 2] > 0).sum())

    return np.asarray(shift if before(shift) >= before(-shift) else -shift)
