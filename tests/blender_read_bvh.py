"""Run by a Python that has bpy: import a BVH with Blender's default settings and write down where its bones are.

usage: blender_read_bvh.py motion.bvh bones.npz
"""

import sys

import bpy  # type: ignore[import-not-found]
import numpy as np

source, target = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_anim.bvh(filepath=source)
armature = bpy.context.object
scene = bpy.context.scene
scene.frame_end = 10  # shorter than any motion, so that its extension shows
first, last = (round(x) for x in armature.animation_data.action.frame_range)
names = [bone.name for bone in armature.pose.bones]
heads, tails = [], []
for frame in range(first, last + 1):
    scene.frame_set(frame)
    heads.append([armature.matrix_world @ bone.head for bone in armature.pose.bones])
    tails.append([armature.matrix_world @ bone.tail for bone in armature.pose.bones])
# What the two boxes of the import dialog add: to a scene that is longer than the motion, and to this short one.
scene.frame_end = 250
bpy.ops.import_anim.bvh(filepath=source, update_scene_fps=True, update_scene_duration=True)
long_scene_end = scene.frame_end
scene.frame_end = 10
bpy.ops.import_anim.bvh(filepath=source, update_scene_fps=True, update_scene_duration=True)
np.savez(
    target,
    names=names,
    heads=np.array(heads),
    tails=np.array(tails),
    rest_heads=np.array([armature.matrix_world @ bone.head_local for bone in armature.data.bones]),
    rest_tails=np.array([armature.matrix_world @ bone.tail_local for bone in armature.data.bones]),
    scene_fps=scene.render.fps / scene.render.fps_base,
    long_scene_end=long_scene_end,
    scene_frames=scene.frame_end - scene.frame_start + 1,
)
