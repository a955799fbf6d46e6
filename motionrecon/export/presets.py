"""How programs like their people: the names of bones, units, axes, order of angles and rest pose of each.

The bones' own names are Mixamo's without its prefix (`motionrecon.body.skeleton.Bone`). A name that a preset does not
know stays as it is, and a bone that the body does not have is not invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.export.take import one_of

if TYPE_CHECKING:
    from motionrecon.export.take import Take

#: World axes to a file's: ``p_file = AXES @ p_world``. Y up, the person faces +Z, left is +X.
Y_UP = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
#: Z up, the person faces -Y, left is +X: Blender's and Unreal's own axes.
Z_UP = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])

_SIDES = ("Left", "Right")
_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")
#: The ends that Mixamo's characters have as joints of their own.
_MIXAMO_ENDS = {"Head": "HeadTop_End"} | {
    own: end
    for side in _SIDES
    for own, end in (
        (f"{side}ToeBase", f"{side}Toe_End"),
        *((f"{side}Hand{finger}3", f"{side}Hand{finger}4") for finger in _FINGERS),
    )
}


def _unity() -> dict[str, str]:
    """Names that Unity's humanoid mapping finds by itself: those of its HumanBodyBones."""
    names = {"Spine1": "Chest", "Spine2": "UpperChest"}
    for side in _SIDES:
        names |= {f"{side}{own}": f"{side}{unity}" for own, unity in (
            ("Arm", "UpperArm"), ("ForeArm", "LowerArm"), ("UpLeg", "UpperLeg"), ("Leg", "LowerLeg"),
            ("ToeBase", "Toes"), ("Eye", "Eye"),
        )}  # fmt: skip
        for finger in _FINGERS:
            part = "Little" if finger == "Pinky" else finger
            for i, phalanx in enumerate(("Proximal", "Intermediate", "Distal"), 1):
                names[f"{side}Hand{finger}{i}"] = f"{side}{part}{phalanx}"
    return names


def _unreal() -> dict[str, str]:
    """Names of Unreal's mannequins."""
    names = {"Hips": "pelvis", "Spine": "spine_01", "Spine1": "spine_02", "Spine2": "spine_03", "Spine3": "spine_04"}
    names |= {"Neck": "neck_01", "Neck1": "neck_02", "Head": "head"}
    for side in _SIDES:
        s = side[0].lower()
        names |= {f"{side}{own}": f"{unreal}_{s}" for own, unreal in (
            ("Shoulder", "clavicle"), ("Arm", "upperarm"), ("ForeArm", "lowerarm"),
            ("ForeArmTwist", "lowerarm_twist_01"), ("Hand", "hand"),
            ("UpLeg", "thigh"), ("Leg", "calf"), ("Foot", "foot"), ("ToeBase", "ball"),
        )}  # fmt: skip
        names |= {f"{side}Hand{finger}{i}": f"{finger.lower()}_0{i}_{s}" for finger in _FINGERS for i in (1, 2, 3)}
    return names


@dataclass(frozen=True)
class Preset:
    """What one program expects.

    Attributes:
        names: own name of a bone -> the program's, without prefix, where they differ.
        prefix: of all names.
        ends: own name of a childless bone -> the name of a joint at its far end.
        units: of the file's lengths, in a metre.
        axes: ``p_file = axes @ p_world``, of formats that leave them open.
        order: of a bone's three angles: ``ZXY`` turns about Z first, then about the turned X, then Y.
        rest: ``T`` or ``A``.
        grounded: whether the rest pose stands on the floor; else the hips are at the origin.
        armature: what the object is called that holds the bones, where a format has one; Unreal makes a bone of it.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    ends: Mapping[str, str] = field(default_factory=dict)
    units: float = 1.0
    axes: Float[np.ndarray, "3 3"] = field(default_factory=lambda: Y_UP)
    order: str = "ZXY"
    rest: str = "T"
    grounded: bool = True
    armature: str = "Armature"

    def name(self, bone: str) -> str:
        return self.prefix + self.names.get(bone, bone)

    def dress(self, take: Take) -> Take:
        """The take by this program's names, in its rest pose."""
        take = take.with_ends(self.ends)
        if self.rest == "A":
            take = take.rested(take.a_pose())
        return take.renamed(self.name)


#: Names of programs -> what they expect.
PRESETS: dict[str, Preset] = {
    "blender": Preset(),
    "mixamo": Preset(prefix="mixamorig:", ends=_MIXAMO_ENDS, units=100.0),
    "unity": Preset(_unity()),
    "unreal": Preset(_unreal(), units=100.0, axes=Z_UP, order="ZYX", rest="A", armature="root"),
    "motionbuilder": Preset(units=100.0),
    # The files that Bruce Hahne made of CMU's: 0.45 units in an inch, and a spine that begins with LowerBack.
    "cmu": Preset(
        {"Spine": "LowerBack", "Spine1": "Spine", "Spine2": "Spine1"}, units=0.45 / 0.0254, order="ZYX", grounded=False
    ),
}


def preset_of(name: str) -> Preset:
    """What a program expects.

    Raises:
        InputError: nothing is known of it.
    """
    one_of("preset", name, tuple(PRESETS))
    return PRESETS[name]
