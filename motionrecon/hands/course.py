"""From looks at one hand to its course over the frames: smooth, without what is mistaken, at ease where it is not seen.

A kernel smoother, which lags in neither direction: each frame has the weighted mean of the looks around it, by a
Gaussian in time. What disagrees with its neighbours loses weight, and the mean is taken again. Where few looks are
near, the hand goes over to one at ease.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_array
from scipy.spatial.transform import Rotation

from motionrecon.body.fingers import AT_EASE

#: Standard deviation of the Gaussian, seconds.
SMOOTH = 0.07
#: A look that is turned so far from the mean of those around it, or whose fingers are bent so differently, counts half.
_ODD_TURN, _ODD_BEND = np.radians(25.0), np.radians(30.0)
_ROUNDS = 4
#: Weights around a frame, the Gaussian's being 1 at its middle, with which the hand counts as seen, and from which on
#: nothing is left of the one at ease.
SEEN, _SURE = 0.5, 1.2
#: How slowly it goes over, seconds, and a wider and faint kernel that tells from what.
_FADE, _WIDE, _LASTING = 0.1, 6.0, 1e-4
#: Standard deviations beyond which a Gaussian is 0, so that memory grows with a clip's length and not with its square.
_REACH = 6.0


@dataclass(frozen=True)
class Course:
    """One hand in T frames; its turn is from the body's own hand.

    Attributes:
        angles: (T, 20) of the fingers, radians.
        turns: (T, 3, 3) rotations.
        seen: (T,) where there are looks enough.
    """

    angles: Float[np.ndarray, "T 20"]
    turns: Float[np.ndarray, "T 3 3"]
    seen: Bool[np.ndarray, " T"]


def course(
    frame: Float[np.ndarray, " L"],
    turns: Float[np.ndarray, "L 3 3"],
    angles: Float[np.ndarray, "L 20"],
    weight: Float[np.ndarray, " L"],
    count: int,
    fps: float,
) -> Course:
    """The course of a hand over `count` frames.

    Args:
        frame: when each look is, in frames.
        turns: how the hand is turned from the body's own.
        angles: of its fingers.
        weight: how far the look is to be believed.
        fps: frames per second.
    """
    at = np.arange(count, dtype=float)
    if not (weight > 0).any():
        return Course(np.tile(AT_EASE, (count, 1)), np.tile(np.eye(3), (count, 1, 1)), np.zeros(count, bool))
    kept = np.flatnonzero(weight > 0)
    kept = kept[np.argsort(frame[kept], kind="stable")]
    frame, turns, angles, weight = frame[kept], turns[kept], angles[kept], weight[kept]
    believed = weight
    among = _kernel(frame, frame, fps)
    for _ in range(_ROUNDS):
        apart = Rotation.from_matrix(_mean(among, believed, turns).transpose(0, 2, 1) @ turns).magnitude()
        bent = np.sqrt(np.mean((_averaged(among, believed, angles) - angles) ** 2, axis=1))
        believed = weight / (1.0 + (apart / _ODD_TURN) ** 4 + (bent / _ODD_BEND) ** 4)
    by = _kernel(at, frame, fps)
    near = by @ believed
    share = np.clip((near - 0.5 * SEEN) / (_SURE - 0.5 * SEEN), 0.0, 1.0)
    share = gaussian_filter1d(share, _FADE * fps, mode="nearest")
    by = by + _LASTING * _kernel(at, frame, _WIDE * fps)  # the last look lasts as long as it fades
    turned = Rotation.from_matrix(_mean(by, believed, turns)).as_rotvec() * share[:, None]
    found = AT_EASE + share[:, None] * (_averaged(by, believed, angles) - AT_EASE)
    return Course(found, Rotation.from_rotvec(turned).as_matrix(), near >= SEEN)


def _kernel(at: Float[np.ndarray, " N"], frame: Float[np.ndarray, " L"], fps: float) -> csr_array:
    """(N, L) values of a Gaussian at times from looks, which are in their order; 0 beyond its reach."""
    spread = SMOOTH * fps
    first, last = (np.searchsorted(frame, at + way * _REACH * spread) for way in (-1, 1))
    begins = np.concatenate([[0], np.cumsum(last - first)])
    row = np.repeat(np.arange(len(at)), last - first)
    look = np.arange(begins[-1]) - begins[row] + first[row]
    return csr_array((np.exp(-0.5 * ((at[row] - frame[look]) / spread) ** 2), look, begins), (len(at), len(frame)))


def _averaged(
    by: csr_array, believed: Float[np.ndarray, " L"], values: Float[np.ndarray, "L k"]
) -> Float[np.ndarray, "N k"]:
    return np.asarray(by @ (believed[:, None] * values) / np.maximum(by @ believed, 1e-12)[:, None])


def _mean(
    by: csr_array, believed: Float[np.ndarray, " L"], turns: Float[np.ndarray, "L 3 3"]
) -> Float[np.ndarray, "N 3 3"]:
    """Weighted means: the rotations nearest to the mean matrices (M. Moakher, 2002, SIAM J. Matrix Anal. 24)."""
    total = (by @ (believed[:, None] * turns.reshape(-1, 9))).reshape(-1, 3, 3) + 1e-9 * np.eye(3)
    u, _, v = np.linalg.svd(total)
    u[..., 2] *= np.linalg.det(u @ v)[:, None]
    return np.asarray(u @ v)
