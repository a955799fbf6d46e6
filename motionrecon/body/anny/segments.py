"""The segments of the Anny person, the bodies of its model: their places in Anny's rig."""

from __future__ import annotations

from dataclasses import dataclass

from motionrecon.body.mesh.segments import Segments


@dataclass(frozen=True)
class RigSegment:
    """One segment, of the left side where it has one.

    Attributes:
        parent: the segment that carries it; None for the root.
        centre: the bones of Anny whose heads' mean is the centre of the joint that carries it.
        bones: beginnings of the names of the bones of Anny that it is made of.
    """

    parent: str | None
    centre: tuple[str, ...]
    bones: tuple[str, ...]


_TOES = tuple(f"toe{i}-1" for i in range(1, 6))

#: Segments that stand in the middle, parents before children.
MIDDLE: dict[str, RigSegment] = {
    "pelvis": RigSegment(None, ("upperleg01.L", "upperleg01.R"), ("root", "pelvis", "spine05")),
    "abdomen": RigSegment("pelvis", ("spine04",), ("spine04", "spine03")),
    "chest": RigSegment("abdomen", ("spine02",), ("spine02",)),
    "upper_chest": RigSegment("chest", ("spine01",), ("spine01",)),
    "neck": RigSegment("upper_chest", ("neck01",), ("neck",)),
    "head": RigSegment("neck", ("head",), ("head", "eye")),
}
#: Segments of which there are two, parents before children.
ARM: dict[str, RigSegment] = {
    "clavicle": RigSegment("upper_chest", ("clavicle",), ("clavicle", "shoulder")),
    "upper_arm": RigSegment("clavicle", ("upperarm01",), ("upperarm",)),
    "forearm": RigSegment("upper_arm", ("lowerarm01",), ("lowerarm01",)),
    "radius": RigSegment("forearm", ("lowerarm01",), ("lowerarm02",)),  # turns about its axis
    "hand": RigSegment("radius", ("wrist",), ("wrist", "finger", "metacarpal")),
}
LEG: dict[str, RigSegment] = {
    "thigh": RigSegment("pelvis", ("upperleg01",), ("upperleg",)),
    "shank": RigSegment("thigh", ("lowerleg01",), ("lowerleg",)),
    "foot": RigSegment("shank", ("foot",), ("foot",)),
    "toes": RigSegment("foot", _TOES, ("toe",)),
}
SIDED: dict[str, RigSegment] = ARM | LEG

#: All of them.
TREE = Segments.of(
    {name: part.parent for name, part in MIDDLE.items()},
    [{name: str(part.parent) for name, part in limb.items()} for limb in (ARM, LEG)],
)
SEGMENTS = TREE.names
INDEX = TREE.index
