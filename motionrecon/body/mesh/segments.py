"""The segments that a person who is a mesh is cut into: the bodies of the model, and the densities of their tissue.

Densities: D. A. Winter, Biomechanics and Motor Control of Human Movement (4th ed., 2009), table 4.1, after Dempster
(1955); the trunk's is that of its parts, whose lungs make it lighter. They are scaled together until the person weighs
what they should.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int

from motionrecon.core.sides import SIDES, split

#: Density of the segments' tissue, kg/l; names without a side.
DENSITY = {
    "pelvis": 1.03,
    "abdomen": 1.03,
    "chest": 0.92,
    "upper_chest": 0.92,
    "neck": 1.11,
    "head": 1.11,
    "clavicle": 1.04,
    "upper_arm": 1.07,
    "forearm": 1.13,
    "radius": 1.13,
    "hand": 1.16,
    "thigh": 1.05,
    "shank": 1.09,
    "foot": 1.10,
    "toes": 1.10,
}


@dataclass(frozen=True, eq=False)
class Segments:
    """S segments in MuJoCo's order: a segment's whole subtree before its next sibling.

    Attributes:
        names: (S,) those of one side begin with ``left_`` or ``right_``.
        parents: (S,) indices of those that carry them; -1 for the first.
    """

    names: tuple[str, ...]
    parents: Int[np.ndarray, " S"]

    @staticmethod
    def of(middle: Mapping[str, str | None], limbs: Sequence[Mapping[str, str]]) -> Segments:
        """Segments by what carries each, parents before children.

        Args:
            middle: those that stand in the middle.
            limbs: of a limb of one side; what carries a segment is of its own limb, or stands in the middle.
        """
        sided = [(f"{side}_{name}", limb) for limb in limbs for side in SIDES for name in limb]
        names = (*middle, *(name for name, _ in sided))
        carriers: list[str | None] = list(middle.values())
        for name, limb in sided:
            side, part = split(name)
            carriers.append(f"{side}_{limb[part]}" if limb[part] in limb else limb[part])
        parents = [-1 if carrier is None else names.index(carrier) for carrier in carriers]
        return Segments(names, np.array(parents))

    @cached_property
    def index(self) -> dict[str, int]:
        """The segments' numbers by their names."""
        return {name: i for i, name in enumerate(self.names)}
