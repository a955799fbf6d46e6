"""A Blender scene (.blend), written by Blender: the skinned person, or a character of one's own, with the motion.

It opens with the right frame rate and length, a floor, a light, and a camera before the person: in front and to their
left, by where they look in the first second. A character's own .blend keeps its scene.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.export.blender.run import make_scene

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def write(
    motion: Motion,
    path: str | Path,
    *,
    character: Path | None = None,
    preset: str = "blender",
    fps: float | None = None,
    origin: str = "start",
    facing: float | None = None,
    in_place: bool = False,
) -> None:
    """Have Blender save a scene with the moving person.

    Args:
        motion: the motion.
        path: the file.
        character: a .blend, .fbx or .glb file with a character of Mixamo, a rig of Rigify, or one whose bones are
            called as Unreal's, Unity's or Rigify's metarig's are, which gets the motion instead of motionrecon's
            person.
        preset: names and rest pose of motionrecon's person.
        fps: frames per second, interpolated; the motion's own where not given.
        origin: start or world, as of BVH.
        facing: degrees from the front, as of BVH.
        in_place: on the spot, without the travel over the floor.

    Raises:
        InputError: the character cannot be used, or an option has a value that it cannot have.
        OutputError: there is no Blender, it failed, or the file cannot be written.
    """
    staging = {"fps": fps, "origin": origin, "facing": facing, "in_place": in_place}
    make_scene(motion, path, character=character, preset=preset, **staging)
