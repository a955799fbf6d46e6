"""How two cameras stand to each other, to begin with: from what both saw of one person.

Two roads lead there, and each fails where the other does not. The essential matrix knows nothing of people, and needs
keypoints of some depth; the detector's own 3D guess says in which direction bones point in either camera's axes, and
so how the axes are turned, to ten or twenty degrees. Whichever a bundle adjustment likes better afterwards is taken.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from motionrecon.rig.bundle import Scene, Sighting, Solved, adjusted, geman_mcclure, meeting
from motionrecon.rig.lengths import PAIRS

#: Frames and steps that tell good starts from bad ones.
_TRIED_FRAMES, _TRIED_STEPS = 20, 12
#: Distance from the epipolar lines on the image plane, up to which keypoints agree: 3 cm at 3 m.
_AGREE = 0.01
#: Keypoints that both cameras must have seen for an essential matrix.
_FEWEST = 16

Pose = tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, " 3"]]


def posed_pair(sighting: Sighting, guess: Float[np.ndarray, "2 T P 3"]) -> Solved | None:
    """The two cameras of a sighting, the first at the origin; None where no start leads anywhere.

    Args:
        sighting: of two cameras.
        guess: the detector's 3D guess of the marks in each camera's axes, metres; NaN where there is none.
    """
    frames = _spread_out(len(guess[0]), _TRIED_FRAMES)
    few = sighting.at(frames)
    tried = []
    for turn, shift in _starts(sighting, guess):
        turns, shifts = np.stack([np.eye(3), turn]), np.stack([np.zeros(3), shift])
        tried.append(adjusted(few, Scene.begun(few, turns, shifts), iterations=_TRIED_STEPS))
    tried = [solved for solved in tried if np.isfinite(solved.cost)]
    if not tried:
        return None
    best = min(tried, key=lambda solved: solved.cost).scene
    return solved_from(sighting, best.turn, best.shift)


def solved_from(sighting: Sighting, turn: Float[np.ndarray, "V 3 3"], shift: Float[np.ndarray, "V 3"]) -> Solved:
    """The bundle adjustment of all frames, from cameras that are nearly right."""
    roughly = adjusted(sighting, Scene.begun(sighting, turn, shift))
    return adjusted(sighting, roughly.scene, geman_mcclure)


def _spread_out(count: int, most: int) -> Int[np.ndarray, " n"]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def _starts(sighting: Sighting, guess: Float[np.ndarray, "2 T P 3"]) -> Iterator[Pose]:
    both = sighting.seen.all(0)
    first, second = sighting.rays[0][both], sighting.rays[1][both]
    if len(first) >= _FEWEST:
        yield from _essential(first, second)
    turn = _turned_bones(sighting, guess)
    if turn is not None:
        yield turn, _linear_shift(sighting, turn)


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


def _turned_bones(sighting: Sighting, guess: Float[np.ndarray, "2 T P 3"]) -> Float[np.ndarray, "3 3"] | None:
    """The turn that carries the bones of the one guess to those of the other, most of them."""
    bones = guess[:, :, PAIRS[:, 1]] - guess[:, :, PAIRS[:, 0]]
    weight = np.minimum(sighting.weight[:, :, PAIRS[:, 0]], sighting.weight[:, :, PAIRS[:, 1]]).min(0)
    known = np.isfinite(bones).all((0, 3)) & (weight > 0)
    if known.sum() < 3:
        return None
    one, other, weight = bones[0][known], bones[1][known], weight[known]
    away = np.zeros(len(one))
    for _ in range(10):
        found, _ = Rotation.align_vectors(other, one, weights=weight / (0.05 + away))
        away = np.linalg.norm(other - found.apply(one), axis=1)
    return np.asarray(found.as_matrix())


def _linear_shift(sighting: Sighting, turn: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, " 3"]:
    """The direction of the shift that makes lines of sight meet, once the turn is known (linear in it)."""
    both = sighting.seen.all(0)
    rays = np.concatenate([sighting.rays, np.ones((*sighting.rays.shape[:-1], 1))], axis=-1)[:, both]
    rows = np.cross(rays[0] @ turn.T, rays[1])
    weight = sighting.weight[:, both].prod(0)
    for _ in range(5):
        _, _, axes = np.linalg.svd(rows * weight[:, None], full_matrices=False)
        weight = sighting.weight[:, both].prod(0) / (_AGREE + np.abs(rows @ axes[-1]))
    shift = axes[-1]

    def before(shift: Float[np.ndarray, " 3"]) -> int:
        points = meeting(sighting, np.stack([np.eye(3), turn]), np.stack([np.zeros(3), shift]))[both]
        return int((points[:, 2] > 0).sum() + ((points @ turn.T + shift)[:, 2] > 0).sum())

    return np.asarray(shift if before(shift) >= before(-shift) else -shift)
