"""Finding a Blender on this machine, and running the script in it that makes a scene."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from motionrecon.errors import InputError, OutputError

#: Names a Blender, or a Python that can import bpy, where none is found by itself.
VARIABLE = "MOTIONRECON_BLENDER"
#: Seconds that Blender may take.
_PATIENCE = 900
_SCRIPT = Path(__file__).with_name("scene.py")
#: What a file needs where there is none.
NONE = (
    f"needs Blender, which is not found here: install it from blender.org and have it on PATH, name it in {VARIABLE}, "
    "or pip install bpy; without it, export *.glb, which Blender opens and saves as anything"
)


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


def run_scene(command: list[str], job: Mapping[str, Any], path: Path, scratch: Path) -> None:
    """Have Blender do a job, and say in a line what it could not do.

    Args:
        command: what `blender` says.
        job: what ``scene.py`` reads.
        path: the file that the user wants, for messages.
        scratch: a folder for what the script and we tell each other.

    Raises:
        InputError: the character cannot be used.
        OutputError: Blender failed.
    """
    told, given = scratch / "told.json", scratch / "job.json"
    given.write_text(json.dumps({**job, "told": str(told)}), encoding="utf-8")
    own = command[0] == sys.executable
    # Another Python must not find our packages: its numpy may be of another version.
    clean = {key: value for key, value in os.environ.items() if own or not key.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [*command, str(given)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            env=clean,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutputError(f"cannot write {path}: Blender ({command[0]}) does not run: {error}") from error
    problem = json.loads(told.read_text(encoding="utf-8"))["problem"] if told.is_file() else None
    if problem is not None:
        raise InputError(problem)
    if done.returncode != 0 or not told.is_file():
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise OutputError(f"cannot write {path}: Blender ({command[0]}) failed: {' '.join(last)}")
