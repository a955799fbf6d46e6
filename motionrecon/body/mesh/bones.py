"""The bones of a person who is a mesh, by the names of its bodies and sites."""

from __future__ import annotations

from motionrecon.body.limb_bones import limb_bones
from motionrecon.body.skeleton import Bone


def _limbs(side: str) -> tuple[Bone, ...]:
    s, S = side, side.capitalize()
    return (
        *limb_bones(side, "Spine2"),
        Bone(f"{S}ToeBase", f"{S}Foot", f"{s}_toes", end=(f"{s}_foot_index",)),
    )


BONES: tuple[Bone, ...] = (
    Bone("Hips", None, "pelvis"),
    Bone("Spine", "Hips", "abdomen"),
    Bone("Spine1", "Spine", "chest"),
    Bone("Spine2", "Spine1", "upper_chest"),
    Bone("Neck", "Spine2", "neck"),
    Bone("Head", "Neck", "head", end=("left_eye", "right_eye")),
    *_limbs("left"),
    *_limbs("right"),
)
