"""Points where the lines of sight of several views meet.

A point is put where the squares of its distances from the lines of sight, weighted, are least (the midpoint method for
many views: Hartley & Sturm, "Triangulation", 1997). Those distances are metres where the person is, as are all
residuals of keypoints in motionrecon, whatever a camera's lens and wherever it stands. A view that disagrees with the
others is left out softly, by Cauchy's cost; the search for the point begins where the two views meet that the rest
agree with best, since from the mean of all one would not get away from a view that is far off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.cameras.base import NEAREST, Camera
from motionrecon.residuals.robust import cauchy, reweighted

#: Where Cauchy's cost bends, metres: what views of a joint differ by more is no longer a detector's noise.
SCALE = 0.05
#: Lines of sight at a smaller angle than this, radians, do not say how far away they meet.
PARALLAX = np.deg2rad(4.0)
#: Steps of reweighting; the start is near enough that they settle.
_STEPS = 6


@dataclass(frozen=True)
class Rays:
    """Lines of sight of V views.

    Attributes:
        eye: (V, T, 3) where they begin in the world, metres.
        toward: (V, T, P, 3) where they lead, of length 1; NaN where the view saw nothing.
    """

    eye: Float[np.ndarray, "V T 3"]
    toward: Float[np.ndarray, "V T P 3"]

    def apart(self, points: Float[np.ndarray, "T P 3"]) -> Float[np.ndarray, "V T P"]:
        """How far points are from the lines of sight, metres; from the eye if they lie behind it. NaN stays NaN."""
        to = points - self.eye[:, :, None]
        along = np.maximum(np.einsum("vtpi,vtpi->vtp", to, self.toward), NEAREST)
        return np.asarray(np.linalg.norm(to - along[..., None] * self.toward, axis=-1))


def rays(cameras: Sequence[Camera], pixels: Float[np.ndarray, "V T P 2"]) -> Rays:
    """The lines of sight of pixels, which are without the lenses' distortion; NaN where unseen.

    Args:
        cameras: V of them, in one world.
        pixels: what each of them saw.
    """
    eyes, toward = [], []
    for camera, seen in zip(cameras, pixels, strict=True):
        image = camera.rays(seen)
        ahead = np.concatenate([image, np.ones((*image.shape[:-1], 1))], axis=-1) @ camera.axes
        toward.append(ahead / np.linalg.norm(ahead, axis=-1, keepdims=True))
        eyes.append(np.broadcast_to(camera.eye, (len(seen), 3)))
    return Rays(np.stack(eyes), np.stack(toward))


def triangulate(
    cameras: Sequence[Camera], pixels: Float[np.ndarray, "V T P 2"], weight: Float[np.ndarray, "V T P"]
) -> tuple[Float[np.ndarray, "T P 3"], Float[np.ndarray, "V T P"]]:
    """Points from what several views saw of them at the same times.

    Args:
        cameras: V of them, in one world.
        pixels: without the lenses' distortion; NaN where unseen.
        weight: root weights of the pixels, such as those of `motionrecon.views.View`; what has 0 is not used.

    Returns:
        The points in the world, metres: NaN where fewer than two views are used, where their lines of sight are all but
        parallel (`PARALLAX`), or where they meet behind a camera. And how far each view's line of sight passes by the
        point, metres: NaN where the view saw nothing or there is no point. With three views and more, the point stays
        with those that agree.
    """
    sight = rays(cameras, pixels)
    seen = np.isfinite(sight.toward).all(-1)
    square = np.where(seen, weight, 0.0) ** 2
    points = _start(sight, square)
    for _ in range(_STEPS if len(cameras) > 2 else 0):
        trust, _ = reweighted(sight.apart(points)[..., None], SCALE)
        points = nearest(sight, square * np.nan_to_num(trust[..., 0]) ** 2)
    if len(cameras) == 2:
        points = nearest(sight, square)
    points[_behind(sight, points, square)] = np.nan
    return points, sight.apart(points)


def _start(sight: Rays, square: Float[np.ndarray, "V T P"]) -> Float[np.ndarray, "T P 3"]:
    """Of the points where two of the views meet, those that the views together like best."""
    best = np.full(sight.toward.shape[1:], np.nan)
    least = np.full(best.shape[:2], np.inf)
    for pair in combinations(range(len(square)), 2):
        both = list(pair)
        points = nearest(Rays(sight.eye[both], sight.toward[both]), square[both])
        error = cauchy(sight.apart(points)[..., None] / SCALE, 1.0)[..., 0]
        cost = np.nansum(square * error**2, axis=0)
        better = np.isfinite(points).all(-1) & (cost < least)
        best[better], least[better] = points[better], cost[better]
    return best


def nearest(sight: Rays, square: Float[np.ndarray, "V T P"], parallax: float = PARALLAX) -> Float[np.ndarray, "T P 3"]:
    """Where the weighted squares of the distances from the lines of sight are least; NaN where that is not settled.

    Args:
        sight: lines of sight.
        square: the weights of the squares; 0 where a view saw nothing.
        parallax: the smallest angle of lines of sight that say how far away they meet, radians.
    """
    used = np.nan_to_num(sight.toward)
    across = np.eye(3) - used[..., :, None] * used[..., None, :]
    normal = np.einsum("vtp,vtpij->tpij", square, across)
    right = np.einsum("vtp,vtpij,vtj->tpi", square, across, sight.eye)
    settled = ((square > 0).sum(0) >= 2) & _spread(normal, parallax)
    normal[~settled] = np.eye(3)
    points = np.asarray(np.linalg.solve(normal, right[..., None])[..., 0])
    points[~settled] = np.nan
    return points


def _spread(normal: Float[np.ndarray, "T P 3 3"], parallax: float) -> Bool[np.ndarray, "T P"]:
    """Whether lines of sight come from directions different enough.

    Two of the same weight at an angle ``a`` have the eigenvalue ``2 sin^2(a / 2)`` toward where they meet.
    """
    least = np.linalg.eigvalsh(normal)[..., 0]
    return np.asarray(least > np.sin(parallax / 2) ** 2 * np.trace(normal, axis1=-2, axis2=-1) / 2)


def _behind(
    sight: Rays, points: Float[np.ndarray, "T P 3"], square: Float[np.ndarray, "V T P"]
) -> Bool[np.ndarray, "T P"]:
    """Where fewer than two views have the point before them."""
    along = np.einsum("vtpi,vtpi->vtp", points - sight.eye[:, :, None], sight.toward)
    return np.asarray(((along > NEAREST) & (square > 0)).sum(0) < 2)
