"""How the inverse dynamics of a tree of rigid bodies follow its state, for many states at once.

``tau = ID(q, v, a)`` are the generalized forces that give a tree the acceleration a. Their derivatives by position and
velocity have closed forms in sums over what hangs on each joint (S. Singh, R. P. Russo and P. M. Wensing, Efficient
analytical derivatives of rigid-body dynamics using spatial vector algebra, IEEE RA-L 7(2), 2022), so that all columns
together cost little more than one evaluation.

Spatial vectors are MuJoCo's: rotation before translation, moment before force, world axes, about the centre of mass of
the whole (of several trees, each about its own). A free root is three slides along the world's axes followed by a ball,
whose dofs turn it about its own axes.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.core import so3
from motionrecon.core.vectors import cross


@dataclass(frozen=True)
class Tree:
    """Who moves whom in a model.

    Attributes:
        before: (nv, nv) whether the joint of the second dof comes before that of the first on the way from the root.
        upto: (nv, nv) the same, or whether both dofs are of one joint.
        moved: (nbody, nv) whether a dof moves a body.
        body: (nv,) the body that each dof moves first.
        below: (nbody, nbody) whether the second body hangs on the first, or is it.
    """

    before: Bool[np.ndarray, "nv nv"]
    upto: Bool[np.ndarray, "nv nv"]
    moved: Bool[np.ndarray, "nbody nv"]
    body: Int[np.ndarray, " nv"]
    below: Bool[np.ndarray, "nbody nbody"]

    @staticmethod
    def of(model: mujoco.MjModel) -> Tree:
        """The tree of a model with a free root, hinges and slides."""
        nv, bodies = model.nv, model.nbody
        chain = np.zeros((nv, nv), bool)
        for i, parent in enumerate(model.dof_parentid):
            if parent >= 0:
                chain[i] = chain[parent]
                chain[i, parent] = True
        joint = model.dof_jntid + 1
        joint[:3] = 0  # the root's slides
        same = joint[:, None] == joint
        moved, below = np.zeros((bodies, nv), bool), np.eye(bodies, dtype=bool)
        for b in range(1, bodies):
            moved[b] = moved[model.body_parentid[b]]
            first = model.body_dofadr[b]
            moved[b, first : first + model.body_dofnum[b]] = True
        for b in range(bodies - 1, 0, -1):
            below[model.body_parentid[b]] |= below[b]
        return Tree(chain & ~same, chain | same, moved, model.dof_bodyid.copy(), below)

    def among(self, dofs: Int[np.ndarray, " d"]) -> tuple[Float[np.ndarray, "d d"], Float[np.ndarray, "d d"]]:
        """`before` and `upto` of some dofs, as numbers."""
        some = np.ix_(dofs, dofs)
        return self.before[some].astype(float), self.upto[some].astype(float)

    def hanging(self, values: Float[np.ndarray, "S nbody *any"]) -> Float[np.ndarray, "S nv *any"]:
        """Sums over the bodies that each dof moves."""
        summed = self.below[self.body].astype(float) @ values.reshape(*values.shape[:2], -1)
        return np.asarray(summed.reshape(len(values), -1, *values.shape[2:]))


@dataclass(frozen=True)
class Moving:
    """S states of a tree in motion.

    Attributes:
        tree: who moves whom.
        axes: (S, nv, 6) MuJoCo's ``cdof``.
        inertia: (S, nbody, 6, 6) of the bodies.
        qvel: (S, nv).
        velocity: (S, nbody, 6) of the bodies.
        before, after: (S, nv, 6) velocity of what carries each dof's joint, and of what the joint carries.
        borne: (S, nv, 6, 6) inertia of all that hangs on each dof.
    """

    tree: Tree
    axes: Float[np.ndarray, "S nv 6"]
    inertia: Float[np.ndarray, "S nbody 6 6"]
    qvel: Float[np.ndarray, "S nv"]
    velocity: Float[np.ndarray, "S nbody 6"]
    before: Float[np.ndarray, "S nv 6"]
    after: Float[np.ndarray, "S nv 6"]
    borne: Float[np.ndarray, "S nv 6 6"]

    @staticmethod
    def of(
        tree: Tree,
        axes: Float[np.ndarray, "S nv 6"],
        cinert: Float[np.ndarray, "S nbody 10"],
        qvel: Float[np.ndarray, "S nv"],
    ) -> Moving:
        """Of MuJoCo's ``cdof``, ``cinert`` and ``qvel``."""
        each, inertia = axes * qvel[..., None], _matrix(cinert)
        velocity, before, after = (of.astype(float) @ each for of in (tree.moved, tree.before, tree.upto))
        return Moving(tree, axes, inertia, qvel, velocity, before, after, tree.hanging(inertia))

    def by_state(
        self, qacc: Float[np.ndarray, "S nv"], gravity: Float[np.ndarray, " 3"]
    ) -> tuple[Float[np.ndarray, "S nv nv"], Float[np.ndarray, "S nv nv"]]:
        """Derivatives of the inverse dynamics by the position and by the velocity, at given accelerations."""
        tree, axes = self.tree, self.axes
        drift = _cross(self.before, axes)
        each = axes * qacc[..., None] + drift * self.qvel[..., None]
        acceleration, carried = tree.moved.astype(float) @ each, tree.before.astype(float) @ each
        acceleration[..., 3:] -= gravity
        carried[..., 3:] -= gravity
        force = _times(self.inertia, acceleration) + _cross_force(self.velocity, _times(self.inertia, self.velocity))
        second = _cross(carried, axes) + _cross(self.before, drift)
        twice = tree.hanging(_coriolis(self.inertia, self.velocity))
        by_position = self._columns(second, _cross_force(axes, tree.hanging(force)), twice, drift)
        by_velocity = self._columns(drift + _cross(self.after, axes), None, twice, axes)
        return by_position, by_velocity

    def inertia_by_position(self, qacc: Float[np.ndarray, "S nv"]) -> Float[np.ndarray, "S nv nv"]:
        """Derivative of the mass matrix by the position, times an acceleration."""
        each = self.axes * qacc[..., None]
        force = _times(self.inertia, self.tree.moved.astype(float) @ each)
        second = _cross(self.tree.before.astype(float) @ each, self.axes)
        turned = _cross_force(self.axes, self.tree.hanging(force))
        return self._columns(second, turned)

    def _columns(
        self,
        acceleration: Float[np.ndarray, "S nv 6"],
        force: Float[np.ndarray, "S nv 6"] | None,
        twice: Float[np.ndarray, "S nv 6 6"] | None = None,
        velocity: Float[np.ndarray, "S nv 6"] | None = None,
    ) -> Float[np.ndarray, "S nv nv"]:
        """Generalized forces by each dof, of how all that hangs on it changes with it.

        Args:
            acceleration, velocity: changes of these of what hangs on it.
            force: change of the force on what hangs on it, for what comes before it.
            twice: Coriolis forces of all that hangs on each dof by its velocity.
        """
        axes, before = self.axes, self.tree.before
        own, change = _times(self.borne, axes), _times(self.borne, acceleration)
        within = own @ acceleration.swapaxes(1, 2)
        if twice is not None and velocity is not None:
            change += _times(twice, velocity)
            within += _times(twice.swapaxes(2, 3), axes) @ velocity.swapaxes(1, 2)
        if force is not None:
            change += force
        # What comes after a dof moves with it; what comes before feels the change of all that hangs on it.
        return np.asarray(np.where(self.tree.upto, within, np.where(before.T, axes @ change.swapaxes(1, 2), 0.0)))


