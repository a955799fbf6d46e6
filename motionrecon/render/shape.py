"""The person as capsules: what the MJCF simulates is what is drawn, only rounder."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from motionrecon.render.colours import of_side

#: Limbs taper, from their near end to their far one: geom name without its side -> factors on its radius.
_TAPER = {
    "upper_arm": (1.10, 0.88),
    "forearm": (1.06, 0.76),
    "hand": (0.86, 1.0),
    "thigh": (1.14, 0.80),
    "shank": (1.10, 0.76),
}
#: Pairs of geoms that further capsules join end to end, so that trunk and feet are drawn as one piece.
_JOINED = (
    ("pelvis", "abdomen"),
    ("abdomen", "chest"),
    *(
        (f"{side}_{a}", f"{side}_{b}")
        for side in ("left", "right")
        for a, b in (("ball_inner", "toe"), ("ball_outer", "toe"), ("ball_inner", "ball_outer"), ("instep", "toe"))
    ),
)


@dataclass(frozen=True)
class Capsules:
    """G capsules; a sphere has equal ends.

    Attributes:
        ends: (G, 2, 3) world, metres.
        radii: (G, 2) metres, at each end.
        colours: (G, 3) RGB, 0 to 255.
    """

    ends: np.ndarray
    radii: np.ndarray
    colours: np.ndarray


class Shape:
    """The capsules and spheres of a model's body, in any pose. The floor and other kinds of geoms are left out."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model, self._data = model, mujoco.MjData(model)
        bodies: list[tuple[int, int]] = []
        ends: list[np.ndarray] = []
        radii: list[tuple[float, float]] = []
        names: list[str] = []
        geoms = [i for i in range(model.ngeom) if _is_round(model, i)]
        local = {model.geom(i).name: _ends(model, i) for i in geoms}
        for i in geoms:
            name, body, radius = model.geom(i).name, int(model.geom_bodyid[i]), float(model.geom_size[i, 0])
            near, far = _TAPER.get(name.removeprefix("left_").removeprefix("right_"), (1.0, 1.0))
            bodies.append((body, body))
            ends.append(local[name])
            radii.append((near * radius, far * radius))
            names.append(name)
        for a, b in _JOINED:
            if a not in local or b not in local:
                continue
            first, second = np.stack([local[a], local[b]], axis=1)
            # Between long geoms a third capsule, in the middle, flattens the seam.
            for link in (first,) if (first == second).all() else (first, (first + second) / 2, second):
                bodies.append((int(model.geom(a).bodyid[0]), int(model.geom(b).bodyid[0])))
                ends.append(link)
                radii.append((float(model.geom(a).size[0]), float(model.geom(b).size[0])))
                names.append(a)
        self._body_ids, self._local = np.array(bodies), np.array(ends)
        self._radii = np.array(radii)
        self._colours = np.array([of_side(name) for name in names], float)

    def pose(self, qpos: np.ndarray) -> Capsules:
        """The capsules where qpos (nq,) puts them."""
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self._model, self._data)
        turn = self._data.xmat.reshape(-1, 3, 3)[self._body_ids]
        ends = self._data.xpos[self._body_ids] + (turn @ self._local[..., None])[..., 0]
        return Capsules(ends, self._radii, self._colours)

    def geom_positions(self, names: tuple[str, ...]) -> np.ndarray:
        """World positions (len(names), 3) of geoms, in the pose given last."""
        return np.array([self._data.geom(name).xpos for name in names]).reshape(-1, 3)


def _is_round(model: mujoco.MjModel, geom: int) -> bool:
    kinds = (int(mujoco.mjtGeom.mjGEOM_CAPSULE), int(mujoco.mjtGeom.mjGEOM_SPHERE))
    return bool(model.geom_bodyid[geom]) and int(model.geom_type[geom]) in kinds


def _ends(model: mujoco.MjModel, geom: int) -> np.ndarray:
    """The ends (2, 3) of a capsule or sphere in its body's frame: the one nearer to the body's joint first.

    Where both are equally near, as in the trunk, the left one comes first.
    """
    turn = np.zeros(9)
    mujoco.mju_quat2Mat(turn, model.geom_quat[geom])
    is_capsule = int(model.geom_type[geom]) == int(mujoco.mjtGeom.mjGEOM_CAPSULE)
    half = turn.reshape(3, 3)[:, 2] * (model.geom_size[geom, 1] if is_capsule else 0.0)
    ends = np.stack([model.geom_pos[geom] - half, model.geom_pos[geom] + half])
    near = np.round(np.linalg.norm(ends, axis=1), 6)
    return ends[np.lexsort([-ends[:, 1], near])]
