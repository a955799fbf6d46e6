"""A treadmill's belt, found from how the feet of somebody who walks on the spot move while they are down.

On a floor a foot that is down stands still, whatever the person does. On a belt all feet that are down move alike, and
the person stays about where they are. The fit draws feet that are down to stand, so how they move is read off the
trajectory once more without that, and without anything else that knows of a ground.

By Galileo the belt is as good a floor as any: the fit is made again in a world that rides on it, past which the camera
is carried, and there everything holds that does on a floor. The belt has one speed throughout the clip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter

from motionrecon.body import Body
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.landmarks import INDEX
from motionrecon.core.spans import spans
from motionrecon.core.vectors import unit
from motionrecon.ground.base import Ground
from motionrecon.kinematics.fit import REFERENCE_RATE, Fitted, Weights, filmed, fitted
from motionrecon.kinematics.solver import solve
from motionrecon.kinematics.standing import standing_points
from motionrecon.kinematics.start import Start, learned
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms.scale_free import scale_free
from motionrecon.views import Figure, View

_ANKLES = [INDEX["left_ankle"], INDEX["right_ankle"]]
_HIPS = [INDEX["left_hip"], INDEX["right_hip"]]
#: Seconds of a passage that is judged, at least and at most, and of all of them together at most.
_SHORTEST, _LONGEST, _ENOUGH = 1.0, 10.0, 30.0
#: How often one foot has to go in front of the other, by how many metres, for that to be walking; and the metres within
#: which the hips stay of somebody who walks on the spot.
_STEPS, _STRIDES, _SPOT = 3, 0.1, 1.5
#: Share of the time in which somebody is seen in which they have to be on the spot.
_MOSTLY = 0.7
#: Speeds of a belt, m/s, and the step in which they are looked through.
_SLOWEST, _FASTEST, _STEP = 0.3, 6.0, 0.1
#: Heights, metres, at which a point of the soles is half as surely down, over the lowest places of the clip; and 1 / e
#: as surely, over the lowest point of its frame.
_LOW, _LOWEST = 0.04, 0.02
#: Standard deviation of the velocity of a sole that rides on the belt, m/s: at least, and as a share of its speed.
_SIGMA, _SHARE = 0.3, 0.2
#: Of what is down of either foot, which share must ride on the belt, and how many times as much as stands on a floor:
#: of rendered and filmed people on belts at least 0.30 rode, of others who turn on the spot at most 0.20.
_RIDES, _SURER = 0.25, 1.5
#: Cosine of the angle between the way that the hips face and that of the walk, half of the time at least.
_FORWARD = 0.7
#: Seconds of a passage that tells a speed of its own.
_PASSAGE = 3.0
#: Fits on a belt, each at the speed that the one before found.
ROUNDS = 2


@dataclass(frozen=True)
class Belt:
    """A belt as the feet tell it.

    Attributes:
        velocity: m/s at which cameras that stand are carried over it, the way that the person walks: along the ground
            in the world of the figure.
        told: whether the feet say that there is one.
        slowest, fastest: m/s, of passages of some seconds that tell speeds of their own: far apart where the belt's
            changes.
    """

    velocity: Float[np.ndarray, " 3"]
    told: bool
    slowest: float
    fastest: float


def belt(figure: Figure, sure: bool = False) -> Belt | None:
    """The belt of a treadmill that a person may be on; None where nothing can tell one.

    Args:
        figure: the person as found on a floor that stands.
        sure: whether there is one, whoever else is in the picture and however little the person walks on the spot.
    """
    # How a camera turns was told by its background; of one that moves nobody knows how nothing can be told.
    if not all(isinstance(view.camera, Pinhole) for view in figure.views) or figure.before_unknown_camera:
        return None
    fps = figure.clock.fps
    passages = _passages(figure)
    parts = [part for part in passages if sure or _on_the_spot(figure, part)]
    if not parts or _frames(parts) < (0.0 if sure else _MOSTLY) * _frames(passages):
        return None
    shown = parts[:: max(1, round(_frames(parts) / (_ENOUGH * fps)))]
    each = [_unaware(figure, part) for part in shown]
    velocity, down = (np.concatenate(arrays) for arrays in zip(*(_soles(x, fps) for x in each), strict=True))
    facing = np.concatenate([_facing(x) for x in each])
    found, told = _told(velocity, down, facing)
    if not (told or sure):
        return None
    count = max(1, round(len(velocity) / (_PASSAGE * fps)))
    passages_of = zip(*(np.array_split(one, count) for one in (velocity, down, facing)), strict=True)
    speeds = [float(np.linalg.norm(one)) for one, clear in (_told(*some) for some in passages_of) if clear]
    speeds = speeds or [float(np.linalg.norm(found))]
    return Belt(np.append(-found, 0.0), told, min(speeds), max(speeds))


def fitted_to(
    it: Belt,
    standing: Fitted,
    views: Sequence[View],
    body: Body,
    ground: Ground,
    weights: Weights,
    advance: Callable[[int], None] = lambda frames: None,
    first_poses: Start = learned,
) -> Fitted:
    """The trajectory over a belt, whose speed is corrected by how feet that stand on it still slip.

    Args:
        it: the belt, as found from the trajectory over a floor that stands.
        standing: that trajectory.
        views, body, ground, weights, advance, first_poses: as of `motionrecon.kinematics.fit.fitted`.
    """
    found, velocity = standing, it.velocity
    for k in range(ROUNDS):
        if k:
            velocity = found.belt - slip(found.figure(views, body, ground))
        found = fitted(views, body, ground, weights, advance, first_poses, velocity @ found.turn)
    return replace(found, belt_speeds=(it.slowest, it.fastest), belt_guessed=not it.told)


def slip(figure: Figure) -> Float[np.ndarray, " 3"]:
    """Mean velocity along the ground of soles that stand on it, m/s: by which a belt's speed is wrong."""
    fps = figure.clock.fps
    total, weight = np.zeros(3), 1e-9
    for part in _passages(figure):
        x = Trajectory(figure.body, figure.qpos[part], figure.ground)
        stands = standing_points(x, fps)
        total += np.einsum("tp,tpi->i", stands, np.gradient(x.feet, 1.0 / fps, axis=0))
        weight += stands.sum()
    return np.asarray(total / weight * [1.0, 1.0, 0.0])


