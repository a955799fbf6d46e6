"""Frames in which nobody was seen: the body waits in its last pose, on the ground, and goes over to the next in time.

Nothing is known of such frames, so nothing is claimed: before the person is first seen the body stands in the first
pose, after that it holds the last one. What a fit would put there, from smoothness alone, may hang upside down.
Where the person is seen again somewhere else, the body gets there before that, without a jump; it only takes longer
than it must where the gap is long enough.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.body import Body
from motionrecon.body.pose import pose
from motionrecon.body.tangent import difference, integrate
from motionrecon.core.landmarks import NAMES
from motionrecon.core.spans import spans
from motionrecon.ground.base import Ground

#: Seconds in which the body comes to stand on the ground, and in which it leaves its pose again, at least.
_SETTLE = 0.3
#: How fast it goes over to where it is seen next, on average, where there is time: m/s, and rad/s of any joint.
_SPEED, _TURN = 2.0, 3.0
#: (33,) what is between a landmark and the skin, metres, roughly: for somebody who lies or kneels.
_FLESH = np.where([name.endswith(("heel", "foot_index")) for name in NAMES], 0.0, 0.05)


def held(
    body: Body, ground: Ground, qpos: Float[np.ndarray, "T nq"], tracked: Bool[np.ndarray, " T"], fps: float
) -> Float[np.ndarray, "T nq"]:
    """A trajectory that holds still where nobody is tracked; the tracked frames are as they were.

    Args:
        body: the person.
        ground: what they stand on.
        qpos: the trajectory; what it holds in frames without a person does not matter.
        tracked: where the person was seen, or a gap was short enough to be bridged.
        fps: frames per second.
    """
    runs = spans(tracked)
    if not runs or (len(runs) == 1 and runs[0] == slice(0, len(qpos))):
        return qpos
    made = qpos.copy()
    settle = max(1.0, _SETTLE * fps)
    edges = [0, *(edge for run in runs for edge in (run.start, run.stop)), len(qpos)]
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if first == last:
            continue
        before = made[first - 1] if first > 0 else None
        after = made[last] if last < len(qpos) else None
        made[first:last] = _between(body, ground, before, after, last - first, settle, fps)
    return made


def _between(
    body: Body,
    ground: Ground,
    before: Float[np.ndarray, " nq"] | None,
    after: Float[np.ndarray, " nq"] | None,
    count: int,
    settle: float,
    fps: float,
) -> Float[np.ndarray, "n nq"]:
    """The frames of one gap, between the pose before it and the pose after it, of which one may be missing."""
    waits = before if before is not None else after
    assert waits is not None
    steps = np.arange(1, count + 1)
    settle = min(settle, (count + 1) / 2)
    goes_over = np.zeros(count)
    if before is not None and after is not None:
        way = difference(before, after)
        needed = fps * max(np.linalg.norm(way[:3]) / _SPEED, np.abs(way[3:]).max() / _TURN)
        goes_over = _smooth((steps - (count + 1)) / min(max(settle, needed), count + 1 - settle) + 1)
        poses = integrate(np.tile(before, (count, 1)), goes_over[:, None] * way)
    else:
        poses = np.tile(waits, (count, 1))
    # How far the lowest point is from the ground: as where the person is seen, and none in between.
    wanted = np.zeros(count)
    if before is not None:
        wanted += _above(body, ground, before[None])[0] * (1 - _smooth(steps / settle))
    if after is not None:
        wanted += _above(body, ground, after[None])[0] * _smooth((steps - (count + 1)) / settle + 1)
    poses[:, 2] += wanted - _above(body, ground, poses)
    return poses


def _above(body: Body, ground: Ground, qpos: Float[np.ndarray, "T nq"]) -> Float[np.ndarray, " T"]:
    """How far the lowest of what rides on the body is above the ground, metres."""
    at = pose(body.model, qpos)
    soles, _ = ground.gap(at.at(body.soles))
    marks, _ = ground.gap(at.at(body.landmarks))
    lowest: Float[np.ndarray, " T"] = np.minimum((soles - body.soles.radii).min(1), (marks - _FLESH).min(1))
    return lowest


def _smooth(share: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """From 0 to 1 without a start or a stop: Hermite's cubic; 0 before 0 and 1 after 1."""
    clipped = np.clip(share, 0.0, 1.0)
    eased: Float[np.ndarray, " n"] = clipped * clipped * (3 - 2 * clipped)
    return eased
