"""The bones of a person who is a mesh, by the names of its bodies and sites."""

from __future__ import annotations

from motionrecon.body.skeleton import Bone


def _limbs(side: str) -> tuple[Bone, ...]:
    s, S = side, side.capitalize()
    return (
        Bone(f"{S}Shoulder", "Spine2", f"{s}_clavicle"),
        Bone(f"{S}Arm", f"{S}Shoulder", f"{s}_upper_arm"),
        Bone(f"{S}ForeArm", f"{S}Arm", f"{s}_forearm"),
        Bone(f"{S}Hand", f"{S}ForeArm", f"{s}_hand", end=(f"{s}_index", f"{s}_pinky")),
        Bone(f"{S}UpLeg", "Hips", f"{s}_thigh"),
        Bone(f"{S}Leg", f"{S}UpLeg", f"{s}_shank"),
        Bone(f"{S}Foot", f"{S}Leg", f"{s}_foot"),
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
