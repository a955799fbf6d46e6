"""What Blender writes, scenes (.blend) and FBX: the skinned person, or a character of one's own, with the motion.

A .blend opens with the right frame rate and length, a floor, a light, and a camera before the person: in front and to
their left, by where they look in the first second. A character's own .blend keeps its scene.

An .fbx is metres by FBX's own scale, Y up, bones as they are in Blender, a key every frame, textures inside the file.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motionrecon.core.files import atomic
from motionrecon.errors import InputError, OutputError
from motionrecon.export import glb
from motionrecon.export.blender.characters import KNOWN
from motionrecon.export.blender.run import NONE, blender, run_scene
from motionrecon.export.presets import preset_of
from motionrecon.export.take import Take
from motionrecon.export.take import take as take_of

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: Files of characters that Blender reads.
CHARACTERS = (".blend", ".fbx", ".glb", ".gltf")
#: Seconds at the start of a motion whose mean direction is where the person looks.
_START = 1.0


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
    """Have Blender write the moving person to ``path``: .blend or .fbx.

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
    path, style = Path(path), preset_of(preset)
    if character is not None:
        if preset != "blender":
            raise InputError(f"preset={preset} is about motionrecon's own person: leave it out with character=...")
        _check_character(character)
    command = blender()
    if command is None:
        raise OutputError(f"cannot write {path}: a {path.suffix} file {NONE}")
    staging: dict[str, Any] = {"fps": fps, "origin": origin, "facing": facing, "in_place": in_place}
    take = take_of(motion, **staging)
    with atomic(path) as output, tempfile.TemporaryDirectory(prefix="motionrecon-") as scratch:
        person = Path(scratch) / "person.glb"
        glb.write(motion, person, preset=preset, **staging)
        job = {
            "person": str(person),
            "output": str(output.absolute()),
            "character": None if character is None else str(character.absolute()),
            "known": KNOWN,
            "fps": take.fps,
            "faces": _faces(take),
            "armature": style.armature,
        }
        run_scene(command, job, path, Path(scratch))


def _faces(person: Take) -> tuple[float, float]:
    """Where the person looks over the floor at the start, the mean of some time, in Blender's x and y."""
    beginning = slice(round(_START * person.fps) + 1)
    x, y, _ = person.turned[beginning, 0, :, 0].mean(axis=0)
    return float(y), float(-x)  # as Blender's importer of GLB has them


def _check_character(character: Path) -> None:
    if character.suffix.lower() not in CHARACTERS:
        raise InputError(f"character={character}: give a {', '.join(CHARACTERS)} file")
    if not character.is_file():
        raise InputError(f"character={character}: there is no such file")
