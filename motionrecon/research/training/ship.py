"""Trained weights into the product: a file and its section of ``weights.toml``, in ``models/optimus``, or for poses in
``models/poses`` and for depth in ``models/depth``.

python -m motionrecon.research.training.ship FOLDER/best.safetensors NAME "COMMAND" models/optimus
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError, safe_open

from motionrecon.core.files import atomic, sha256
from motionrecon.depth import files as depth_files
from motionrecon.optimus.poses import files as pose_files
from motionrecon.optimus.shipped import INDEX
from motionrecon.optimus.weights import read

#: What reads, and checks, weights of a kind; others are an optimizer's.
_READERS: dict[str, Callable[[Path], object]] = {
    pose_files.KIND: pose_files.read,
    depth_files.KIND: depth_files.read,
}


def ship(source: str | Path, name: str, command: str, into: str | Path) -> None:
    """Copy a file of weights into the folder ``into`` under ``name``, and write its section of ``weights.toml`` there.

    The section holds the hash, the command and the facts that the file was saved with.

    Args:
        source: a file that `motionrecon.optimus.weights.save` wrote.
        name: what users will call the weights.
        command: the command line that trained them.
        into: ``models/optimus`` of a checkout, ``models/poses`` for weights of poses, ``models/depth`` for depth.

    Raises:
        ModelError: as `motionrecon.optimus.weights.read`, or as `read` of `motionrecon.optimus.poses.files` and
            `motionrecon.depth.files`.
    """
    _READERS.get(_kind(source) or "", read)(Path(source))
    into = Path(into)
    file = into / f"{name}.safetensors"
    with atomic(file) as temporary:
        shutil.copyfile(source, temporary)
    with safe_open(str(file), framework="pt") as opened:
        facts = {
            key: value for key, value in sorted(opened.metadata().items()) if key not in ("kind", "arguments", "sizes")
        }
    index = into / INDEX
    known = tomllib.loads(index.read_text(encoding="utf-8")) if index.is_file() else {}
    known[name] = {"file": file.name, "sha256": sha256(file), "command": command, **facts}
    lines = ["# Written by motionrecon.research.training.ship."]
    for key, record in known.items():
        lines += ["", f"[{json.dumps(key)}]"]
        # JSON's strings are TOML's.
        lines += [f"{field} = {json.dumps(value, ensure_ascii=False)}" for field, value in record.items()]
    with atomic(index) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _kind(source: str | Path) -> str | None:
    """What a file says that its weights belong to; None where it says nothing, or is no such file."""
    try:
        with safe_open(str(source), framework="pt") as opened:
            found: str | None = (opened.metadata() or {}).get("kind")
            return found
    except (SafetensorError, OSError):
        return None


if __name__ == "__main__":
    import cyclopts

    cyclopts.run(ship)
