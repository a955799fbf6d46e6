"""The bones of arms and legs that all kinds of bodies have, by the names of their bodies and sites."""

from __future__ import annotations

from motionrecon.body.skeleton import Bone


def limb_bones(side: str, chest: str) -> tuple[Bone, ...]:
    """The bones of one side, down to hand and foot.

    Args:
        side: left or right.
        chest: the bone that the shoulder hangs on.
    """
    s, S = side, side.capitalize()
    return (
        Bone(f"{S}Shoulder", chest, f"{s}_clavicle"),
        Bone(f"{S}Arm", f"{S}Shoulder", f"{s}_upper_arm"),
        Bone(f"{S}ForeArm", f"{S}Arm", f"{s}_forearm"),
        Bone(f"{S}Hand", f"{S}ForeArm", f"{s}_hand", end=(f"{s}_index", f"{s}_pinky")),
        Bone(f"{S}UpLeg", "Hips", f"{s}_thigh"),
        Bone(f"{S}Leg", f"{S}UpLeg", f"{s}_shank"),
        Bone(f"{S}Foot", f"{S}Leg", f"{s}_foot"),
    )
