"""What is drawn of a body: round pieces that ride on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.points import half_axes
from motionrecon.body.pose import Pose
from motionrecon.core.sides import without_side


@dataclass(frozen=True)
class Skin:
    """G capsules that may taper, and whose ends may ride on two bodies; a sphere has equal ends.

    Attributes:
        names: (G,) of the geoms that they stand for; those of one side begin with ``left_`` or ``right_``.
        bodies: (G, 2) indices of the bodies that carry the ends.
        ends: (G, 2, 3) in those bodies' frames, metres.
        radii: (G, 2) at each end, metres.
    """

    names: tuple[str, ...]
    bodies: Int[np.ndarray, "G 2"]
    ends: Float[np.ndarray, "G 2 3"]
    radii: Float[np.ndarray, "G 2"]

    def at(self, pose: Pose) -> Float[np.ndarray, "T G 2 3"]:
        """World positions of the ends, metres."""
        return np.asarray(
            pose.origins[:, self.bodies] + (pose.rotations[:, self.bodies] @ self.ends[..., None])[..., 0]
        )


def skin_of(
    model: mujoco.MjModel,
    taper: Mapping[str, tuple[float, float]] | None = None,
    joined: Sequence[tuple[str, str]] = (),
) -> Skin:
    """The capsules and spheres of a model's bodies; the ground and other kinds of geoms are left out.

    Args:
        model: the body.
        taper: name of a geom without its side -> factors on its radius, at its end near the body's joint and at the
            far one.
        joined: pairs of geoms that further capsules join end to end, so that they are drawn as one piece.
    """
    names: list[str] = []
    bodies: list[tuple[int, int]] = []
    ends: list[np.ndarray] = []
    radii: list[tuple[float, float]] = []
    geoms = [i for i in range(model.ngeom) if _is_round(model, i)]
    halves = half_axes(model)
    local = {model.geom(i).name: _ends(model.geom_pos[i], halves[i]) for i in geoms}
    for i in geoms:
        name, body, radius = model.geom(i).name, int(model.geom_bodyid[i]), float(model.geom_size[i, 0])
        near, far = (taper or {}).get(without_side(name), (1.0, 1.0))
        names.append(name)
        bodies.append((body, body))
        ends.append(local[name])
        radii.append((near * radius, far * radius))
    for a, b in joined:
        if a not in local or b not in local:
            continue
        first, second = np.stack([local[a], local[b]], axis=1)
        # Between long geoms a third capsule, in the middle, flattens the seam.
        for link in (first,) if (first == second).all() else (first, (first + second) / 2, second):
            names.append(a)
            bodies.append((int(model.geom(a).bodyid[0]), int(model.geom(b).bodyid[0])))
            ends.append(link)
            radii.append((float(model.geom(a).size[0]), float(model.geom(b).size[0])))
    count = len(names)
    return Skin(
        tuple(names),
        np.array(bodies, int).reshape(count, 2),
        np.array(ends, float).reshape(count, 2, 3),
        np.array(radii, float).reshape(count, 2),
    )


def _is_round(model: mujoco.MjModel, geom: int) -> bool:
    kinds = (int(mujoco.mjtGeom.mjGEOM_CAPSULE), int(mujoco.mjtGeom.mjGEOM_SPHERE))
    return bool(model.geom_bodyid[geom]) and int(model.geom_type[geom]) in kinds


def _ends(centre: Float[np.ndarray, " 3"], half: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "2 3"]:
    """The ends of a capsule or sphere in its body's frame: the one nearer to the body's joint first.

    Where both are equally near, as in the trunk, the left one comes first.
    """
    ends = np.stack([centre - half, centre + half])
    near = np.round(np.linalg.norm(ends, axis=1), 6)
    return ends[np.lexsort([-ends[:, 1], near])]
