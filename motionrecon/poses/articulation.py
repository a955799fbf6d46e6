"""What poses are of: an articulated model, what is seen of it, and what its poses are like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import mujoco
import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.body.base import Body
from motionrecon.body.points import Points
from motionrecon.body.pose import pose
from motionrecon.body.tangent import BEND
from motionrecon.core import so3
from motionrecon.errors import ModelError
from motionrecon.residuals.directions import END, START

#: Degrees of freedom of MuJoCo's joints that are turns of a ball: where they begin within the joint's.
_BALL_OF = {int(mujoco.mjtJoint.mjJNT_FREE): 3, int(mujoco.mjtJoint.mjJNT_BALL): 0}


@dataclass(frozen=True)
class Articulation:
    """A MuJoCo model with a single root, the points of it that a camera sees, and what its poses are like.

    The model may stand on a free root or be fixed, with hinges, slides and balls.

    Attributes:
        model: any MJCF's.
        points: (P,) what is seen of it.
        rest: (nq,) the pose that is likeliest before anything is seen.
        spread: (nv,) standard deviation about it of each unknown, radians or metres; infinite where it is free, and for
            turns of free and ball joints.
        bones: (2, Q) indices of the points at the ends of bones, whose depth a detector's own 3D tells.
        shares: (nv,) of each unknown in what is known of a joint's acceleration (`Body.hinge_shares`); 1 for all.
    """

    model: mujoco.MjModel
    points: Points
    rest: Float[np.ndarray, " nq"]
    spread: Float[np.ndarray, " nv"]
    bones: Int[np.ndarray, "2 Q"] = field(default_factory=lambda: np.zeros((2, 0), int))
    shares: float | Float[np.ndarray, " nv"] = 1.0

    def __post_init__(self) -> None:
        roots = set(self.model.body_rootid[1:].tolist())
        if len(roots) > 1:
            raise ModelError(f"the model has {len(roots)} bodies without a parent: give one with a single root")

    @staticmethod
    def of_body(body: Body) -> Articulation:
        """A person, as the detector marks them."""
        spread = np.full(body.model.nv, np.inf)
        spread[BEND] = body.hinge_spread
        shares = np.ones(body.model.nv)
        shares[BEND] = body.hinge_shares
        return Articulation(body.model, body.marks, body.rest_qpos, spread, np.stack([START, END]), shares)

    @staticmethod
    def of_model(model: mujoco.MjModel, sites: Sequence[str] = (), spread: float = np.inf) -> Articulation:
        """Any model, seen at its sites.

        Args:
            model: of a single root; where it has a key frame, the first one is its pose at rest.
            sites: names of those that are seen; all that have a name where none is given.
            spread: standard deviation of each hinge and slide about the pose at rest, radians or metres.

        Raises:
            ModelError: the model has several roots, or no site of a name that was given.
        """
        known = [name for i in range(model.nsite) if (name := model.site(i).name)]
        names = list(sites) or known
        if missing := [name for name in names if name not in known]:
            raise ModelError(f"the model has no site called {missing[0]!r}: its sites are {', '.join(known) or 'none'}")
        if not names:
            raise ModelError("the model has no named sites: name what a camera sees of it with <site name=...>")
        rest = model.key_qpos[0] if model.nkey else model.qpos0
        alone = np.full(model.nv, np.inf)
        alone[_scalar(model)[1]] = spread
        return Articulation(model, Points.sites(model, names), rest.copy(), alone)

    @property
    def n(self) -> int:
        """Unknowns of a pose: the model's degrees of freedom."""
        return int(self.model.nv)

    @property
    def free(self) -> bool:
        """Whether the root moves freely."""
        return int(self.model.njnt) > 0 and int(self.model.jnt_type[0]) == int(mujoco.mjtJoint.mjJNT_FREE)

    @cached_property
    def limits(self) -> Float[np.ndarray, "2 nv"]:
        """Lower and upper ends of the ranges of hinges and slides, radians or metres; infinite where there is none.

        A ball's range is not told: no unknown of it has an end of its own.
        """
        low, high = np.full(self.n, -np.inf), np.full(self.n, np.inf)
        joints, dofs, _ = _scalar(self.model)
        limited = self.model.jnt_limited[joints].astype(bool)
        low[dofs[limited]], high[dofs[limited]] = self.model.jnt_range[joints[limited]].T
        return np.stack([low, high])

    @cached_property
    def turns(self) -> Bool[np.ndarray, " nv"]:
        """Which unknowns are angles, not lengths."""
        turns = np.zeros(self.n, bool)
        for joint, dof in enumerate(self.model.jnt_dofadr):
            kind = int(self.model.jnt_type[joint])
            if kind in _BALL_OF:
                turns[dof + _BALL_OF[kind] : dof + _BALL_OF[kind] + 3] = True
            else:
                turns[dof] = kind == int(mujoco.mjtJoint.mjJNT_HINGE)
        return turns

    @cached_property
    def scalar(self) -> Bool[np.ndarray, " nv"]:
        """Which unknowns are of hinges and slides, each a number by itself."""
        scalar = np.zeros(self.n, bool)
        scalar[_scalar(self.model)[1]] = True
        return scalar

    @cached_property
    def bone_lengths(self) -> Float[np.ndarray, " Q"]:
        """Lengths of the bones at rest, metres."""
        there = pose(self.model, self.rest[None]).at(self.points)[0]
        return np.asarray(np.linalg.norm(there[self.bones[1]] - there[self.bones[0]], axis=-1))

    def angles(self, qpos: Float[np.ndarray, "*any nq"]) -> Float[np.ndarray, "*any nv"]:
        """Where each unknown stands: hinges and slides by themselves; 0 for free and ball joints."""
        angles = np.zeros((*qpos.shape[:-1], self.n))
        _, dofs, places = _scalar(self.model)
        angles[..., dofs] = qpos[..., places]
        return angles

    def moved(
        self, qpos: Float[np.ndarray, "*#any nq"], step: Float[np.ndarray, "*#any nv"]
    ) -> Float[np.ndarray, "*any nq"]:
        """Poses moved by tangent steps, as of ``mj_integratePos``."""
        shape = np.broadcast_shapes(qpos.shape[:-1], step.shape[:-1])
        there = np.broadcast_to(qpos, (*shape, qpos.shape[-1])).copy()
        places, dofs = self._straight
        there[..., places] += step[..., dofs]
        for place, dof in self._balls:
            turned = so3.multiply(there[..., place : place + 4], so3.exp(step[..., dof : dof + 3]))
            there[..., place : place + 4] = turned / np.linalg.norm(turned, axis=-1, keepdims=True)
        return there

    def difference(
        self, start: Float[np.ndarray, "*any nq"], end: Float[np.ndarray, "*any nq"]
    ) -> Float[np.ndarray, "*any nv"]:
        """The tangent steps that carry `start` to `end`: the inverse of `moved`."""
        step = np.empty((*start.shape[:-1], self.n))
        places, dofs = self._straight
        step[..., dofs] = end[..., places] - start[..., places]
        for place, dof in self._balls:
            here, there = start[..., place : place + 4], end[..., place : place + 4]
            step[..., dof : dof + 3] = so3.log(so3.multiply(so3.conjugate(here), there))
        return step

    def by_step(
        self, step: Float[np.ndarray, "*#any nv"], gradient: Float[np.ndarray, "*any nv"]
    ) -> Float[np.ndarray, "*any nv"]:
        """A gradient at ``moved(qpos, step)``, by the tangent there, as the gradient by `step` itself."""
        by_step = gradient.copy()
        for _, dof in self._balls:
            here = slice(dof, dof + 3)
            chart = so3.right_jacobian(step[..., here])
            by_step[..., here] = np.einsum("...ji,...j->...i", chart, gradient[..., here])
        return by_step

    def step_jacobians(
        self, step: Float[np.ndarray, "*any nv"]
    ) -> tuple[Float[np.ndarray, "*any nv nv"], Float[np.ndarray, "*any nv nv"]]:
        """Derivatives of ``step = difference(start, end)`` by the tangents of start and of end."""
        by_end = np.broadcast_to(np.eye(self.n), (*step.shape, self.n)).copy()
        by_start = -by_end
        for _, dof in self._balls:
            here = slice(dof, dof + 3)
            inverse = so3.log_jacobian(step[..., here])
            by_end[..., here, here] = inverse
            by_start[..., here, here] = -np.swapaxes(inverse, -1, -2)  # of the turn the other way
        return by_start, by_end

    @cached_property
    def _balls(self) -> list[tuple[int, int]]:
        """Where each quaternion begins in qpos, and its turn in the tangent."""
        found = []
        for joint, kind in enumerate(self.model.jnt_type.tolist()):
            if kind in _BALL_OF:
                skip = _BALL_OF[kind]
                found.append((int(self.model.jnt_qposadr[joint]) + skip, int(self.model.jnt_dofadr[joint]) + skip))
        return found

    @cached_property
    def _straight(self) -> tuple[Int[np.ndarray, " k"], Int[np.ndarray, " k"]]:
        """Where in qpos and in the tangent the numbers stand that a step is simply added to."""
        _, dofs, places = _scalar(self.model)
        for joint, kind in enumerate(self.model.jnt_type.tolist()):
            if kind == int(mujoco.mjtJoint.mjJNT_FREE):
                places = np.concatenate([places, self.model.jnt_qposadr[joint] + np.arange(3)])
                dofs = np.concatenate([dofs, self.model.jnt_dofadr[joint] + np.arange(3)])
        return places, dofs


def _scalar(model: mujoco.MjModel) -> tuple[Int[np.ndarray, " k"], Int[np.ndarray, " k"], Int[np.ndarray, " k"]]:
    """The hinges and slides: joints, where they stand in the tangent, and in qpos."""
    joints = np.flatnonzero(~np.isin(model.jnt_type, list(_BALL_OF)))
    return joints, model.jnt_dofadr[joints].astype(int), model.jnt_qposadr[joints].astype(int)
