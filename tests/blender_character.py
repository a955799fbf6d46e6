"""Run by a Python that has bpy: make a character for tests of retargeting, which is built and stands otherwise.

usage: blender_character.py mixamo|rigify|unknown FILE
"""

import os
import sys
from pathlib import Path

import bpy  # type: ignore[import-not-found]

kind, target = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)

#: Head and tail of each bone and its parent, in an A pose that faces -Y, centimetres; the left side.
MIDDLE = {
    "Hips": ((0, 0, 108), (0, 0, 118), None),
    "Spine": ((0, 0, 118), (0, 0, 132), "Hips"),
    "Neck": ((0, 0, 160), (0, 0, 170), "Spine"),
    "Head": ((0, -1, 170), (0, -1, 190), "Neck"),
}
LEFT = {
    "Shoulder": ((4, 0, 156), (16, 0, 154), "Spine"),
    "Arm": ((18, 0, 154), (40, 0, 132), "Shoulder"),
    "ForeArm": ((40, 0, 132), (60, -2, 112), "Arm"),
    "Hand": ((60, -2, 112), (68, -2, 104), "ForeArm"),
    "UpLeg": ((11, 0, 104), (12, 0, 56), "Hips"),
    "Leg": ((12, 0, 56), (12, 2, 9), "UpLeg"),
    "Foot": ((12, 2, 9), (13, -12, 2), "Leg"),
    "ToeBase": ((13, -12, 2), (13, -20, 2), "Foot"),
}


def mixamo(prefix):
    data = bpy.data.armatures.new("Armature")
    armature = bpy.data.objects.new("Armature", data)
    bpy.context.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    armature.scale = (0.01, 0.01, 0.01)
    bones = {name: (*ends, parent) for name, (*ends, parent) in MIDDLE.items()}
    for side, mirror in (("Left", 1), ("Right", -1)):
        for name, (*ends, parent) in LEFT.items():
            points = [(mirror * x, y, z) for x, y, z in ends]
            bones[side + name] = (*points, parent if parent in MIDDLE else side + parent)
    bpy.ops.object.mode_set(mode="EDIT")
    for name, (head, tail, parent) in bones.items():
        bone = data.edit_bones.new(prefix + name)
        bone.head, bone.tail = head, tail
        bone.parent = data.edit_bones[prefix + parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


if kind == "rigify":
    import addon_utils

    addon_utils.enable("rigify", default_set=True)
    bpy.ops.object.armature_basic_human_metarig_add()
    metarig = bpy.context.object
    bpy.ops.pose.rigify_generate()
    bpy.data.objects.remove(metarig)
else:
    mixamo("mixamorig1:" if kind == "mixamo" else "bone_of_")
if Path(target).suffix == ".fbx":
    bpy.ops.export_scene.fbx(filepath=target, add_leaf_bones=False)
else:
    bpy.ops.wm.save_as_mainfile(filepath=target)
sys.stdout.flush()
os._exit(0)
