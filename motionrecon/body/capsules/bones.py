"""The bones of the capsule person, by the names of its bodies, sites and geoms."""

from __future__ import annotations

from motionrecon.body.limb_bones import limb_bones
from motionrecon.body.skeleton import Bone


def _limbs(side: str) -> tuple[Bone, ...]:
    s, S = side, side.capitalize()
    return (
        *limb_bones(side, "Spine"),
        Bone(
            f"{S}ToeBase",
            f"{S}Foot",
            f"{s}_foot",
            head=(f"{s}_ball_inner", f"{s}_ball_outer"),
            end=(f"{s}_foot_index",),
        ),
    )


BONES: tuple[Bone, ...] = (
    Bone("Hips", None, "pelvis"),
    Bone("Spine", "Hips", "torso"),
    Bone("Neck", "Spine", "head"),
    Bone("Head", "Neck", "head", head=("left_ear", "right_ear")),
    *_limbs("left"),
    *_limbs("right"),
)
