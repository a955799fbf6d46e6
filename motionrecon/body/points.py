"""Where the body's sites are in each frame, and how they follow the joints."""

from __future__ import annotations

import mujoco
import numpy as np


class SitePoints:
    """Positions of P sites of a model in any number of frames, and their Jacobians.

    Args:
        model: any MuJoCo model.
        site_ids: (P,) ids.

    Not to be used from two Python threads at once.
    """

    def __init__(self, model: mujoco.MjModel, site_ids: np.ndarray):
        self.model = model
        self.site_ids = np.asarray(site_ids)
        self._data = mujoco.MjData(model)
        self._moved_by = _moved_by(model, self.site_ids)
        self._tree = model.body_rootid[model.dof_bodyid]

    def positions(self, qpos: np.ndarray) -> np.ndarray:
        """(F, P, 3) positions in metres; qpos: (F, nq)."""
        positions = np.empty((len(qpos), len(self.site_ids), 3))
        for f, q in enumerate(qpos):
            self._data.qpos[:] = q
            mujoco.mj_kinematics(self.model, self._data)
            positions[f] = self._data.site_xpos[self.site_ids]
        return positions

    def positions_and_jacobians(self, qpos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(F, P, 3) positions in metres and (F, P, 3, nv) Jacobians in tangent coordinates; qpos: (F, nq).

        A Jacobian's columns are the model's degrees of freedom, as in ``mj_jacSite``: the root's translation along
        world axes and turn about its own axes, then the hinges.
        """
        model, data = self.model, self._data
        frames, sites = len(qpos), len(self.site_ids)
        positions = np.empty((frames, sites, 3))
        axes = np.empty((frames, model.nv, 6))
        centre = np.empty((frames, model.nv, 3))
        for f, q in enumerate(qpos):
            data.qpos[:] = q
            mujoco.mj_kinematics(model, data)
            mujoco.mj_comPos(model, data)
            positions[f] = data.site_xpos[self.site_ids]
            axes[f] = data.cdof
            centre[f] = data.subtree_com[self._tree]
        # A degree of freedom moves the point p of its tree by linear + angular x (p - c), where c is the tree's centre
        # of mass, at which MuJoCo expresses its spatial axes.
        angular, linear = axes[..., :3], axes[..., 3:]
        fixed = linear - np.cross(angular, centre)
        x, y, z = np.moveaxis(positions, -1, 0)
        zero = np.zeros_like(x)
        cross = np.stack([zero, z, -y, -z, zero, x, y, -x, zero], axis=-1).reshape(frames, 3 * sites, 3)
        jacobians = (cross @ angular.transpose(0, 2, 1)).reshape(frames, sites, 3, model.nv)
        jacobians += fixed.transpose(0, 2, 1)[:, None]
        jacobians *= self._moved_by[:, None]
        return positions, jacobians


def site_positions_and_jacobians(
    model: mujoco.MjModel, qpos: np.ndarray, site_ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`SitePoints.positions_and_jacobians` for a single use; keep a `SitePoints` where it is called again."""
    return SitePoints(model, site_ids).positions_and_jacobians(qpos)


def _moved_by(model: mujoco.MjModel, site_ids: np.ndarray) -> np.ndarray:
    """(P, nv) 1 where a degree of freedom moves a site, else 0."""
    moved = np.zeros((len(site_ids), model.nv))
    for row, site in zip(moved, site_ids, strict=True):
        body = model.site_bodyid[site]
        while body:
            first = model.body_dofadr[body]
            row[first : first + model.body_dofnum[body]] = 1.0
            body = model.body_parentid[body]
    return moved
