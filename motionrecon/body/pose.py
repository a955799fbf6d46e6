"""Forward kinematics of many configurations: where what rides on a body is, and how it moves with the joints.

This is the only forward kinematics of motionrecon. What is asked of it are `motionrecon.body.points.Points`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.points import ByShape, Points
from motionrecon.core.vectors import cross


@dataclass(frozen=True)
class Pose:
    """Forward kinematics of T configurations of a model with a single root.

    Attributes:
        model: the body.
        origins: (T, B, 3) world positions of the bodies' frames, metres, and after them of what else rides on the body
            (fingers: `motionrecon.body.handed`).
        rotations: (T, B, 3, 3) world orientations of the same.
        inertial: (T, nbody, 3) world positions of the bodies' centres of mass.
        com: (T, 3) centre of mass of the whole.
        axes: (T, nv, 6) angular and linear part of each degree of freedom, about `com` (MuJoCo's ``cdof``).
    """

    model: mujoco.MjModel
    origins: Float[np.ndarray, "T B 3"]
    rotations: Float[np.ndarray, "T B 3 3"]
    inertial: Float[np.ndarray, "T nbody 3"]
    com: Float[np.ndarray, "T 3"]
    axes: Float[np.ndarray, "T nv 6"]

    def part(self, frames: slice) -> Pose:
        """The same of some of the configurations."""
        parts = (getattr(self, name)[frames] for name in ("origins", "rotations", "inertial", "com", "axes"))
        return Pose(self.model, *parts)

    def at(self, points: Points) -> Float[np.ndarray, "T P 3"]:
        """World positions of points, metres."""
        return points.at(self.origins, self.rotations)

    def jacobian(self, points: Points) -> Float[np.ndarray, "T P 3 nv"]:
        """Derivative of `at` with respect to the tangent of the configuration, as of ``mj_jac``.

        The columns are the root's translation along the world's axes and its turn about its own, then the hinges.
        """
        return self._jacobian(self.at(points), points.bodies)

    def by_shape(self, points: Points, moves: ByShape) -> Float[np.ndarray, "T P 3 k"]:
        """Derivative of `at` with respect to the person's shape, while root and joints stay as they are.

        Args:
            points: with their own derivative in their bodies' frames.
            moves: how the bodies' frames move.
        """
        origin = np.zeros((*self.rotations.shape[:2], *moves.frames.shape[1:]))
        for b in range(2, self.model.nbody):
            parent = self.model.body_parentid[b]
            origin[:, b] = origin[:, parent] + self.rotations[:, parent] @ moves.frames[b]
        return np.asarray(origin[:, points.bodies] + self.rotations[:, points.bodies] @ points.by_shape)

    @cached_property
    def com_jacobian(self) -> Float[np.ndarray, "T 3 nv"]:
        """Derivative of `com`."""
        share = self.model.body_mass / self.model.body_mass.sum()
        bodies = np.flatnonzero(share)
        jacobian = self._jacobian(self.inertial[:, bodies], bodies)
        return np.asarray(np.einsum("b,tbij->tij", share[bodies], jacobian))

    def _jacobian(
        self, places: Float[np.ndarray, "T P 3"], bodies: Int[np.ndarray, " P"]
    ) -> Float[np.ndarray, "T P 3 nv"]:
        """Derivative of world positions `places` that move with `bodies`."""
        frames, count = places.shape[:2]
        angular, linear = self.axes[..., :3], self.axes[..., 3:]
        # A degree of freedom moves point p by linear + angular x (p - com).
        fixed = linear - cross(angular, self.com[:, None])
        x, y, z = np.moveaxis(places, -1, 0)
        zero = np.zeros_like(x)
        across = np.stack([zero, z, -y, -z, zero, x, y, -x, zero], axis=-1).reshape(frames, 3 * count, 3)
        jacobian = (across @ angular.transpose(0, 2, 1)).reshape(frames, count, 3, self.model.nv)
        jacobian += fixed.transpose(0, 2, 1)[:, None]
        jacobian *= _KEPT.of(self.model).moved[bodies][:, None]
        return np.asarray(jacobian)


def pose(model: mujoco.MjModel, qpos: Float[np.ndarray, "T nq"]) -> Pose:
    """Forward kinematics of configurations."""
    data = _KEPT.of(model).data
    fields = (data.xpos, data.xmat, data.xipos, data.subtree_com, data.cdof)
    rows = [np.empty((len(qpos), *field.shape)) for field in fields]
    # Five microseconds a frame: threads would cost more than they save, and a full forward pass finds contacts as well.
    place = data.qpos
    for t, q in enumerate(qpos):
        place[:] = q
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        for row, field in zip(rows, fields, strict=True):
            row[t] = field
    origins, rotations, inertial, com, axes = rows
    return Pose(model, origins, rotations.reshape(len(qpos), model.nbody, 3, 3), inertial, com[:, 1], axes)


def zero_pose(model: mujoco.MjModel) -> Pose:
    """The one configuration in which all hinges are at 0 and the root is at the origin, not turned: a T pose."""
    qpos = np.zeros((1, model.nq))
    qpos[0, 3] = 1.0
    return pose(model, qpos)


@dataclass(frozen=True)
class _Prepared:
    """What every pose of a model needs, and what takes longer to make than the poses of a window.

    Attributes:
        data: to compute with; nothing is read from it that was not computed just before.
        moved: 1 where a degree of freedom moves a body, else 0.
    """

    model: mujoco.MjModel
    data: mujoco.MjData
    moved: Float[np.ndarray, "nbody nv"]


class _Kept(threading.local):
    """What was prepared for the model that a thread asked for last."""

    last: _Prepared | None = None

    def of(self, model: mujoco.MjModel) -> _Prepared:
        if self.last is None or self.last.model is not model:
            self.last = _Prepared(model, mujoco.MjData(model), _moved_by(model))
        return self.last


_KEPT = _Kept()


def _moved_by(model: mujoco.MjModel) -> Float[np.ndarray, "nbody nv"]:
    """1 where a degree of freedom moves a body, else 0."""
    moved = np.zeros((model.nbody, model.nv))
    for body in range(1, model.nbody):
        moved[body] = moved[model.body_parentid[body]]
        first = model.body_dofadr[body]
        moved[body, first : first + model.body_dofnum[body]] = 1.0
    return moved
