"""Limbs that a fit has left on the wrong side of their joints, put where the views see them.

Three hinges in a row make a shoulder; on the way from a relaxed arm to one that is held up behind the back they may run
into a limit from which no small step leads on. What one camera sees tells too little to know that; where several see an
elbow a hand's breadth from where it is, another bend of the limb is looked for: among many, tried in all frames at
once, those that the views like and that follow each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import qmc

from motionrecon.body.pose import pose
from motionrecon.core.landmarks import INDEX
from motionrecon.kinematics.state import Trajectory
from motionrecon.views import View

#: The base, the middle and the end of each limb.
LIMBS = [
    tuple(INDEX[f"{side}_{joint}"] for joint in joints)
    for side in ("left", "right")
    for joints in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
]
#: Metres by which a limb is seen away from where it is in frames that are looked at.
_AWAY = 0.12
#: Bends that are tried (a power of two), and how many of them each frame keeps.
_TRIED, _KEPT = 1024, 24
#: Metres and radians of one standard deviation: of where a limb is seen, and of its hinges from frame to frame.
_SEEN, _TURNED = 0.06, 0.5
#: A bend is taken where the views like it so much better: where they are themselves mistaken, none helps.
_BETTER = 0.5
#: How far a mark may be from where a view sees it before it counts no more, standard deviations: views may be wrong.
_MOST = 4.0


def freed(x: Trajectory, views: Sequence[View]) -> Trajectory:
    """The trajectory with other bends of limbs that are not where the views see them, a start for another fit.

    Args:
        x: a trajectory in the world of the views.
        views: what several cameras saw.
    """
    qpos, found = x.qpos.copy(), False
    for limb in LIMBS:
        frames = np.flatnonzero(_stuck(x, views, limb))
        if len(frames):
            hinges, bends, places = _bends(x, limb)
            misfit = _misfit(x, views, limb, frames, places)
            chosen = _course(misfit, bends, frames)
            better = misfit[np.arange(len(frames)), chosen] < _BETTER * _present(x, views, limb, frames)
            qpos[np.ix_(frames[better], hinges)] = bends[chosen[better]]
            found = found or bool(better.any())
    return replace(x, qpos=qpos) if found else x


def _stuck(x: Trajectory, views: Sequence[View], limb: tuple[int, ...]) -> Bool[np.ndarray, " T"]:
    """Where the middle or the end of a limb is seen far from where it is, in the mean over the views."""
    marks = list(limb[1:])
    away = np.zeros((len(x), 2))
    total = np.full((len(x), 2), 1e-9)
    for view in views:
        apart, weight = _apart(x, view, marks, x.marks[:, marks])
        away += weight * apart
        total += weight
    return np.asarray((away / total).max(axis=1) > _AWAY)


def _apart(
    x: Trajectory,
    view: View,
    marks: Sequence[int],
    places: Float[np.ndarray, "T P 3"],
    rows: Int[np.ndarray, " T"] | None = None,
) -> tuple[Float[np.ndarray, "T P"], Float[np.ndarray, "T P"]]:
    """How far places are from the lines of sight of marks, metres, and the squares of those marks' weights.

    Args:
        x: the trajectory.
        view: one of the views.
        marks: the mark of each of the P places.
        places: in the trajectory's world.
        rows: the frames that they are of; all where not given.
    """
    rows = np.arange(len(x)) if rows is None else rows
    camera = x.seen_by(view.camera).at(rows)
    sight = camera.across(places)
    seen = camera.rays(view.pixels[rows][:, marks])
    apart = np.linalg.norm(sight.image - seen, axis=-1) * sight.depth
    weight = view.weight[rows][:, marks] ** 2
    known = np.isfinite(apart)
    return np.where(known, apart, 0.0), np.where(known, weight, 0.0)


def _bends(
    x: Trajectory, limb: tuple[int, ...]
) -> tuple[Int[np.ndarray, " h"], Float[np.ndarray, "K h"], Float[np.ndarray, "K 2 3"]]:
    """The hinges of a limb in ``qpos``, ways to bend them, and where its middle and end then are from its base.

    Those places are in the frame of the body that carries the base.
    """
    body, (base, *others) = x.body, limb
    rest = pose(body.model, body.rest_qpos[None])
    moves = np.abs(rest.jacobian(body.marks)[0]).max(axis=1)  # (33, nv)
    hinges = np.flatnonzero((moves[others].max(0) > 1e-9) & (moves[base] < 1e-9))
    low, high = body.model.jnt_range[hinges - 5].T  # the free root has six degrees of freedom and is one joint
    tried = qmc.Sobol(len(hinges), seed=0).random(_TRIED) * (high - low) + low
    in_qpos = hinges + 1  # and seven numbers
    qpos = np.tile(body.rest_qpos, (_TRIED, 1))
    qpos[:, in_qpos] = tried
    at = pose(body.model, qpos)
    carrier = body.marks.bodies[base]
    marks = at.at(body.marks)
    places = np.einsum("kij,kpi->kpj", at.rotations[:, carrier], marks[:, others] - marks[:, [base]])
    return in_qpos, tried, places


def _misfit(
    x: Trajectory,
    views: Sequence[View],
    limb: tuple[int, ...],
    frames: Int[np.ndarray, " n"],
    places: Float[np.ndarray, "K 2 3"],
) -> Float[np.ndarray, "n K"]:
    """How badly the views see each bend of a limb in each frame: a robust sum of squares."""
    base, *others = limb
    turn = x.pose.rotations[frames, x.body.marks.bodies[base]]
    there = x.marks[frames, base][:, None, None] + np.einsum("nij,kpj->nkpi", turn, places)
    n, K = there.shape[:2]
    return np.asarray(_disliked(x, views, others * K, there.reshape(n, 2 * K, 3), frames).reshape(n, K, 2).sum(-1))


def _present(
    x: Trajectory, views: Sequence[View], limb: tuple[int, ...], frames: Int[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """How badly the views see the limb as it is, as of `_misfit`."""
    marks = list(limb[1:])
    return np.asarray(_disliked(x, views, marks, x.marks[frames][:, marks], frames).sum(-1))


def _disliked(
    x: Trajectory,
    views: Sequence[View],
    marks: Sequence[int],
    places: Float[np.ndarray, "n P 3"],
    frames: Int[np.ndarray, " n"],
) -> Float[np.ndarray, "n P"]:
    """How badly the views see marks at places in some frames: robust squares, summed over the views."""
    cost = np.zeros(places.shape[:2])
    for view in views:
        apart, weight = _apart(x, view, marks, places, frames)
        cost += weight * np.minimum(apart / _SEEN, _MOST) ** 2
    return cost


def _course(
    cost: Float[np.ndarray, "n K"], bends: Float[np.ndarray, "K h"], frames: Int[np.ndarray, " n"]
) -> Int[np.ndarray, " n"]:
    """The bend of each frame: liked by the views, and near that of the frame before (dynamic programming)."""
    kept = np.argsort(cost, axis=1)[:, :_KEPT]
    own = np.take_along_axis(cost, kept, axis=1)
    total, came = own[0], []
    for t in range(1, len(frames)):
        far = ((bends[kept[t - 1]][:, None] - bends[kept[t]]) ** 2).sum(-1) / _TURNED**2
        through = total[:, None] + far * (frames[t] == frames[t - 1] + 1)
        came.append(through.argmin(axis=0))
        total = through.min(axis=0) + own[t]
    path = [int(total.argmin())]
    for before in reversed(came):
        path.append(int(before[path[-1]]))
    return np.asarray(kept[np.arange(len(frames)), path[::-1]])
