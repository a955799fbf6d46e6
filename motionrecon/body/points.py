"""Where the body's sites are in each frame, and how they follow the joints."""

from __future__ import annotations

import mujoco
import numpy as np


def site_positions_and_jacobians(
    model: mujoco.MjModel, qpos: np.ndarray, site_ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of P sites in F frames, and their Jacobians in tangent coordinates.

    A Jacobian's columns are the model's degrees of freedom, as in ``mj_jacSite``: the root's translation along world
    axes and turn about its own axes, then the hinges.

    Args:
        model: any MuJoCo model.
        qpos: (F, nq).
        site_ids: (P,) ids.

    Returns:
        positions (F, P, 3) in metres, and Jacobians (F, P, 3, nv).
    """
    frames, sites = len(qpos), len(site_ids)
    data = mujoco.MjData(model)
    positions = np.empty((frames, sites, 3))
    axes = np.empty((frames, model.nv, 6))
    centre = np.empty((frames, model.nbody, 3))
    for f in range(frames):
        data.qpos[:] = qpos[f]
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        positions[f] = data.site_xpos[site_ids]
        axes[f] = data.cdof
        centre[f] = data.subtree_com
    # A degree of freedom moves the point p of its tree by linear + angular x (p - c), where c is the tree's centre of
    # mass, at which MuJoCo expresses its spatial axes.
    angular, linear = axes[..., :3], axes[..., 3:]
    fixed = linear - np.cross(angular, centre[:, model.body_rootid[model.dof_bodyid]])
    x, y, z = np.moveaxis(positions, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, z, -y, -z, zero, x, y, -x, zero], axis=-1).reshape(frames, 3 * sites, 3)
    jacobians = (cross @ angular.transpose(0, 2, 1)).reshape(frames, sites, 3, model.nv)
    jacobians += fixed.transpose(0, 2, 1)[:, None]
    jacobians *= _moved_by(model, site_ids)[:, None]
    return positions, jacobians


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