def _matrix(cinert: Float[np.ndarray, "S nbody 10"]) -> Float[np.ndarray, "S nbody 6 6"]:
    """Spatial inertias of MuJoCo's ten numbers: xx, yy, zz, xy, xz, yz, mass times offset, mass."""
    matrix = np.zeros((*cinert.shape[:2], 6, 6))
    for (i, j), value in zip(
        ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)), np.moveaxis(cinert, -1, 0), strict=False
    ):
        matrix[..., i, j] = matrix[..., j, i] = value
    matrix[..., :3, 3:] = so3.skew(cinert[..., 6:9])
    matrix[..., 3:, :3] = -matrix[..., :3, 3:]
    for i in range(3, 6):
        matrix[..., i, i] = cinert[..., 9]
    return matrix


def _coriolis(
    inertia: Float[np.ndarray, "S nbody 6 6"], velocity: Float[np.ndarray, "S nbody 6"]
) -> Float[np.ndarray, "S nbody 6 6"]:
    """Twice the matrix B of the source: ``v x* I - I v x + (I v) x*``, the last with its factors exchanged."""
    across = np.zeros_like(inertia)
    across[..., :3, :3] = across[..., 3:, 3:] = so3.skew(velocity[..., :3])
    across[..., 3:, :3] = so3.skew(velocity[..., 3:])
    turned = inertia @ across
    momentum = _times(inertia, velocity)
    result = -turned - turned.swapaxes(2, 3)
    result[..., :3, :3] -= so3.skew(momentum[..., :3])
    linear = so3.skew(momentum[..., 3:])
    result[..., :3, 3:] -= linear
    result[..., 3:, :3] -= linear
    return np.asarray(result)


def _times(matrix: Float[np.ndarray, "*any 6 6"], v: Float[np.ndarray, "*any 6"]) -> Float[np.ndarray, "*any 6"]:
    return np.asarray((matrix @ v[..., None])[..., 0])


def _cross(v: Float[np.ndarray, "*any 6"], m: Float[np.ndarray, "*any 6"]) -> Float[np.ndarray, "*any 6"]:
    """How a motion m changes that rides on the velocity v."""
    w = v[..., :3]
    return np.concatenate([cross(w, m[..., :3]), cross(w, m[..., 3:]) + cross(v[..., 3:], m[..., :3])], axis=-1)


def _cross_force(v: Float[np.ndarray, "*any 6"], f: Float[np.ndarray, "*any 6"]) -> Float[np.ndarray, "*any 6"]:
    """How a force f changes that rides on the velocity v."""
    w = v[..., :3]
    return np.concatenate([cross(w, f[..., :3]) + cross(v[..., 3:], f[..., 3:]), cross(w, f[..., 3:])], axis=-1)
