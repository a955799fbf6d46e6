"""Which way is up, from straight lines of the picture: what is upright in the world points to one vanishing point.

Each line of a picture and the camera's eye span a plane, and a line that is vertical in the world lies in a plane with
the direction of up. The direction that most lines agree on, near where up is expected, is found by a vote on a grid and
refined by reweighted least squares. Whether so many would agree by chance is asked of a binomial law, as Desolneux,
Moisan and Morel (2008) do: where they may, or where another direction has as many, the lines say nothing.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import binom

from motionrecon.cameras.up import Direction, Verticals
from motionrecon.cameras.vanishing import PIXELS, angles, linearized, middles_and_halves
from motionrecon.core.vectors import across, around

#: How far upright things lean, radians: houses and furniture, what stands about, trees. The one under which the lines
#: are likeliest is taken.
_LEANS = (0.006, 0.015, 0.04, 0.1)
#: Lines in one of so many strips across the picture are of one thing, or bent by the lens alike: their common error,
#: radians; and of all lines of a picture.
_STRIPS, _COMMON, _LEAST = 12, 0.02, 0.006
#: Lines are looked at that are within this angle of what is expected of a vertical one where they lie, radians; and up
#: is looked for this far from where it is expected.
_CONE, _REACH = 0.6, 0.5
#: Degrees of freedom of how wrong the expectation may be, and what is known without it, radians.
_FREEDOM, _ANYWHERE = 3.0, 0.35
#: Step of the grid, radians.
_STEP = 0.0175
#: Decimal logarithm of the number of such agreements that chance makes in one picture, at which one is believed.
_BY_CHANCE = -2.0
#: Another direction that is as many standard deviations away and has hardly fewer votes (a logarithm) ties.
_ANOTHER, _TIES = 4.0, 2.0
#: Standard deviations within which a line is taken to agree.
_AGREES = 2.0


def verticals(rays: Float[np.ndarray, "N 2 2"], focal_px: float, expected: Direction) -> Verticals | None:
    """Up as the lines of pictures say it, in the camera's axes; None where they do not.

    Args:
        rays: where the ends of the lines lie on the image plane.
        focal_px: pixels to a metre at one metre's distance, in a picture 960 wide: what errors of ends are told in.
        expected: where up may be, in the camera's axes: it decides between agreements, and hardly moves one.
    """
    middle, half = middles_and_halves(rays)
    length = np.linalg.norm(half, axis=1)
    pick = (length > 0) & (np.abs(angles(middle, half, expected.up[None])[:, 0]) < _CONE)
    middle, half, length = middle[pick], half[pick], length[pick]
    if len(length) < 3:
        return None
    grid = around(expected.up, _REACH, _STEP)
    away = (grid - expected.up) @ across(expected.up).T
    inverse = np.linalg.inv(across(expected.up) @ expected.covariance @ across(expected.up).T)
    square = np.einsum("gi,ij,gj->g", away, inverse, away)
    prior = -0.5 * (_FREEDOM + 2) * np.log1p(square / _FREEDOM)
    angle = angles(middle, half, grid)
    sigmas = [np.hypot(lean, PIXELS / focal_px / length) for lean in _LEANS]
    votes = [_votes(angle, sigma) + prior for sigma in sigmas]
    best = int(np.argmax([one.max() for one in votes]))
    return _found(middle, half, sigmas[best], expected.up, grid, votes[best], prior)


def _votes(angle: Float[np.ndarray, "N G"], sigma: Float[np.ndarray, " N"]) -> Float[np.ndarray, " G"]:
    """How much likelier lines are where something upright has them than turned anyhow within the cone; a logarithm."""
    wide = np.hypot(sigma, 0.5 * _STEP)[:, None]  # the grid's step is an error, too
    return np.asarray(np.log1p(_odds(wide) * np.exp(-0.5 * (angle / wide) ** 2)).sum(0) - len(sigma) * np.log(2.0))


def _odds(sigma: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """How much likelier a line is that points exactly upwards where it is upright than where it is turned anyhow."""
    return np.asarray(2 * _CONE / (np.sqrt(2 * np.pi) * sigma))


def _found(
    middle: Float[np.ndarray, "N 3"],
    half: Float[np.ndarray, "N 2"],
    sigma: Float[np.ndarray, " N"],
    expected: Float[np.ndarray, " 3"],
    grid: Float[np.ndarray, "G 3"],
    votes: Float[np.ndarray, " G"],
    prior: Float[np.ndarray, " G"],
) -> Verticals | None:
    """The direction that has most votes; None where another has as many, or chance may have it so."""
    strip = np.floor(_STRIPS * (middle[:, 0] - middle[:, 0].min()) / (np.ptp(middle[:, 0]) + 1e-9)).astype(int)
    up = grid[int(votes.argmax())]
    for _ in range(20):
        error, by_up = linearized(middle, half, up)
        odds = _odds(sigma) * np.exp(-0.5 * (error / sigma) ** 2)
        weight = odds / (1.0 + odds) / sigma**2
        weight = weight / (1.0 + _COMMON**2 * np.bincount(strip, weight)[strip])
        normal = (by_up * weight[:, None]).T @ by_up
        tangent = across(up)
        small = tangent @ normal @ tangent.T + np.eye(2) / _ANYWHERE**2
        pull = by_up.T @ (weight * error) + (up - expected) / _ANYWHERE**2
        step = -np.linalg.solve(small, tangent @ pull)
        up = up + step @ tangent
        up /= np.linalg.norm(up)
        if np.abs(step).max() < 1e-6:
            break
    tangent = across(up)
    error = linearized(middle, half, up)[0]
    agree: Bool[np.ndarray, " N"] = np.abs(error) < _AGREES * sigma
    chance = float(np.minimum(_AGREES * sigma / _CONE, 1.0).mean())
    tries = float(np.exp(prior).sum() * (_STEP / np.hypot(_STEP, np.median(sigma))) ** 2)
    rare = (float(binom.logsf(int(agree.sum()) - 1, len(sigma), chance)) + np.log(tries)) / np.log(10)
    if rare > _BY_CHANCE:
        return None
    small = np.linalg.inv(small) + _LEAST**2 * np.eye(2)
    away = (grid - up) @ tangent.T
    far = np.einsum("gi,ij,gj->g", away, np.linalg.inv(small), away) > _ANOTHER**2
    if far.any() and votes[far].max() > votes.max() - _TIES:
        return None
    covariance = tangent.T @ small @ tangent
    return Verticals(up, covariance, int(agree.sum()))
