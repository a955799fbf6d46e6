"""Runs in Blender: put the motion of one armature on another that is built, posed and called differently.

Each bone of the character is turned as its counterpart of the person is turned in the world. What differs between the
rest poses (a T and an A pose, thicker shoulders) is taken out first: arms and legs of the character are turned, in its
rest pose, to lie as the person's do. The hips travel in proportion to the legs.

Blender itself does the rest: helper bones on the person, each turned as the character's bone is, and constraints on
the character that copy them, which are baked into keys. So rigs with controls of their own (Rigify) work too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import bpy
from mathutils import Matrix, Quaternion, Vector

#: Bones that point along a limb, and the one whose head is their end.
LIMBS = {
    f"{side}{bone}": f"{side}{end}"
    for side in ("Left", "Right")
    for bone, end in (("Arm", "ForeArm"), ("ForeArm", "Hand"), ("UpLeg", "Leg"), ("Leg", "Foot"))
}
#: Without these there is nobody.
NEEDED = ("Hips", *LIMBS)


class Unusable(Exception):
    """The character cannot take the motion; the message is for the user."""


def put_motion(person: Any, character: Any, known: Mapping[str, Mapping[str, str]], frames: Iterable[int]) -> None:
    """Key the motion of ``person`` on the bones of ``character``.

    Args:
        person: an armature with our bones, animated.
        character: the armature that gets the motion.
        known: kinds of characters, and their names of our bones.
        frames: the frames to key.
    """
    pairs = matched(person, character, known)
    free_limbs(character)
    helpers = add_helpers(person, character, pairs)
    constrain(person, character, pairs, helpers)
    bake(character, [pairs[own] for own in helpers], pairs["Hips"], frames)


def matched(person: Any, character: Any, known: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Our name of a bone -> the character's, of the kind that knows most of them."""
    plain = {
        name.rpartition(":")[2]: name for name in (bone.name for bone in character.data.bones)
    }  # without Mixamo's prefix

    def of(kind: str) -> dict[str, str]:
        return {own: plain[n] for own, n in known[kind].items() if n in plain and own in person.data.bones}

    best = max(known, key=lambda kind: (not set(NEEDED) - of(kind).keys(), len(of(kind))))
    missing = [known[best][own] for own in NEEDED if own not in of(best)]
    if missing:
        raise Unusable(
            f"character={character.name}: its bones are not called as those of {', '.join(known)} are; "
            f"as one of {best} it lacks {', '.join(missing)}"
        )
    return with_top_of_spine(person, of(best))


def with_top_of_spine(person: Any, pairs: dict[str, str]) -> dict[str, str]:
    """The character's uppermost bone of the trunk follows the person's, however many either has below."""
    spine = [own for own in ("Spine", "Spine1", "Spine2", "Spine3") if own in person.data.bones]
    followed = [own for own in spine if own in pairs]
    if followed and spine[-1] not in pairs:
        pairs[spine[-1]] = pairs.pop(followed[-1])
    return pairs


def free_limbs(character: Any) -> None:
    """Let Rigify's limbs follow their forward kinematic controls, which we key."""
    for bone in character.pose.bones:
        if "IK_FK" in bone:
            bone["IK_FK"] = 1.0


def rest(armature: Any, bone: str) -> Matrix:
    """A bone's rest pose in the world."""
    return armature.matrix_world @ armature.data.bones[bone].matrix_local


def head(armature: Any, bone: str) -> Vector:
    return rest(armature, bone).translation


def middle(armature: Any, left: str, right: str) -> Vector:
    return (head(armature, left) + head(armature, right)) / 2


def leg(armature: Any, thigh: str, shank: str, foot: str) -> float:
    """The length of a leg to the ankle."""
    knee = head(armature, shank)
    return float((head(armature, thigh) - knee).length + (knee - head(armature, foot)).length)


