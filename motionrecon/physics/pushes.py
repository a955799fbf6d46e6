"""How the forces of active constraints follow the position: of soles on a flat ground, and of joints at their limits.

A row of MuJoCo's constraints pushes with ``f = -D (J a + b J v + k i (r - margin))``, where r is its distance, i(r) its
impedance, and ``D = i / (1 - i)`` times a constant. For a ball on a plane all of this has a closed form: normal and
friction directions stand still, and the contact point rides half way between ball and plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import mujoco
import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.core.vectors import cross
from motionrecon.physics.tree import Tree

#: Edges of the friction pyramid of a contact that slides in two directions.
EDGES = 4


@dataclass(frozen=True)
class Rows:
    """What MuJoCo knows of constraint rows.

    Attributes:
        force: N or N m.
        D: inverse of the regularization; 0 of a row that does not push.
        stiffness, damping: of the reference acceleration.
        impedance, slope: impedance, and its derivative by the distance.
        depth: distance less margin, m or rad.
    """

    force: Float[np.ndarray, "*n"]
    D: Float[np.ndarray, "*n"]
    stiffness: Float[np.ndarray, "*n"]
    damping: Float[np.ndarray, "*n"]
    impedance: Float[np.ndarray, "*n"]
    slope: Float[np.ndarray, "*n"]
    depth: Float[np.ndarray, "*n"]

    @staticmethod
    def of(table: Float[np.ndarray, "*n 7"]) -> Rows:
        """The columns of a table."""
        force, D, *rest = np.moveaxis(table, -1, 0)
        return Rows(force, np.where(force > 0, D, 0.0), *rest)

    @property
    def by_distance(self) -> Float[np.ndarray, "*n"]:
        """Derivative of the force by the distance, while J, a and v stay."""
        spring = self.stiffness * (self.impedance + self.slope * self.depth)
        return np.asarray(self.force * self.slope / (self.impedance * (1 - self.impedance)) - self.D * spring)


@dataclass(frozen=True)
class Contacts:
    """C contacts of balls with a plane that stands still.

    Attributes:
        step: (C,) the step in which each is, not decreasing.
        body: (C,) the ball's body.
        place: (C, 3) of the contact from the centre of mass of all that hangs together with the ball, metres, world
            axes.
        centre: (C, 3) of the ball from the contact, metres.
        normal: (C, 3) unit vector out of the plane.
        edges: (C, 4, 3) directions of the rows: normal plus or minus friction times a tangent.
        rows: (C, 4) of the friction pyramid.
    """

    step: Int[np.ndarray, " C"]
    body: Int[np.ndarray, " C"]
    place: Float[np.ndarray, "C 3"]
    centre: Float[np.ndarray, "C 3"]
    normal: Float[np.ndarray, "C 3"]
    edges: Float[np.ndarray, "C 4 3"]
    rows: Rows

    def by_position(
        self,
        tree: Tree,
        axes: Float[np.ndarray, "S nv 6"],
        qvel: Float[np.ndarray, "S nv"],
        qacc: Float[np.ndarray, "S nv"],
    ) -> Float[np.ndarray, "S nv nv"]:
        """Derivative by the position of the generalized force of the contacts, at given velocities and accelerations.

        Args:
            tree: who moves whom.
            axes: MuJoCo's ``cdof`` in each step.
            qvel, qacc: of each step.
        """
        result = np.zeros((*qvel.shape, qvel.shape[1]))
        for body in np.unique(self.body):
            own, dofs = self.of(self.body == body), np.flatnonzero(tree.moved[body])
            step = own.step
            at, first = np.unique(step, return_index=True)
            each = own._by_position(tree.among(dofs), axes[step][:, dofs], qvel[step][:, dofs], qacc[step][:, dofs])
            result[np.ix_(at, dofs, dofs)] += np.add.reduceat(each, first)
        return result

    def of(self, which: Bool[np.ndarray, " C"]) -> Contacts:
        """Some of the contacts."""
        rows = Rows(*(getattr(self.rows, f.name)[which] for f in fields(Rows)))
        places = (self.place[which], self.centre[which], self.normal[which], self.edges[which])
        return Contacts(self.step[which], self.body[which], *places, rows)

    def _by_position(
        self,
        order: tuple[Float[np.ndarray, "d d"], Float[np.ndarray, "d d"]],
        axes: Float[np.ndarray, "C d 6"],
        qvel: Float[np.ndarray, "C d"],
        qacc: Float[np.ndarray, "C d"],
    ) -> Float[np.ndarray, "C d d"]:
        """`by_position` of each contact and the d dofs that move its ball, which come before and up to one another."""
        before, upto = order
        angular = axes[..., :3]
        point = axes[..., 3:] + cross(angular, self.place[:, None])  # Jacobian of the contact, transposed
        around = cross(angular, self.centre[:, None])
        distance = ((point + around) @ self.normal[..., None])[..., 0]
        # How the contact moves on the ball while a dof moves the ball.
        rolls = around - 0.5 * distance[..., None] * self.normal[:, None]

        force = np.einsum("ce,cej->cj", self.rows.force, self.edges)[:, None]
        turned = cross(point, force) @ angular.swapaxes(1, 2)
        change = np.where(upto > 0, turned, turned.swapaxes(1, 2)) + angular @ cross(rolls, force).swapaxes(1, 2)

        # Acceleration of the contact as the rows see it, J (a + b v): its derivative while a and v stay.
        w = (qacc + self.rows.damping[:, :1] * qvel)[..., None]
        turning = w * angular
        seen = cross(angular, upto.T @ (w * point)) + cross(before @ turning, point)
        seen += cross(turning.sum(1, keepdims=True), rolls)
        pushed = self.rows.by_distance[..., None] * distance[:, None]
        pushed -= self.rows.D[..., None] * (self.edges @ seen.swapaxes(1, 2))
        return np.asarray(change + (point @ self.edges.swapaxes(1, 2)) @ pushed)


@dataclass(frozen=True)
class Seen:
    """What pushes in one step, copied from MuJoCo: n constraint rows and c contacts.

    Attributes:
        J: (n, nv).
        table: (n, 7) columns of `Rows`.
        kind, owner: (n,) MuJoCo's type of each row; what it belongs to (``efc_id``).
        first: (c,) row of each contact; negative where it has none.
        dim: (c,).
        geom: (c, 2).
        frame: (c, 9).
        friction: (c, 5).
        place: (c, 3) as in `Contacts`.
        distance: (c,) between the geoms, metres.
    """

    J: Float[np.ndarray, "n nv"]
    table: Float[np.ndarray, "n 7"]
    kind: Int[np.ndarray, " n"]
    owner: Int[np.ndarray, " n"]
    first: Int[np.ndarray, " c"]
    dim: Int[np.ndarray, " c"]
    geom: Int[np.ndarray, "c 2"]
    frame: Float[np.ndarray, "c 9"]
    friction: Float[np.ndarray, "c 5"]
    place: Float[np.ndarray, "c 3"]
    distance: Float[np.ndarray, " c"]

    @staticmethod
    def of(model: mujoco.MjModel, data: mujoco.MjData) -> Seen:
        c = data.contact
        root = model.body_rootid[model.geom_bodyid[c.geom[:, 1]]]  # about whose centre of mass the ball's ``cdof`` are
        force = data.efc_force
        table = np.empty((len(force), 7))
        table[:, 0], table[:, 1], table[:, 2:6] = force, data.efc_D, data.efc_KBIP
        np.subtract(data.efc_pos, data.efc_margin, out=table[:, 6])
        return Seen(
            data.efc_J.reshape(-1, model.nv).copy(),
            table,
            data.efc_type.copy(),
            data.efc_id.copy(),
            c.efc_address.copy(),
            c.dim.copy(),
            c.geom.copy(),
            c.frame.copy(),
            c.friction.copy(),
            c.pos - data.subtree_com[root],
            c.dist.copy(),
        )


@dataclass(frozen=True)
class Pushes:
    """What pushes in S steps.

    Attributes:
        J: (S, R, nv) of the constraint rows; zero beyond a step's last.
        rows: (S, R).
        contacts: of balls with planes.
        limits: steps, dofs and rows of the joints at their limits.
        flat: (S,) whether nothing pushes but these.
    """

    J: Float[np.ndarray, "S R nv"]
    rows: Rows
    contacts: Contacts
    limits: tuple[Int[np.ndarray, " L"], Int[np.ndarray, " L"], Int[np.ndarray, " L"]]
    flat: Bool[np.ndarray, " S"]

    @staticmethod
    def of(model: mujoco.MjModel, seen: Sequence[Seen]) -> Pushes:
        steps, most = len(seen), max(len(s.J) for s in seen)
        J, table, kind = np.zeros((steps, most, model.nv)), np.zeros((steps, most, 7)), np.full((steps, most), -1)
        table[..., 4] = 0.5  # an impedance that nothing divides by 0
        owner = np.zeros((steps, most), int)
        for t, s in enumerate(seen):
            n = len(s.J)
            J[t, :n], table[t, :n], kind[t, :n], owner[t, :n] = s.J, s.table, s.kind, s.owner
        rows = Rows.of(table)
        step, row = np.nonzero((kind == mujoco.mjtConstraint.mjCNSTR_LIMIT_JOINT) & (rows.D > 0))
        limits = step, model.jnt_dofadr[owner[step, row]], row
        contacts, flat = _contacts(model, seen, table)
        return Pushes(J, rows, contacts, limits, flat)

    def part(self, steps: slice) -> Pushes:
        """The same of some of the steps."""
        rows = Rows(*(getattr(self.rows, f.name)[steps] for f in fields(Rows)))
        contacts = self.contacts.of((steps.start <= self.contacts.step) & (self.contacts.step < steps.stop))
        contacts = replace(contacts, step=contacts.step - steps.start)
        step, dof, row = self.limits
        there = (steps.start <= step) & (step < steps.stop)
        limits = step[there] - steps.start, dof[there], row[there]
        return Pushes(self.J[steps], rows, contacts, limits, self.flat[steps])

    def by_position(
        self,
        tree: Tree,
        axes: Float[np.ndarray, "S nv 6"],
        qvel: Float[np.ndarray, "S nv"],
        qacc: Float[np.ndarray, "S nv"],
    ) -> Float[np.ndarray, "S nv nv"]:
        """Derivative by the position of the generalized force of all that pushes, where it is flat."""
        result = self.contacts.by_position(tree, axes, qvel, qacc)
        step, dof, row = self.limits
        np.add.at(result, (step, dof, dof), self.rows.by_distance[step, row])
        return result


def _contacts(
    model: mujoco.MjModel, seen: Sequence[Seen], table: Float[np.ndarray, "S R 7"]
) -> tuple[Contacts, Bool[np.ndarray, " S"]]:
    """The contacts of balls with planes that push, and the steps in which nothing else touches."""
    step = np.repeat(np.arange(len(seen)), [len(s.first) for s in seen])
    first, dim, geom, frame, friction, place, distance = (
        np.concatenate([getattr(s, name) for s in seen])
        for name in ("first", "dim", "geom", "frame", "friction", "place", "distance")
    )
    count = table.shape[1]
    at = np.clip(first[:, None] + np.arange(EDGES), 0, max(count - 1, 0))
    own = table[step[:, None], at] if count else np.zeros((len(step), EDGES, 7))
    pushing = (first >= 0) & ((own[..., 0] > 0).any(1) | (dim != 3))
    plane, ball = geom.T
    usual = (
        (dim == 3)
        & (model.geom_type[plane] == mujoco.mjtGeom.mjGEOM_PLANE)
        & (model.geom_type[ball] == mujoco.mjtGeom.mjGEOM_SPHERE)
        & (model.body_weldid[model.geom_bodyid[plane]] == 0)
    )
    flat = np.ones(len(seen), bool)
    flat[step[pushing & ~usual]] = False
    keep = pushing & usual
    normal = frame[keep, :3]
    tangents = friction[keep, :2, None] * frame[keep, 3:].reshape(-1, 2, 3)
    edges = normal[:, None] + np.stack([tangents, -tangents], axis=2).reshape(-1, EDGES, 3)
    body, radius = model.geom_bodyid[ball[keep]], model.geom_size[ball[keep], 0]
    centre = normal * (radius + 0.5 * distance[keep])[:, None]
    return Contacts(step[keep], body, place[keep], centre, normal, edges, Rows.of(own[keep])), flat
