"""What other people's characters call the bones that ours have."""

from __future__ import annotations

from motionrecon.export.presets import PRESETS


def _fingers(side: str) -> dict[str, str]:
    """The fingers of Rigify's human metarig, whose rig has controls of the same names."""
    theirs = {"Thumb": "thumb", "Index": "f_index", "Middle": "f_middle", "Ring": "f_ring", "Pinky": "f_pinky"}
    return {f"{side}Hand{own}{i}": f"{name}.0{i}.{side[0]}" for own, name in theirs.items() for i in (1, 2, 3)}


def _rigify() -> dict[str, str]:
    """The controls of a rig that Rigify made of its human metarig: its forward kinematic limbs."""
    names = {"Hips": "torso", "Spine": "chest", "Neck": "neck", "Head": "head"}
    for side in ("Left", "Right"):
        s = side[0]
        names |= {f"{side}{own}": f"{control}.{s}" for own, control in (
            ("Shoulder", "shoulder"), ("Arm", "upper_arm_fk"), ("ForeArm", "forearm_fk"), ("Hand", "hand_fk"),
            ("UpLeg", "thigh_fk"), ("Leg", "shin_fk"), ("Foot", "foot_fk"), ("ToeBase", "toe_fk"),
        )} | _fingers(side)  # fmt: skip
    return names


def _metarig() -> dict[str, str]:
    """The bones of Rigify's human metarig itself, and of its basic one."""
    names = {"Hips": "spine", "Spine": "spine.001", "Spine1": "spine.002", "Spine2": "spine.003"}
    names |= {"Neck": "spine.004", "Head": "spine.006"}
    for side in ("Left", "Right"):
        s = side[0]
        names |= {f"{side}{own}": f"{bone}.{s}" for own, bone in (
            ("Shoulder", "shoulder"), ("Arm", "upper_arm"), ("ForeArm", "forearm"), ("Hand", "hand"),
            ("UpLeg", "thigh"), ("Leg", "shin"), ("Foot", "foot"), ("ToeBase", "toe"),
        )} | _fingers(side)  # fmt: skip
    return names


_OURS = tuple(dict.fromkeys([*_metarig(), *PRESETS["unity"].names, *PRESETS["unreal"].names]))

#: Kinds of characters: our name of a bone -> theirs. Mixamo's prefix, with or without a number, is none of the name.
KNOWN: dict[str, dict[str, str]] = {
    "Rigify": _rigify(),
    "Mixamo": {own: own for own in _OURS},
    "Unreal": {own: PRESETS["unreal"].name(own) for own in _OURS},
    "Unity": {own: PRESETS["unity"].name(own) for own in _OURS},
    "metarig": _metarig(),
}
