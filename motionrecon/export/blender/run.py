"""Finding a Blender on this machine, and having it make a scene of a motion."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motionrecon.core.files import atomic
from motionrecon.errors import InputError, OutputError
from motionrecon.export import glb
from motionrecon.export.blender.characters import KNOWN
from motionrecon.export.presets import preset_of
from motionrecon.export.take import Take, take

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: Names a Blender, or a Python that can import bpy, where none is found by itself.
VARIABLE = "MOTIONRECON_BLENDER"
#: Files of characters that Blender reads.
CHARACTERS = (".blend", ".fbx", ".glb", ".gltf")
#: Seconds that Blender may take.
_PATIENCE = 900
#: Seconds at the start of a motion whose mean direction is where the person looks.
_START = 1.0
_SCRIPT = Path(__file__).with_name("scene.py")
_NONE = (
    f"needs Blender, which is not found here: install it from blender.org and have it on PATH, name it in {VARIABLE}, "
    "or pip install bpy; without it, export *.glb, which Blender opens and saves as anything"
)


def make_scene(
    motion: Motion, path: str | Path, *, character: Path | None = None, preset: str = "blender", **options: Any
) -> None:
    """Have Blender write ``path`` (.blend or .fbx): the person, or somebody's own character, with the motion.

    Args:
        motion: the motion.
        path: the file.
        character: a file with a character whose bones are known; motionrecon's own person where None.
        preset: names and rest pose of the own person's bones.
        options: of `motionrecon.export.take.take`.

    Raises:
        InputError: the character cannot be used, or an option.
        OutputError: there is no Blender, it failed, or the file cannot be written.
    """
    path = Path(path)
    preset_of(preset)
    if character is not None:
        if preset != "blender":
            raise InputError(f"preset={preset} is about motionrecon's own person: leave it out with character=...")
        _check_character(character)
    command = blender()
    if command is None:
        raise OutputError(f"cannot write {path}: a {path.suffix} file {_NONE}")
    with atomic(path) as output, tempfile.TemporaryDirectory(prefix="motionrecon-") as scratch:
        person, told = Path(scratch) / "person.glb", Path(scratch) / "told.json"
        glb.write(motion, person, preset=preset, **options)
        job = {
            "person": str(person),
            "output": str(output.absolute()),
            "character": None if character is None else str(character.absolute()),
            "known": KNOWN,
            "fps": options.get("fps") or motion.fps,
            "faces": _faces(take(motion, **options)),
            "armature": preset_of(preset).armature,
            "told": str(told),
        }
        (Path(scratch) / "job.json").write_text(json.dumps(job), encoding="utf-8")
        _run([*command, str(Path(scratch) / "job.json")], path, told)


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


def blender() -> list[str] | None:
    """How to run a script in Blender, but for the script's arguments; None where there is none."""
    named = os.environ.get(VARIABLE, "")
    if named and not Path(named).is_file():
        raise InputError(f"{VARIABLE} is {named}: there is no such program")
    found = named or shutil.which("blender") or _usual_place()
    if found and not Path(found).name.lower().startswith("python"):
        return [found, "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(_SCRIPT), "--"]
    if found or find_spec("bpy") is not None:
        return [found or sys.executable, str(_SCRIPT), "--"]
    return None


def _usual_place() -> str | None:
    """Where Blender's installers put it on macOS and Windows, which is not on PATH."""
    places = [Path("/Applications/Blender.app/Contents/MacOS/Blender")]
    if programs := os.environ.get("PROGRAMFILES"):
        places += sorted(Path(programs, "Blender Foundation").glob("*/blender.exe"), reverse=True)
    return next((str(place) for place in places if place.is_file()), None)


def _run(command: list[str], path: Path, told: Path) -> None:
    """Run Blender, and say in a line what it could not do."""
    own = command[0] == sys.executable
    # Another Python must not find our packages: its numpy may be of another version.
    clean = {key: value for key, value in os.environ.items() if own or not key.startswith("PYTHON")}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, env=clean, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutputError(f"cannot write {path}: Blender ({command[0]}) does not run: {error}") from error
    problem = json.loads(told.read_text(encoding="utf-8"))["problem"] if told.is_file() else None
    if problem is not None:
        raise InputError(problem)
    if done.returncode != 0 or not told.is_file():
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise OutputError(f"cannot write {path}: Blender ({command[0]}) failed: {' '.join(last)}")