def add_helpers(person: Any, character: Any, pairs: Mapping[str, str]) -> dict[str, str]:
    """Bones that ride on the person's, turned as the character's are where the two stand alike; own name -> helper."""
    size = leg(character, *(pairs[f"Left{b}"] for b in ("UpLeg", "Leg", "Foot"))) / leg(
        person, "LeftUpLeg", "LeftLeg", "LeftFoot"
    )
    person.scale = person.scale * size
    bpy.context.view_layer.update()
    lift = middle(character, pairs["LeftFoot"], pairs["RightFoot"]).z - middle(person, "LeftFoot", "RightFoot").z
    person.location.z += lift
    bpy.context.view_layer.update()
    across = [head(person, "LeftUpLeg") - head(person, "RightUpLeg")]
    across.append(head(character, pairs["LeftUpLeg"]) - head(character, pairs["RightUpLeg"]))
    turn = flat(across[1]).rotation_difference(flat(across[0]))
    place = middle(person, "LeftUpLeg", "RightUpLeg") - turn @ middle(
        character, pairs["LeftUpLeg"], pairs["RightUpLeg"]
    )
    aligned = alignments(person, character, pairs, turn)

    bpy.context.view_layer.objects.active = person
    bpy.ops.object.mode_set(mode="EDIT")
    own_space = person.matrix_world.inverted()
    helpers = {}
    for own, theirs in pairs.items():
        bone = person.data.edit_bones.new(f"helper {own}")
        bone.head, bone.tail = (0, 0, 0), (0, 0.1, 0)
        world = rest(character, theirs)
        at = turn @ world.translation + place if own == "Hips" else head(person, own)
        rotation = own_space.to_quaternion() @ aligned[own] @ world.to_quaternion()
        bone.matrix = Matrix.Translation(own_space @ at) @ rotation.to_matrix().to_4x4()
        bone.parent = person.data.edit_bones[own]
        helpers[own] = bone.name
    bpy.ops.object.mode_set(mode="OBJECT")
    return helpers


def flat(vector: Vector) -> Vector:
    return Vector((vector.x, vector.y, 0.0))


def alignments(person: Any, character: Any, pairs: Mapping[str, str], turn: Quaternion) -> dict[str, Quaternion]:
    """How the character's bones are to be turned in its rest pose so that it stands as the person does in theirs."""
    found: dict[str, Quaternion] = {}
    for own, theirs in pairs.items():
        found[own] = turn
        if own in LIMBS and LIMBS[own] in pairs:
            here = head(person, LIMBS[own]) - head(person, own)
            there = turn @ (head(character, pairs[LIMBS[own]]) - head(character, theirs))
            found[own] = there.rotation_difference(here) @ turn
    for side in ("Left", "Right"):  # hands and fingers go with their arms
        for own in pairs:
            if own.startswith(f"{side}Hand"):
                found[own] = found[f"{side}ForeArm"]
    return found


def constrain(person: Any, character: Any, pairs: Mapping[str, str], helpers: Mapping[str, str]) -> None:
    """Have the character's bones copy the helpers."""
    for own, helper in helpers.items():
        kinds = ("COPY_ROTATION", "COPY_LOCATION") if own == "Hips" else ("COPY_ROTATION",)
        for kind in kinds:
            copy = character.pose.bones[pairs[own]].constraints.new(kind)
            copy.name, copy.target, copy.subtarget = f"motionrecon {kind}", person, helper


def bake(character: Any, bones: list[str], root: str, frames: Iterable[int]) -> None:
    """Make keys of what the constraints do, and take the constraints away."""
    scene = bpy.context.scene
    poses: dict[int, list[Matrix]] = {}
    for frame in frames:
        scene.frame_set(frame)
        shown = character.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        poses[frame] = [
            character.convert_space(
                pose_bone=character.pose.bones[name], matrix=shown[name].matrix, from_space="POSE", to_space="LOCAL"
            )
            for name in bones
        ]
    for name in bones:
        bone = character.pose.bones[name]
        for constraint in [c for c in bone.constraints if c.name.startswith("motionrecon")]:
            bone.constraints.remove(constraint)
        bone.rotation_mode = "QUATERNION"
    character.animation_data_create().action = bpy.data.actions.new("Motion")
    for frame, matrices in poses.items():
        for name, matrix in zip(bones, matrices, strict=True):
            bone = character.pose.bones[name]
            turn = matrix.to_quaternion()
            turn.make_compatible(bone.rotation_quaternion)
            bone.rotation_quaternion = turn
            bone.keyframe_insert("rotation_quaternion", frame=frame)
            if name == root:
                bone.location = matrix.translation
                bone.keyframe_insert("location", frame=frame)
