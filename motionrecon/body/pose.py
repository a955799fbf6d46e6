"""Where the parts of a body are in many configurations at once, and how they move with the joints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np


@dataclass(frozen=True)
class Pose:
    """Forward kinematics of T configurations of a model with a single root.

    Attributes:
        model: the body.
        sites: (T, nsite, 3) world positions of the sites, metres.
        geoms: (T, ngeom, 3) world positions of the geoms' centres.
        rotations: (T, nbody, 3, 3) world orientations of the bodies.
        inertial: (T, nbody, 3) world positions of the bodies' centres of mass.
        com: (T, 3) centre of mass of the whole.
        axes: (T, nv, 6) angular and linear part of each degree of freedom, about `com` (MuJoCo's ``cdof``).
    """

    model: mujoco.MjModel
    sites: np.ndarray
    geoms: np.ndarray
    rotations: np.ndarray
    inertial: np.ndarray
    com: np.ndarray
    axes: np.ndarray

    def jacobian(self, points: np.ndarray, bodies: np.ndarray) -> np.ndarray:
        """Derivative of points with respect to the tangent of the configuration, as of ``mj_jac``.

        Args:
            points: (T, P, 3) world positions of points that move with...
            bodies: (P,) ...these bodies.

        Returns:
            (T, P, 3, nv): the columns are the root's translation along the world's axes and its turn about its own,
            then the hinges.
        """
        frames, count = points.shape[:2]
        angular, linear = self.axes[..., :3], self.axes[..., 3:]
        # A degree of freedom moves point p by linear + angular x (p - com).
        fixed = linear - np.cross(angular, self.com[:, None])
        x, y, z = np.moveaxis(points, -1, 0)
        zero = np.zeros_like(x)
        cross = np.stack([zero, z, -y, -z, zero, x, y, -x, zero], axis=-1).reshape(frames, 3 * count, 3)
        jacobian = (cross @ angular.transpose(0, 2, 1)).reshape(frames, count, 3, self.model.nv)
        jacobian += fixed.transpose(0, 2, 1)[:, None]
        jacobian *= _moved_by(self.model)[bodies][:, None]
        return jacobian

    @cached_property
    def com_jacobian(self) -> np.ndarray:
        """(T, 3, nv) derivative of `com`."""
        share = self.model.body_mass / self.model.body_mass.sum()
        bodies = np.flatnonzero(share)
        jacobian = self.jacobian(self.inertial[:, bodies], bodies)
        return np.einsum("b,tbij->tij", share[bodies], jacobian)


def pose(model: mujoco.MjModel, qpos: np.ndarray) -> Pose:
    """Forward kinematics of configurations `qpos` (T, nq)."""
    data = mujoco.MjData(model)
    fields = (data.site_xpos, data.geom_xpos, data.xmat, data.xipos, data.subtree_com, data.cdof)
    rows = [np.empty((len(qpos), *field.shape)) for field in fields]
    # Ten microseconds a frame: threads would cost more than they save, and a full forward pass finds contacts as well.
    for t, q in enumerate(qpos):
        data.qpos[:] = q
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        for row, field in zip(rows, fields, strict=True):
            row[t] = field
    sites, geoms, rotations, inertial, com, axes = rows
    return Pose(model, sites, geoms, rotations.reshape(len(qpos), model.nbody, 3, 3), inertial, com[:, 1], axes)


def _moved_by(model: mujoco.MjModel) -> np.ndarray:
    """(nbody, nv) 1 where a degree of freedom moves a body, else 0."""
    moved = np.zeros((model.nbody, model.nv))
    for body in range(1, model.nbody):
        moved[body] = moved[model.body_parentid[body]]
        first = model.body_dofadr[body]
        moved[body, first : first + model.body_dofnum[body]] = 1.0
    return moved
