"""Files of weights that come with motionrecon: by name, each checked by its hash; and how NumPy's are read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from motionrecon.core.files import sha256
from motionrecon.errors import InputError, ModelError

#: What says which files a folder has, with the hash and the history of each.
INDEX = "weights.toml"


@dataclass(frozen=True)
class Shelf:
    """A folder of weights that come with motionrecon.

    Attributes:
        name: of the folder.
        what: what messages call the weights.
    """

    name: str
    what: str

    @property
    def folder(self) -> Path:
        """Where it is."""
        return Path(str(resources.files("motionrecon.models").joinpath(self.name)))

    def records(self) -> dict[str, dict[str, Any]]:
        """The weights by name, as written in ``weights.toml``."""
        return records(self.folder)

    def find(self, name: str) -> Path:
        """The checked file of the weights of this name; a path of a ``.safetensors`` file is its own name.

        Raises:
            InputError: no weights have this name, or no file this path.
            ModelError: the file is missing or damaged.
        """
        return find(name, self.folder, self.what)


def records(folder: Path) -> dict[str, dict[str, Any]]:
    """The weights of a folder, by name, as written in its ``weights.toml``."""
    index = folder / INDEX
    return tomllib.loads(index.read_text(encoding="utf-8")) if index.is_file() else {}


def find(name: str, folder: Path, what: str = "weights") -> Path:
    """The checked file of the weights of this name; a path of a ``.safetensors`` file is its own name.

    Args:
        name: a name or a path.
        folder: where those with a name are.
        what: what messages call them.

    Raises:
        InputError: no weights have this name, or no file this path.
        ModelError: the file is missing or damaged.
    """
    if name.endswith(".safetensors"):
        if not Path(name).is_file():
            raise InputError(f"weights {name}: no such file")
        return Path(name)
    known = records(folder)
    if name not in known:
        choice = ", ".join([*known, "a .safetensors file"])
        raise InputError(f"no {what} are called {name!r}: choose one of {choice}")
    path = folder / str(known[name]["file"])
    if not path.is_file():
        raise ModelError(f"{path}: the weights '{name}' are missing; install motionrecon again")
    if (found := sha256(path)) != known[name]["sha256"]:
        raise ModelError(
            f"{path}: the weights '{name}' are damaged (SHA-256 {found[:12]}…, not {known[name]['sha256'][:12]}…); "
            "install motionrecon again"
        )
    return path


def read_arrays(path: Path, kind: str, what: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of a ``.safetensors`` file by name, all of finite numbers, and what it says of itself.

    Args:
        path: the file.
        kind: what it must say that it is.
        what: what a message calls that.

    Raises:
        ModelError: there is no such file, or it holds something else.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            about = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError, TypeError) as error:  # TypeError: of kinds of numbers that NumPy does not know
        raise ModelError(f"{path} holds no weights: {' '.join(str(error).split())}") from error
    if about.get("kind") != kind:
        raise ModelError(f"{path} holds weights of kind {about.get('kind')!r}, not of {what}")
    if not all(np.isfinite(value).all() for value in arrays.values()):
        raise ModelError(f"{path} holds weights that are no numbers; train or install again")
    return arrays, about
