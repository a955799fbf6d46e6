"""Trained weights by name: files in safetensors whose SHA-256 is checked before their first use.

``models/optimus/weights.toml`` has a section for each name: the file beside it, its SHA-256, and the command that made
it. A file says by itself what its weights belong to (the kind of rule and its settings), so a file of one's own, such
as a training writes, may be given by its path instead of a name.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from motionrecon.core.files import atomic, parse_json
from motionrecon.errors import InputError, ModelError
from motionrecon.optimus import shipped

if TYPE_CHECKING:
    from motionrecon.optimus.network.squares_network import SquaresNetwork


class Rule(Protocol):
    """What can be saved: a module that says what it is made again from."""

    def settings(self) -> dict[str, Any]:
        """As JSON holds them."""

    @classmethod
    def from_settings(cls, **settings: Any) -> nn.Module:
        """An untrained one."""


#: What a file's "kind" may be, by module and class, a `Rule`. Nothing else is ever imported because a file says so.
KINDS = {
    "squares": "motionrecon.optimus.network.squares_network:SquaresNetwork",
    "adafactor": "motionrecon.optimus.adafactor:AdafactorMLP",
    "paper": "motionrecon.optimus.paper.rule:PaperRule",
}


@lru_cache(maxsize=1)
def folder() -> Path:
    """Where the weights that come with motionrecon are."""
    return Path(str(resources.files("motionrecon.models").joinpath("optimus")))


def records() -> dict[str, dict[str, Any]]:
    """The weights that come with motionrecon, by name, as written in ``weights.toml``."""
    return shipped.records(folder())


def names() -> tuple[str, ...]:
    """The names that :func:`load` knows."""
    return tuple(records())


def find(name: str) -> Path:
    """The checked file of the weights called ``name``; a path of a ``.safetensors`` file is its own name.

    Raises:
        InputError: no weights have this name, or no file this path.
        ModelError: the file is missing or damaged.
    """
    return shipped.find(name, folder())


def load(name: str) -> nn.Module:
    """The rule with the weights called ``name`` (or of the file at that path), ready to run; shared: do not change it.

    Args:
        name: one of :func:`names`, or the path of a ``.safetensors`` file.

    Raises:
        InputError, ModelError: as :func:`find` and :func:`read`.
    """
    path = Path(name)
    changed = path.stat().st_mtime_ns if name.endswith(".safetensors") and path.is_file() else 0
    with torch.inference_mode(False):  # what is shared must serve everybody
        return _loaded(name, folder(), changed)


def load_squares(name: str) -> SquaresNetwork:
    """:func:`load` for Gauss-Newton; :class:`InputError` where the weights are of something else."""
    from motionrecon.optimus.network.squares_network import SquaresNetwork

    found = load(name)
    if not isinstance(found, SquaresNetwork):
        raise InputError(f"weights {name!r} are of a {type(found).__name__}, not for sums of squares")
    return found


@lru_cache(maxsize=16)
def _loaded(name: str, within: Path, changed: int) -> nn.Module:
    return read(find(name))


def read(path: str | Path) -> nn.Module:
    """The rule that a file of weights describes, with these weights, on the CPU.

    Raises:
        ModelError: the file is no such file, or of another version of motionrecon.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            about = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} holds no weights: {' '.join(str(error).split())}") from error
    kind = KINDS.get(about.get("kind", ""))
    if kind is None:
        known = ", ".join(KINDS)
        raise ModelError(f"{path} does not say what its weights belong to: its 'kind' must be one of {known}")
    module, cls = kind.split(":")
    try:
        with torch.inference_mode(False), torch.random.fork_rng(devices=[]):  # making a rule draws weights
            made: nn.Module = getattr(importlib.import_module(module), cls).from_settings(
                **parse_json(about["arguments"])
            )
        made.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        why = " ".join(str(error).split())
        raise ModelError(f"{path} does not fit this version of motionrecon ({why}); train or install again") from error
    return made.requires_grad_(False).eval()


def save(rule: nn.Module, path: str | Path, facts: Mapping[str, str] | None = None) -> None:
    """Write a rule's weights, and what is needed to make it again, to a ``.safetensors`` file.

    Args:
        rule: of a class in :data:`KINDS`.
        path: the file.
        facts: what else is to be known of them, such as the settings of their training.

    Raises:
        TypeError: a class of rules without an entry in :data:`KINDS`.
        OutputError: the file cannot be written.
    """
    cls = type(rule)
    kinds = [name for name, path in KINDS.items() if path == f"{cls.__module__}:{cls.__qualname__}"]
    if not kinds:
        raise TypeError(f"{cls.__name__} has no entry in motionrecon.optimus.weights.KINDS")
    about = {"kind": kinds[0], "arguments": json.dumps(cast(Rule, rule).settings(), sort_keys=True)}
    tensors = {key: value.detach().cpu().contiguous() for key, value in rule.state_dict().items()}
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={**(facts or {}), **about})
