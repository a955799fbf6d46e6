"""What a bug report needs to say about this installation and this machine."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from motionrecon.core.cores import usable_cores
from motionrecon.core.user_cache import cache_dir
from motionrecon.errors import ModelError

#: Seconds that MuJoCo may take to draw one small picture.
_DRAW_TIMEOUT = 60

_DRAW = """
import mujoco
model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><geom size='1'/></worldbody></mujoco>")
with mujoco.Renderer(model, 16, 16) as renderer:
    renderer.update_scene(mujoco.MjData(model))
    renderer.render()
"""


def collect() -> dict[str, Any]:
    """Facts by name; plain JSON values. What cannot be found out is said in the value, and nothing is fetched."""
    import motionrecon
    from motionrecon.keypoints import models

    return {
        "motionrecon": motionrecon.__version__,
        "installed in": str(Path(motionrecon.__file__).parent),
        "Python": f"{platform.python_version()} ({sys.executable})",
        "system": platform.platform(),
        "CPU": f"{platform.machine()}, {usable_cores()} of {os.cpu_count()} cores usable",
        "memory": _memory(),
        "packages": _packages(),
        "video libraries": _video_libraries(),
        "offscreen drawing": _drawing(),
        "cache folder": str(cache_dir()),
        "detectors": {name: _detector(name, record) for name, record in models.records().items()},
        "weights": _weights(),
    }


def as_text(facts: dict[str, Any]) -> str:
    """The facts for a person: a line each."""
    lines = []
    for name, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {what}" for key, what in value.items())
        lines.append(f"{name}: {value}")
    return "\n".join(lines)


def as_json(facts: dict[str, Any]) -> str:
    """The facts for a program."""
    return json.dumps(facts, indent=2, ensure_ascii=False)


def _memory() -> str:
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names:
        return "unknown on this system"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.1f} GB"


def _packages() -> dict[str, str]:
    """Versions of what motionrecon needs to run."""
    required = [line for line in metadata.requires("motionrecon") or [] if "extra ==" not in line]
    names = sorted({name for line in required for name in re.findall(r"^[\w.-]+", line)})
    return {name: _installed_version(name) for name in names}


def _installed_version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _video_libraries() -> dict[str, str]:
    import av

    return {name: ".".join(map(str, version)) for name, version in av.library_versions.items()}


def _drawing() -> str:
    """Whether MuJoCo can draw without a screen; tried in a process of its own, since a bad driver may crash it."""
    if find_spec("mujoco") is None:
        return "MuJoCo is not installed"
    environment = dict(os.environ)
    if sys.platform == "linux":
        environment.setdefault("MUJOCO_GL", "egl")
    backend = environment.get("MUJOCO_GL", "default")
    try:
        done = subprocess.run(
            [sys.executable, "-c", _DRAW],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_DRAW_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"does not work with {backend}: no picture within {_DRAW_TIMEOUT} s"
    if done.returncode == 0:
        return f"works with {backend}"
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return f"does not work with {backend}: {last}"


def _weights() -> dict[str, str]:
    """What was trained and comes with motionrecon, by the beginnings of the hashes."""
    from motionrecon.body import BODIES
    from motionrecon.body.base import CAPSULES
    from motionrecon.core.files import sha256
    from motionrecon.depth import files as depth
    from motionrecon.optimus import weights
    from motionrecon.optimus.poses import files as poses
    from motionrecon.poses.bank import bank_file, checked_bank

    finders: dict[str, Callable[[], Path]] = {"bank of poses": checked_bank}
    own = [kind for kind in BODIES if kind != CAPSULES and bank_file(kind).is_file()]
    finders |= {f"bank of poses, {kind}": partial(checked_bank, kind) for kind in own}
    for shelf in (poses.SHIPPED, weights, depth.SHIPPED):
        finders |= {name: partial(shelf.find, name) for name in shelf.records()}
    found = {}
    for name, find in finders.items():
        try:
            found[name] = f"ok ({sha256(find())[:12]})"
        except ModelError as error:
            found[name] = str(error)
    return found


def _detector(name: str, record: dict[str, Any]) -> str:
    """Whether a detector's model is on this machine and is the right file. Nothing is fetched."""
    from motionrecon.core.files import sha256
    from motionrecon.keypoints import models

    if "installed_member" in record:
        try:
            return f"ok ({models.find(name)})"
        except ModelError as error:
            return str(error)
    path = cache_dir() / record["file"]
    if not path.is_file():
        return "not fetched yet (its first use does that)"
    return f"ok ({path})" if sha256(path) == record["sha256"] else f"damaged ({path}; its next use fetches it again)"
