"""The bones of the Anny person, by the names of its bodies and sites."""

from __future__ import annotations

from motionrecon.body.mesh.bones import BONES as OF_MESHES
from motionrecon.body.skeleton import Bone
from motionrecon.core.sides import SIDES

BONES: tuple[Bone, ...] = (
    # Turns the forearm's skin towards the wrist, as it does in game engines' characters; no bone hangs on it.
    *(
        Bone(f"{s.capitalize()}ForeArmTwist", f"{s.capitalize()}ForeArm", f"{s}_radius", end=(f"{s}_wrist",))
        for s in SIDES
    ),
    *OF_MESHES,
)
