"""Which segment each triangle of a person's mesh belongs to."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.mesh.segments import Segments
from motionrecon.core.sides import OUTWARDS

#: How steeply the plane rises outwards at which the thigh is cut from the pelvis.
RISE = 0.75


def cut(
    tree: Segments,
    weights: Float[np.ndarray, "V S"],
    vertices: Float[np.ndarray, "V 3"],
    faces: Int[np.ndarray, "F 3"],
    origins: Float[np.ndarray, "S 3"],
) -> Int[np.ndarray, " F"]:
    """The segments of faces: the one that a face's corners follow most, but where anatomists cut elsewhere.

    Limbs are cut from the trunk as in Zatsiorsky and Seluyanov's measurements: the thigh ends at a plane through the
    hip that rises outwards by 37 degrees, the upper arm at one across it (P. de Leva, 1996, J. Biomech. 29(9), fig. 1).

    Args:
        tree: the segments.
        weights: how much the vertices follow each.
        vertices: in the zero pose.
        faces: of the skin.
        origins: the centres of the joints in the zero pose.
    """
    part = weights[faces].sum(1).argmax(1)
    middles, index = vertices[faces].mean(1), tree.index
    for side, sign in OUTWARDS.items():
        thigh, arm, clavicle = (index[f"{side}_{name}"] for name in ("thigh", "upper_arm", "clavicle"))
        out, up = sign * (middles[:, 1] - origins[thigh, 1]), middles[:, 2] - origins[thigh, 2]
        hip = np.isin(part, (thigh, index["pelvis"])) & (sign * middles[:, 1] > 0)
        part[hip] = np.where(up < RISE * out, thigh, index["pelvis"])[hip]
        inside = sign * (middles[:, 1] - origins[arm, 1]) < 0.0
        part[(part == arm) & inside] = clavicle
    return np.asarray(part)
