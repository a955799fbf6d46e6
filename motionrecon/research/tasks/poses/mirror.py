"""A person's left for right, and the limbs of a body, told by the names of its hinges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.tangent import ANGLES, QUATERNION
from motionrecon.poses.articulation import Articulation


@dataclass(frozen=True)
class Mirror:
    """A person's left for right, and the limbs.

    Attributes:
        partner: (hinges,) of each hinge.
        sign: (hinges,) of a mirrored angle.
        groups: lists of places in qpos: the trunk, and each limb.
    """

    partner: Int[np.ndarray, " hinges"]
    sign: Float[np.ndarray, " hinges"]
    groups: tuple[Int[np.ndarray, " k"], ...]

    @staticmethod
    def of(articulation: Articulation) -> Mirror:
        """Of a body whose hinges are called left_... and right_... where they have a side."""
        model = articulation.model
        hinges = range(1, model.njnt)
        names = [model.joint(j).name for j in hinges]
        partner = np.array([names.index(_other_side(name)) for name in names])
        axes = model.jnt_axis[1:]
        # The mirror turns an axial vector's parts in its own plane.
        sign = np.sign(np.einsum("ij,ij->i", axes * np.array([-1.0, 1.0, -1.0]), axes[partner]))
        keys = []
        for joint, name in zip(hinges, names, strict=True):
            side = name.partition("_")[0] if _other_side(name) != name else ""
            keys.append((side, _top(model.body_parentid, int(model.jnt_bodyid[joint])) if side else 0))
        places = model.jnt_qposadr[1:]
        groups = tuple(places[[k == key for k in keys]] for key in sorted(set(keys)))
        return Mirror(partner, sign, groups)

    def mirrored(self, qpos: Float[np.ndarray, "*any nq"]) -> Float[np.ndarray, "*any nq"]:
        """Configurations as a mirror shows them."""
        there = qpos.copy()
        there[..., 1] *= -1
        there[..., QUATERNION] *= np.array([1.0, -1.0, 1.0, -1.0])
        there[..., ANGLES] = qpos[..., ANGLES][..., self.partner] * self.sign
        return there

    def some(self, qpos: Float[np.ndarray, "N L nq"], rng: np.random.Generator) -> Float[np.ndarray, "N L nq"]:
        """Half of the runs mirrored."""
        return np.where((rng.random(len(qpos)) < 0.5)[:, None, None], self.mirrored(qpos), qpos)


def _other_side(name: str) -> str:
    for side, other in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(side):
            return other + name.removeprefix(side)
    return name


def _top(parents: Int[np.ndarray, " nbody"], body: int) -> int:
    """The ancestor that hangs on the root's body."""
    while parents[body] > 1:
        body = int(parents[body])
    return body
