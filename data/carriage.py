"""How somebody carried their body in a motion, whoever it was: directions of the body's parts, and how far they went.

This is what motions of different figures have in common, and what a body of ours is posed by: `retargeted`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.body.base import Body
from motionrecon.body.points import Points
from motionrecon.body.pose import pose
from motionrecon.body.tangent import ANGLES, BEND, PLACE
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.damped import Damping, descend
from motionrecon.poses.problem import NormalEquations


class Axis(NamedTuple):
    """A direction that a motion is told by: a body of the model, an axis of its frame in the T pose, a root weight."""

    body: str
    axis: tuple[float, float, float]
    weight: float


_LEFT, _UP, _FRONT, _DOWN = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0)
#: The directions that a motion is told by: of a limb, the way to its end.
AXES: dict[str, Axis] = {
    "pelvis_left": Axis("pelvis", _LEFT, 1.0),
    "pelvis_up": Axis("pelvis", _UP, 1.0),
    "torso_left": Axis("torso", _LEFT, 1.0),
    "torso_up": Axis("torso", _UP, 1.0),
    "head_left": Axis("head", _LEFT, 0.5),
    "head_front": Axis("head", _FRONT, 0.5),
    **{
        f"{side}_{part}": Axis(f"{side}_{part}", axis, weight)
        for side, outwards in (("left", _LEFT), ("right", (0.0, -1.0, 0.0)))
        for part, axis, weight in (
            ("clavicle", outwards, 0.3),
            ("upper_arm", outwards, 1.0),
            ("forearm", outwards, 1.0),
            ("thigh", _DOWN, 1.0),
            ("shank", _DOWN, 1.0),
            ("foot", _FRONT, 0.5),
        )
    },
}
NAMES = tuple(AXES)


@dataclass(frozen=True)
class Carriage:
    """A motion of T frames.

    Attributes:
        fps: frames per second.
        hips: (T, 3) place of the hips' middle, z up, in lengths of a leg.
        directions: (T, K, 3) unit vectors in the world, in the order of `NAMES`.
    """

    fps: float
    hips: Float[np.ndarray, "T 3"]
    directions: Float[np.ndarray, "T K 3"]

    def every(self, step: int) -> Carriage:
        """Every so many frames."""
        return Carriage(self.fps / step, self.hips[::step], self.directions[::step])


#: Sum of squares above which a limb does not point where it should.
LOST = 0.1
DAMPING = Damping(0.01, tolerance=1e-4)


@dataclass(frozen=True)
class _Posing:
    """N poses of a body to be found from directions (`motionrecon.poses.problem.RowProblem`).

    Attributes:
        articulation: of the body.
        axes: (2K,) the heads of the axes, then their feet.
        directions: (N, K, 3) where they shall point.
        weight: (K,) root weights.
        before: (N, nv) angles of hinges that those which nothing tells of keep near to.
    """

    articulation: Articulation
    axes: Points
    directions: Float[np.ndarray, "N K 3"]
    weight: Float[np.ndarray, " K"]
    before: Float[np.ndarray, "N nv"]

    #: Root weights of a radian away from the pose at rest, from the pose before, and beyond a joint's range.
    REST, BEFORE, RANGE = 0.03, 0.05, 10.0

    def __len__(self) -> int:
        return len(self.directions)

    @property
    def turns(self) -> Bool[np.ndarray, " nv"]:
        return self.articulation.turns

    def value(self, x: Float[np.ndarray, "N nq"]) -> Float[np.ndarray, " N"]:
        return np.asarray((self.linearized(x)[0] ** 2).sum(1))

    def linearized(self, x: Float[np.ndarray, "N nq"]) -> tuple[Float[np.ndarray, "N m"], Float[np.ndarray, "N m nv"]]:
        body, N, n, K = self.articulation, len(x), self.articulation.n, len(self.weight)
        posed = pose(body.model, x)
        at, moved = posed.at(self.axes), posed.jacobian(self.axes)
        w = self.weight[:, None]
        r = (at[:, :K] - at[:, K:] - self.directions) * w
        J = (moved[:, :K] - moved[:, K:]) * w[..., None]
        angles, rest = body.angles(x), body.angles(body.rest)
        low, high = body.limits
        beyond = np.minimum(angles - low, 0.0) + np.maximum(angles - high, 0.0)
        hinge = np.zeros(n)
        hinge[BEND] = 1.0
        beliefs = [
            (hinge * self.REST * (angles - rest), np.broadcast_to(hinge * self.REST, (N, n))),
            (hinge * self.BEFORE * (angles - self.before), np.broadcast_to(hinge * self.BEFORE, (N, n))),
            (self.RANGE * beyond, self.RANGE * (beyond != 0.0)),
        ]
        return (
            np.concatenate([r.reshape(N, -1), *(value for value, _ in beliefs)], axis=1),
            np.concatenate([J.reshape(N, -1, n), *(gain[..., None] * np.eye(n) for _, gain in beliefs)], axis=1),
        )

    def normal(self, x: Float[np.ndarray, "N nq"]) -> NormalEquations:
        r, J = self.linearized(x)
        transposed = J.transpose(0, 2, 1)
        return NormalEquations((r**2).sum(1), (transposed @ r[..., None])[..., 0], transposed @ J)

    def moved(self, x: Float[np.ndarray, "N nq"], step: Float[np.ndarray, "N nv"]) -> Float[np.ndarray, "N nq"]:
        return self.articulation.moved(x, step)

    def part(self, rows: Int[np.ndarray, " k"]) -> _Posing:
        return replace(self, directions=self.directions[rows], before=self.before[rows])


def retargeted(body: Body, clips: list[Carriage], first: int = 40, each: int = 6) -> list[Float[np.ndarray, "T nq"]]:
    """Motions of a body in which its parts point where those of clips do, feet on the ground at z = 0.

    All clips are gone through at once, frame by frame, each pose from the one before it.

    Args:
        body: whose motions are wanted.
        clips: of any lengths.
        first: steps for the first pose of each clip.
        each: steps for those after it.
    """
    articulation = Articulation.of_body(body)
    bodies = np.array([body.model.body(axis.body).id for axis in AXES.values()])
    tips = np.array([axis.axis for axis in AXES.values()])
    K = len(tips)
    heads, none = np.concatenate([tips, 0 * tips]), np.zeros(2 * K)
    axes = Points(NAMES * 2, np.tile(bodies, 2), heads, none, np.zeros((2 * K, 3, 0)))
    weight = np.array([axis.weight for axis in AXES.values()])
    out = [np.empty((len(clip.hips), body.model.nq)) for clip in clips]
    x = np.stack([_facing(body.rest_qpos, clip.directions[0]) for clip in clips])
    for t in range(max(len(q) for q in out)):
        rows = np.array([k for k, q in enumerate(out) if t < len(q)])
        wanted = np.stack([clips[k].directions[t] for k in rows])
        problem = _Posing(articulation, axes, wanted, weight, articulation.angles(x[rows]))
        found = descend(problem, x[rows], each if t else first, DAMPING)
        x[rows] = found.x
        if (lost := np.flatnonzero(found.value > LOST)).size:  # hinges that are locked find no way from where they are
            for angles in (0.0, body.rest_qpos[ANGLES]):
                again = x[rows[lost]]
                again[:, ANGLES] = angles
                other = descend(problem.part(lost), again, first, DAMPING)
                better = other.value < found.value[lost]
                x[rows[lost[better]]] = other.x[better]
                found.value[lost[better]] = other.value[better]
        for k in rows:
            out[k][t] = x[k]
    return [_grounded(body, clip, q) for clip, q in zip(clips, out, strict=True)]


def _facing(rest: Float[np.ndarray, " nq"], directions: Float[np.ndarray, "K 3"]) -> Float[np.ndarray, " nq"]:
    """The pose at rest, turned to face where the pelvis does."""
    left = directions[NAMES.index("pelvis_left")]
    yaw = np.arctan2(-left[0], left[1])
    turned = rest.copy()
    turned[3:7] = [np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)]
    return turned


def _grounded(body: Body, clip: Carriage, qpos: Float[np.ndarray, "T nq"]) -> Float[np.ndarray, "T nq"]:
    """With the clip's travel, about the origin, and the lowest that a sole usually comes at z = 0."""
    model = body.model
    leg = sum(np.linalg.norm(model.body(f"left_{part}").pos) for part in ("shank", "foot"))
    placed = qpos.copy()
    placed[:, PLACE] = clip.hips * leg
    placed[:, :2] -= (placed[:, :2].min(0) + placed[:, :2].max(0)) / 2
    soles = pose(model, placed).at(body.soles)[..., 2] - body.soles.radii
    placed[:, 2] -= np.percentile(soles.min(1), 5)
    return placed
