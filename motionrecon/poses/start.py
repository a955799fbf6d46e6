"""A first trajectory of somebody whom one camera saw: several poses for each of some frames, and a course through them.

For a few frames in each second typical poses are picked that look like what was seen (`motionrecon.poses.bank`), each
is refined by a few steps on its frame alone, and of all of them those are taken, by dynamic programming, that explain
what was seen and follow each other at the pace of a person. Between those frames the motion is interpolated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation, Slerp

from motionrecon.body.base import Body
from motionrecon.body.pose import pose
from motionrecon.body.tangent import BEND, QUATERNION
from motionrecon.core.landmarks import TRUST
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.bank import PoseBank, Sighting
from motionrecon.poses.damped import Damping, descend
from motionrecon.poses.problem import PoseProblem, PoseTrust, depth_of
from motionrecon.views import View

#: Keypoints that must be seen in a frame so that poses are looked for in it.
FEWEST = 6
#: How poses of single frames are refined, by steps of damped Gauss-Newton.
REFINING = Damping(tolerance=1e-3)


@dataclass(frozen=True)
class StartSettings:
    """How the first trajectory is looked for.

    Attributes:
        rate: frames in a second for which poses are looked for.
        hypotheses: poses for each of them.
        steps: evaluations that refine each.
        evidence: what the value of a frame's problem counts for beside the pace.
        pace: metres in a second that a mark moves, one standard deviation.
        shake: metres that it moves besides, between any two frames.
        ease: what a radian away from the pose at rest costs, squared: it decides where the evidence ties.
    """

    rate: float = 10.0
    hypotheses: int = 6
    steps: int = 3
    evidence: float = 0.1
    pace: float = 1.0
    shake: float = 0.05
    ease: float = 0.2


def likely_course(
    body: Body,
    bank: PoseBank,
    view: View,
    others: Sequence[View] = (),
    settings: StartSettings = StartSettings(),
) -> Float[np.ndarray, "T nq"] | None:
    """A first trajectory, or None where nobody is seen.

    Args:
        body: whose trajectory it is.
        bank: typical poses of this body.
        view: by which poses are found and refined.
        others: further views, which are asked which of the poses they like.
        settings: how it is looked for.
    """
    seen = (np.isfinite(view.pixels).all(2) & (view.weight > 0)).sum(1)
    known = np.flatnonzero(seen >= FEWEST)
    if len(known) == 0:
        return None
    frames = _spaced(known, view.clock.fps / settings.rate)
    articulation = Articulation.of_body(body)
    part = view.part(frames)
    sighting = Sighting(part.camera, part.pixels, part.weight, part.points_3d)
    found, _ = bank.candidates(sighting, settings.hypotheses)
    N, H, nq = found.shape
    depth = depth_of(articulation, part.camera, found[:, 0])
    rows = np.repeat(np.arange(N), H)
    problem = _problem(articulation, part, depth).part(rows)
    descent = descend(problem, found.reshape(-1, nq), settings.steps, REFINING)
    value = descent.value.reshape(N, H)
    poses = descent.x.reshape(N, H, nq)
    for other in others:
        theirs = other.part(frames)
        near = depth_of(articulation, theirs.camera, poses[np.arange(N), value.argmin(1)])
        value = value + _problem(articulation, theirs, near).part(rows).value(descent.x).reshape(N, H)
    marks = pose(body.model, descent.x).at(body.marks).reshape(N, H, -1, 3)
    away = (articulation.angles(poses) - articulation.angles(articulation.rest))[..., BEND]
    cost = settings.evidence * value + settings.ease * (away**2).sum(-1)
    chosen = course(cost, marks, np.diff(frames) / view.clock.fps, settings)
    return _between(frames, poses[np.arange(N), chosen], len(view))


def course(
    cost: Float[np.ndarray, "N H"],
    marks: Float[np.ndarray, "N H 33 3"],
    seconds: Float[np.ndarray, " gaps"],
    settings: StartSettings,
) -> Int[np.ndarray, " N"]:
    """Which hypothesis of each frame is taken, so that costs and movements together are least (Viterbi).

    Args:
        cost: of each.
        marks: where its marks are, metres.
        seconds: between the frames.
        settings: how fast marks move.
    """
    N = len(cost)
    share = TRUST**2 / (TRUST**2).sum()
    total = cost[0]
    back = np.zeros(cost.shape, int)
    for t in range(1, N):
        moved = np.einsum("p,abpi->ab", share, (marks[t][:, None] - marks[t - 1][None]) ** 2)
        sigma = (settings.pace * seconds[t - 1]) ** 2 + settings.shake**2
        ways = total[None] + moved / (2 * sigma)
        back[t] = ways.argmin(1)
        total = cost[t] + ways.min(1)
    chosen = np.empty(N, int)
    chosen[-1] = total.argmin()
    for t in range(N - 1, 0, -1):
        chosen[t - 1] = back[t, chosen[t]]
    return chosen


def _problem(articulation: Articulation, view: View, depth: Float[np.ndarray, " N"]) -> PoseProblem:
    """The frames of a view as problems of single frames."""
    told = view.points_3d if np.isfinite(view.points_3d).any() else None
    return PoseProblem(articulation, view.camera, view.pixels, view.weight, depth, told, PoseTrust())


def _spaced(known: Int[np.ndarray, " k"], apart: float) -> Int[np.ndarray, " N"]:
    """Of the frames in which somebody is seen about one in `apart`; the first and the last of them always."""
    wanted = np.arange(known[0], known[-1] + apart, max(apart, 1.0))
    near = np.clip(np.searchsorted(known, wanted), 0, len(known) - 1)
    return np.unique(np.concatenate([known[near], known[-1:]]))


def _between(frames: Int[np.ndarray, " N"], poses: Float[np.ndarray, "N nq"], T: int) -> Float[np.ndarray, "T nq"]:
    """The motion through poses at some frames, held before the first and after the last."""
    at = np.clip(np.arange(T), frames[0], frames[-1])
    qpos = np.stack([np.interp(at, frames, row) for row in poses.T], axis=1)
    if len(frames) > 1:
        turn = Slerp(frames, Rotation.from_quat(poses[:, QUATERNION], scalar_first=True))(at)
        qpos[:, QUATERNION] = turn.as_quat(scalar_first=True)
    return qpos
