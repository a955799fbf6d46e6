"""Blender in tests. Its Python module pins an old numpy, so it lives in an environment of its own.

MOTIONRECON_BPY_PYTHON names the Python of that environment (``pip install "bpy==4.5.*"`` for Python 3.11).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
from support import HANGS, require


def blenders_python() -> str:
    """The Python that has Blender; skips the test where there is none, and fails in CI."""
    python = os.environ.get("MOTIONRECON_BPY_PYTHON", "")
    require(python and Path(python).exists(), "Blender's Python (MOTIONRECON_BPY_PYTHON)")
    return python


def in_blender(script: str, *arguments: str | Path) -> None:
    """Run a script of this folder."""
    command = [blenders_python(), str(Path(__file__).with_name(script)), *map(str, arguments)]
    # A clean environment: ours has a numpy that Blender's Python cannot load.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS, env=clean)
    assert done.returncode == 0, done.stdout + done.stderr


def read_in_blender(path: Path) -> dict[str, np.ndarray]:
    """What ``blender_read.py`` finds in a file."""
    found = path.with_suffix(".found.npz")
    in_blender("blender_read.py", path, found)
    with np.load(found) as file:
        return dict(file)


def to_blender(points: np.ndarray) -> np.ndarray:
    """World (x, y, z) as Blender's importers place it: (y, -x, z)."""
    return np.stack([points[..., 1], -points[..., 0], points[..., 2]], -1)
