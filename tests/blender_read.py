"""Run by a Python that has bpy: open a file and write down where bones and skin are in each frame.

usage: blender_read.py FILE found.npz
"""

import os
import sys
from pathlib import Path

import bpy  # type: ignore[import-not-found]
import numpy as np

source, target = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
suffix = Path(source).suffix
if suffix == ".blend":
    bpy.ops.wm.open_mainfile(filepath=source)
elif suffix == ".fbx":
    bpy.ops.import_scene.fbx(filepath=source)
elif suffix in (".usd", ".usda", ".usdc"):
    bpy.ops.wm.usd_import(filepath=source)
else:
    bpy.context.scene.render.fps = 30
    bpy.ops.import_scene.gltf(filepath=source, disable_bone_shape=True)
scene = bpy.context.scene
armature = max((o for o in bpy.data.objects if o.type == "ARMATURE"), key=lambda o: len(o.data.bones))
meshes = [o for o in bpy.data.objects if o.type == "MESH" and any(m.type == "ARMATURE" for m in o.modifiers)]
first, last = (round(x) for x in armature.animation_data.action.frame_range)
names = [bone.name for bone in armature.pose.bones]
heads, lowest, highest = [], [], []
for frame in range(first, last + 1):
    scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    shown = armature.evaluated_get(graph)
    heads.append([shown.matrix_world @ bone.head for bone in shown.pose.bones])
    for mesh in meshes[:1]:
        body = mesh.evaluated_get(graph)
        found = np.array([body.matrix_world @ vertex.co for vertex in body.data.vertices])
        lowest.append(found.min(0))
        highest.append(found.max(0))
np.savez(
    target,
    names=names,
    heads=np.array(heads),
    rest=np.array([armature.matrix_world @ bone.head_local for bone in armature.data.bones]),
    lowest=np.array(lowest),
    highest=np.array(highest),
    fps=scene.render.fps / scene.render.fps_base,
    range=(first, last),
    scene=(scene.frame_start, scene.frame_end),
    camera=scene.camera.matrix_world.translation[:] if scene.camera else (),
    objects=[o.name for o in bpy.data.objects],
)
sys.stdout.flush()
os._exit(0)  # Blender's Python module may hang while it is taken down
