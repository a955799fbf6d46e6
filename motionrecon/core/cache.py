"""What a stage leaves behind so that an interrupted run can go on: arrays in a file keyed by all that made them.

Each file is sealed with its SHA-256 and says which key it was written for: one in which any bit has changed, or that
took another's name, is not used, and the stage is computed again.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from motionrecon.core.files import is_sealed, read_arrays, write_arrays
from motionrecon.core.progress import Progress

#: With another version of these, a stage gives another result, and a simulation does not go on to the bit.
_COMPUTED_WITH = ("mujoco", "numpy", "scipy")
#: The array in which a file says its own name.
_NAME = "checkpoint"


class Checkpoint:
    """One stage's file in the cache folder.

    Args:
        folder: the cache folder; None keeps nothing.
        stage: the stage's name.
        depends_on: everything that the stage's result depends on: arrays, and values that JSON can hold. The versions
            of what it computes with and motionrecon's own source code go into the key besides.
    """

    def __init__(self, folder: Path | None, stage: str, depends_on: dict[str, Any]) -> None:
        self.stage = stage
        self.path = None if folder is None else folder / f"{stage}-{_key(depends_on)}.npz"

    def load(self, progress: Progress) -> dict[str, np.ndarray] | None:
        """The arrays that were saved; None if there are none or, with a warning, if the file is damaged."""
        if self.path is None or not self.path.exists():
            return None
        try:
            arrays = read_arrays(self.path, sealed=True)
            if str(arrays.pop(_NAME, None)) == self.path.stem:
                return arrays
        except (OSError, ValueError):
            pass
        progress.warn(f"the checkpoint {self.path} is damaged; computing that stage again")
        return None

    def save(self, arrays: dict[str, np.ndarray]) -> None:
        """Replace what was saved, and what this stage left for other inputs; files that are not ours stay.

        Raises:
            OutputError: the folder cannot be written.
        """
        if self.path is None:
            return
        write_arrays(self.path, {**arrays, _NAME: np.array(self.path.stem)}, sealed=True, compress=False)
        for stale in self.path.parent.glob(f"{self.stage}-{'[0-9a-f]' * 16}.npz"):
            if stale != self.path and is_sealed(stale):
                stale.unlink(missing_ok=True)


def _key(depends_on: dict[str, Any]) -> str:
    versions = [metadata.version(name) for name in _COMPUTED_WITH]
    digest = hashlib.sha256(json.dumps([_source_digest(), *versions]).encode())
    for name in sorted(depends_on):
        value = depends_on[name]
        if isinstance(value, np.ndarray):
            content = repr((value.shape, value.dtype.str)).encode() + np.ascontiguousarray(value).tobytes()
        else:
            content = json.dumps(value, sort_keys=True).encode()
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()[:16]


@cache
def _source_digest() -> str:
    """SHA-256 of motionrecon's modules: a constant that was tuned makes other results as much as another input does."""
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.parent.rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()
