"""Points that ride on the bodies of a model: landmarks, the detector's marks, soles, the heads of bones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import mujoco
import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True)
class ByShape:
    """How a model's places, each in the frame that carries it, change with the k numbers of a person's shape.

    Attributes:
        frames: (nbody, 3, k) of the bodies' origins in their parents' frames.
        sites: (nsite, 3, k) of the sites.
        geoms: (ngeom, 3, k) of the geoms' centres.
        halves: (ngeom, 3, k) of the way from a capsule's centre to that of its upper end; 0 of other geoms.
    """

    frames: Float[np.ndarray, "nbody 3 k"]
    sites: Float[np.ndarray, "nsite 3 k"]
    geoms: Float[np.ndarray, "ngeom 3 k"]
    halves: Float[np.ndarray, "ngeom 3 k"]

    @staticmethod
    def differences(
        model_of: Callable[[np.ndarray], mujoco.MjModel], shape: Float[np.ndarray, " k"], step: float
    ) -> ByShape:
        """By central differences of the models that a body of shapes near `shape` has; exact where they are linear."""
        columns = []
        for nudge in step * np.eye(len(shape)):
            more, less = model_of(shape + nudge), model_of(shape - nudge)
            columns.append([(a - b) / (2 * step) for a, b in zip(_places(more), _places(less), strict=True)])
        return ByShape(*(np.stack(column, axis=-1) for column in zip(*columns, strict=True)))

    def scaled(self, factors: Float[np.ndarray, " k"]) -> ByShape:
        """By other numbers, of which a unit is worth so many units of these."""
        return ByShape(*(moves * factors for moves in (self.frames, self.sites, self.geoms, self.halves)))


def half_axes(model: mujoco.MjModel) -> Float[np.ndarray, "ngeom 3"]:
    """The way from the centre of each capsule to that of its upper end, in its body's frame; 0 of other geoms."""
    capsules = np.flatnonzero(model.geom_type == int(mujoco.mjtGeom.mjGEOM_CAPSULE))
    halves = np.zeros((model.ngeom, 3))
    turn = np.zeros(9)
    for i in capsules:
        mujoco.mju_quat2Mat(turn, model.geom_quat[i])
        halves[i] = model.geom_size[i, 1] * turn.reshape(3, 3)[:, 2]
    return halves


def _places(model: mujoco.MjModel) -> tuple[Float[np.ndarray, "_ 3"], ...]:
    """All that `ByShape` is the derivative of."""
    return model.body_pos, model.site_pos, model.geom_pos, half_axes(model)


@dataclass(frozen=True)
class Points:
    """P named points, each at rest in the frame of a body.

    Attributes:
        names: (P,) of the points.
        bodies: (P,) indices of the bodies that carry them.
        offsets: (P, 3) where they are in those bodies' frames, metres.
        radii: (P,) of the balls about them that touch the ground, metres; 0 for a bare point.
        by_shape: (P, 3, k) derivative of `offsets` with respect to the person's shape; k is 0 where nobody knows it.
    """

    names: tuple[str, ...]
    bodies: Int[np.ndarray, " P"]
    offsets: Float[np.ndarray, "P 3"]
    radii: Float[np.ndarray, " P"]
    by_shape: Float[np.ndarray, "P 3 k"]

    def __len__(self) -> int:
        return len(self.names)

    @staticmethod
    def sites(model: mujoco.MjModel, names: Sequence[str], moves: ByShape | None = None) -> Points:
        """The sites of these names.

        Args:
            model: what they ride on.
            names: of the sites.
            moves: how the model changes with the person's shape, if that is known.

        Raises:
            KeyError: the model has no site of such a name.
        """
        i = np.array([model.site(name).id for name in names], int)
        by_shape = np.zeros((len(i), 3, 0)) if moves is None else moves.sites[i]
        return Points(tuple(names), model.site_bodyid[i], model.site_pos[i], np.zeros(len(i)), by_shape)

    @staticmethod
    def geoms(model: mujoco.MjModel, names: Sequence[str], moves: ByShape | None = None) -> Points:
        """The centres of the balls (or other geoms) of these names; otherwise as `sites`."""
        i = np.array([model.geom(name).id for name in names], int)
        by_shape = np.zeros((len(i), 3, 0)) if moves is None else moves.geoms[i]
        return Points(tuple(names), model.geom_bodyid[i], model.geom_pos[i], model.geom_size[i, 0], by_shape)

    @staticmethod
    def ends(model: mujoco.MjModel, names: Sequence[str], moves: ByShape | None = None) -> Points:
        """The centres of both ends of the capsules of these names, the lower ones first; otherwise as `sites`."""
        i = np.array([model.geom(name).id for name in names], int)
        centre, half = model.geom_pos[i], half_axes(model)[i]
        by_shape = np.zeros((2 * len(i), 3, 0))
        if moves is not None:
            by_shape = np.concatenate([moves.geoms[i] - moves.halves[i], moves.geoms[i] + moves.halves[i]])
        offsets = np.concatenate([centre - half, centre + half])
        bodies, radii = model.geom_bodyid[i], model.geom_size[i, 0]
        return Points((*names, *names), np.tile(bodies, 2), offsets, np.tile(radii, 2), by_shape)

    def part(self, which: Int[np.ndarray, " n"] | Bool[np.ndarray, " P"]) -> Points:
        """Some of the points."""
        names = tuple(np.array(self.names, object)[which])
        return Points(names, self.bodies[which], self.offsets[which], self.radii[which], self.by_shape[which])

    def at(
        self, origins: Float[np.ndarray, "T nbody 3"], rotations: Float[np.ndarray, "T nbody 3 3"]
    ) -> Float[np.ndarray, "T P 3"]:
        """Where the points are when the bodies' frames are at these places, metres, and so turned."""
        return np.asarray(origins[:, self.bodies] + np.einsum("tpij,pj->tpi", rotations[:, self.bodies], self.offsets))

    def called(self, names: Sequence[str]) -> Points:
        """The same points under other names."""
        return replace(self, names=tuple(names))