def _passages(figure: Figure) -> list[slice]:
    """Where somebody is seen, in passages that are long enough to be judged, and short enough to be judged at once."""
    shortest, longest = _SHORTEST * figure.clock.fps, _LONGEST * figure.clock.fps
    found = []
    for part in spans(figure.tracked):
        count = max(1, round((part.stop - part.start) / longest))
        edges = np.linspace(part.start, part.stop, count + 1).round().astype(int)
        found += [slice(a, b) for a, b in pairwise(edges) if b - a >= max(shortest, 4)]
    return found


def _frames(parts: Sequence[slice]) -> int:
    return sum(part.stop - part.start for part in parts)


def _on_the_spot(figure: Figure, part: slice) -> bool:
    """Whether one foot goes in front of the other some times while the hips stay about where they are."""
    hips = figure.landmarks[part, _HIPS, :2].mean(axis=1)
    if (np.ptp(np.percentile(hips, [5, 95], axis=0), axis=0) > _SPOT).any():
        return False
    apart = figure.landmarks[part, _ANKLES[0], :2] - figure.landmarks[part, _ANKLES[1], :2]
    apart = apart - apart.mean(axis=0)
    along = apart @ np.linalg.svd(apart, full_matrices=False)[2][0]
    wide = np.sign(along[np.abs(along) > _STRIDES])
    return int((wide[1:] != wide[:-1]).sum()) >= _STEPS


