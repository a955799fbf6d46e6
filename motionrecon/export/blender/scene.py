"""Runs in Blender: a scene with the person, or with somebody's own character, moving; saved as .blend or .fbx.

usage: blender --background --python scene.py -- job.json, or python scene.py -- job.json where bpy can be imported. The
job is what `motionrecon.export.blender.files` says; nothing of motionrecon is imported here.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parent))
import retarget  # type: ignore[import-not-found]  # beside this file: inside Blender there is no motionrecon

#: By how much the camera stands to the left of where the person looks, radians.
ASIDE = math.radians(41.0)


def main(job: dict[str, Any]) -> None:
    """Build the scene and save it."""
    character = open_character(job["character"])
    set_rate(job["fps"])
    person = imported(lambda: bpy.ops.import_scene.gltf(filepath=job["person"], disable_bone_shape=True))
    armature = next(one for one in person if one.type == "ARMATURE")
    first, last = (round(frame) for frame in armature.animation_data.action.frame_range)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = first, last
    if character is not None:
        retarget.put_motion(armature, character, job["known"], range(first, last + 1))
        for one in person:
            bpy.data.objects.remove(one)
        armature = character
    else:
        armature.name = job["armature"]
        armature.show_in_front = True
        light_up(armature, job["faces"])
    scene.frame_set(first)
    save(Path(job["output"]))


def open_character(path: str | None) -> Any:
    """The armature of a character's file, in a scene of its own if it is a .blend; None without one."""
    if path is None or Path(path).suffix.lower() != ".blend":
        bpy.ops.wm.read_factory_settings(use_empty=True)
    if path is None:
        return None
    suffix = Path(path).suffix.lower()
    if suffix == ".blend":
        bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)
        objects = list(bpy.context.scene.objects)
    elif suffix == ".fbx":
        objects = imported(lambda: bpy.ops.import_scene.fbx(filepath=path))
    else:
        objects = imported(lambda: bpy.ops.import_scene.gltf(filepath=path))
    armatures = [one for one in objects if one.type == "ARMATURE"]
    if not armatures:
        raise retarget.Unusable(f"character={path}: there is no armature in it")
    return max(armatures, key=lambda one: len(one.data.bones))


def imported(read: Any) -> list[Any]:
    """The objects that an importer makes."""
    before = set(bpy.data.objects)
    read()
    return [one for one in bpy.data.objects if one not in before]


def set_rate(fps: float) -> None:
    """Frames per second as Blender has them: a whole number, and what it is divided by."""
    render = bpy.context.scene.render
    render.fps = max(1, round(fps))
    render.fps_base = render.fps / fps


def light_up(armature: Any, faces: tuple[float, float]) -> None:
    """A floor, a sun, and a camera that has the whole way of the person in view, from the front and their left.

    Args:
        armature: the person.
        faces: where they look, in x and y.
    """
    scene = bpy.context.scene
    root = armature.pose.bones[0]
    places = []
    for frame in range(scene.frame_start, scene.frame_end + 1, max(1, (scene.frame_end - scene.frame_start) // 20)):
        scene.frame_set(frame)
        places.append(armature.matrix_world @ root.head)
    low = [min(place[i] for place in places) for i in range(3)]
    high = [max(place[i] for place in places) for i in range(3)]
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    reach = 1.2 + max(high[0] - low[0], high[1] - low[1]) / 2

    bpy.ops.mesh.primitive_plane_add(size=60 + 4 * reach, location=(middle[0], middle[1], 0))
    floor = bpy.context.object
    floor.name = "Floor"
    floor.data.materials.append(tiles())
    bpy.ops.object.light_add(type="SUN", rotation=(0.75, 0.2, 0.9))
    bpy.context.object.data.energy, bpy.context.object.data.angle = 3.0, 0.08
    scene.world = bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    sky = scene.world.node_tree.nodes["Background"].inputs
    sky["Color"].default_value, sky["Strength"].default_value = (0.80, 0.86, 0.95, 1), 0.6
    bpy.ops.object.empty_add(location=(middle[0], middle[1], 0.9))
    aim = bpy.context.object
    aim.name = "Aim"
    side = math.atan2(faces[1], faces[0]) + ASIDE
    away = 3.0 * reach
    bpy.ops.object.camera_add(location=(middle[0] + math.cos(side) * away, middle[1] + math.sin(side) * away, 1.7))
    scene.camera = bpy.context.object
    scene.camera.data.lens = 60
    follow = scene.camera.constraints.new("TRACK_TO")
    follow.target, follow.track_axis, follow.up_axis = aim, "TRACK_NEGATIVE_Z", "UP_Y"


def tiles() -> Any:
    """A material of light squares, half a metre each, by which travel and sliding are seen."""
    material = bpy.data.materials.new("Floor")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    checker, place = nodes.new("ShaderNodeTexChecker"), nodes.new("ShaderNodeTexCoord")
    checker.inputs["Color1"].default_value = (0.55, 0.56, 0.58, 1)
    checker.inputs["Color2"].default_value = (0.47, 0.48, 0.50, 1)
    checker.inputs["Scale"].default_value = 2.0
    surface = nodes["Principled BSDF"]
    surface.inputs["Roughness"].default_value = 0.8
    links.new(place.outputs["Object"], checker.inputs["Vector"])
    links.new(checker.outputs["Color"], surface.inputs["Base Color"])
    return material


def save(output: Path) -> None:
    """As the suffix says."""
    if output.suffix.lower() == ".blend":
        bpy.ops.wm.save_as_mainfile(filepath=str(output), compress=True)
        return
    bpy.ops.export_scene.fbx(
        filepath=str(output),
        object_types={"ARMATURE", "MESH"},
        apply_scale_options="FBX_SCALE_ALL",
        add_leaf_bones=False,
        bake_anim_use_nla_strips=False,
        bake_anim_use_all_actions=False,
        bake_anim_simplify_factor=0.0,
        path_mode="COPY",
        embed_textures=True,
    )


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8"))
    problem = None
    try:
        main(given)
    except retarget.Unusable as error:
        problem = str(error)
    Path(given["told"]).write_text(json.dumps({"problem": problem}), encoding="utf-8")