def _unaware(figure: Figure, part: slice) -> Trajectory:
    """A stretch of the trajectory as the cameras alone show it, of a person who knows of no ground."""
    fps = figure.clock.fps
    rate = float(np.sqrt(REFERENCE_RATE / fps))
    views = [replace(view, weight=rate * view.weight) for view in (whole.part(part) for whole in figure.views)]
    x = Trajectory(figure.body, figure.qpos[part], figure.ground)
    return solve(x, scale_free(filmed(views, fps, Weights()), x, views), 25, tolerance=1e-3)


def _soles(x: Trajectory, fps: float) -> tuple[Float[np.ndarray, "T S 2"], Float[np.ndarray, "T S"]]:
    """Velocity of the soles' points along the ground, m/s, and how surely each is down, in [0, 1]."""
    lowest = x.over.min(axis=1, keepdims=True)
    down = 1.0 / (1.0 + (np.maximum(x.over - np.percentile(lowest, 10), 0.0) / _LOW) ** 4)
    down *= np.exp(-(((x.over - lowest) / _LOWEST) ** 2))
    return np.gradient(x.feet, 1.0 / fps, axis=0)[..., :2], down


def _told(
    velocity: Float[np.ndarray, "T S 2"], down: Float[np.ndarray, "T S"], facing: Float[np.ndarray, "T 2"]
) -> tuple[Float[np.ndarray, " 2"], bool]:
    """The velocity, m/s, at which most of what is down moves, and whether that is a belt's."""
    found = _likeliest(velocity, down)
    for _ in range(10):  # to the mean of what moves so
        alike = down * _alike(velocity, found) + 1e-12
        found = np.einsum("tp,tpi->i", alike, velocity) / alike.sum()
    rides, stands = _rides(velocity, down, found), _rides(velocity, down, np.zeros(2))
    speed = float(np.linalg.norm(found))
    forward = float(np.median(facing @ (-found / max(speed, 1e-9))))
    rides_on = rides.min() >= _RIDES and bool((rides >= _SURER * stands).all())
    return found, rides_on and _SLOWEST <= speed <= _FASTEST and forward >= _FORWARD


def _facing(x: Trajectory) -> Float[np.ndarray, "T 2"]:
    """The way along the ground that the hips face, unit vectors."""
    left, right = (x.landmarks[:, hip, :2] for hip in _HIPS)
    return np.asarray(unit((left - right) @ np.array([[0.0, -1.0], [1.0, 0.0]])))


def _likeliest(velocity: Float[np.ndarray, "T S 2"], down: Float[np.ndarray, "T S"]) -> Float[np.ndarray, " 2"]:
    """The velocity about which most of what is down of either foot moves, m/s, roughly."""
    edges = np.arange(-_FASTEST - 0.5 * _STEP, _FASTEST + _STEP, _STEP)
    each = []
    for foot, weight in zip(np.split(velocity, 2, axis=1), np.split(down, 2, axis=1), strict=True):
        seen = np.histogramdd(foot.reshape(-1, 2), bins=(edges, edges), weights=weight.ravel())[0]
        each.append(gaussian_filter(seen / weight.sum(), _SIGMA / _STEP, mode="constant"))
    i, j = np.unravel_index(np.argmax(np.minimum(*each)), each[0].shape)
    return 0.5 * (edges[[i, j]] + edges[[i + 1, j + 1]])


def _alike(velocity: Float[np.ndarray, "T S 2"], to: Float[np.ndarray, " 2"]) -> Float[np.ndarray, "T S"]:
    """How surely points move at a velocity, in [0, 1]."""
    away = np.linalg.norm(velocity - to, axis=-1)
    return np.asarray(np.exp(-0.5 * (away / max(_SIGMA, _SHARE * float(np.linalg.norm(to)))) ** 2))


def _rides(
    velocity: Float[np.ndarray, "T S 2"], down: Float[np.ndarray, "T S"], to: Float[np.ndarray, " 2"]
) -> Float[np.ndarray, " 2"]:
    """Of what is down of the left foot, and of the right one, which share moves at a velocity."""
    moves = (down * _alike(velocity, to)).sum(axis=0).reshape(2, -1).sum(axis=1)
    return np.asarray(moves / down.sum(axis=0).reshape(2, -1).sum(axis=1))
