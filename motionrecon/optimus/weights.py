"""Trained weights by name: files in safetensors whose SHA-256 is checked before their first use.

``models/optimus/weights.toml`` has a section for each name: the file beside it, its SHA-256, and the command that made
it. A file says by itself what its weights belong to (the kind of rule and its settings), so a file of one's own, such
as a training writes, may be given by its path instead of a name.
"""

from __future__ import annotations

import importlib
import json
import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from motionrecon.core.files import atomic, sha256
from motionrecon.errors import InputError, ModelError

if TYPE_CHECKING:
    from motionrecon.optimus.rule import OptimusRule

#: The weights of the optimizer called "optimus", for functions with gradients.
DEFAULT = "optimus"
INDEX = "weights.toml"


@dataclass(frozen=True)
class Kind:
    """How one class of rules is described in a file, and made again.

    Attributes:
        path: module and class.
        describe: the settings of a rule, as JSON holds them.
        make: an untrained rule from its class and settings.
    """

    path: str
    describe: Callable[[Any], dict[str, Any]]
    make: Callable[[Any, dict[str, Any]], nn.Module]


def _describe_optimus(rule: Any) -> dict[str, Any]:
    return {"sizes": rule.network.shape.as_dict(), "identity": rule.identity, "explore": rule.explore}


def _make_optimus(cls: Any, settings: dict[str, Any]) -> nn.Module:
    from motionrecon.optimus.network import Shape

    return cls(Shape(**settings["sizes"]), identity=settings["identity"], explore=settings["explore"])


def _describe_squares(rule: Any) -> dict[str, Any]:
    return {"sizes": rule.network.shape.as_dict()}


def _make_squares(cls: Any, settings: dict[str, Any]) -> nn.Module:
    from motionrecon.optimus.network import Shape

    return cls(Shape(**settings["sizes"]))


def _describe_adafactor(rule: Any) -> dict[str, Any]:
    layers = [part for part in rule.network if isinstance(part, nn.Linear)]
    return {"width": layers[-1].in_features, "layers": len(layers) - 1}


#: What a file's "kind" may be. Nothing else is ever imported because a file says so.
KINDS = {
    "optimus": Kind("motionrecon.optimus.rule:OptimusRule", _describe_optimus, _make_optimus),
    "squares": Kind("motionrecon.optimus.learned:SquaresNetwork", _describe_squares, _make_squares),
    "adafactor": Kind(
        "motionrecon.optimus.adafactor:AdafactorMLP", _describe_adafactor, lambda cls, settings: cls(**settings)
    ),
}


@lru_cache(maxsize=1)
def folder() -> Path:
    """Where the weights that come with motionrecon are."""
    return Path(str(resources.files("motionrecon.models").joinpath("optimus")))


def records() -> dict[str, dict[str, Any]]:
    """The weights that come with motionrecon, by name, as written in ``weights.toml``."""
    index = folder() / INDEX
    return tomllib.loads(index.read_text(encoding="utf-8")) if index.is_file() else {}


def names() -> tuple[str, ...]:
    """The names that :func:`load` knows."""
    return tuple(records())


def find(name: str) -> Path:
    """The checked file of the weights called ``name``; a path of a ``.safetensors`` file is its own name.

    Raises:
        InputError: no weights have this name, or no file this path.
        ModelError: the file is missing or damaged.
    """
    if name.endswith(".safetensors"):
        if not Path(name).is_file():
            raise InputError(f"weights {name}: no such file")
        return Path(name)
    known = records()
    if name not in known:
        choice = ", ".join([*known, "a .safetensors file"])
        raise InputError(f"no weights are called {name!r}: choose one of {choice}")
    path = folder() / known[name]["file"]
    if not path.is_file():
        raise ModelError(f"{path}: the weights '{name}' are missing; install motionrecon again")
    if (found := sha256(path)) != known[name]["sha256"]:
        raise ModelError(
            f"{path}: the weights '{name}' are damaged (SHA-256 {found[:12]}…, not {known[name]['sha256'][:12]}…); "
            "install motionrecon again"
        )
    return path


def load(name: str = DEFAULT, explore: bool = True) -> nn.Module:
    """The rule with the weights called ``name`` (or of the file at that path), ready to run; shared: do not change it.

    Args:
        name: one of :func:`names`, or the path of a ``.safetensors`` file; "" for Optimus without training.
        explore: False for the rule without its look around for better minima.

    Raises:
        InputError, ModelError: as :func:`find` and :func:`read`.
    """
    path = Path(name)
    changed = path.stat().st_mtime_ns if name.endswith(".safetensors") and path.is_file() else 0
    with torch.inference_mode(False):  # what is shared must serve everybody
        return _loaded(name, explore, folder(), changed)


def load_rule(name: str = DEFAULT, explore: bool = True) -> OptimusRule:
    """:func:`load` for those who step with it; :class:`InputError` where the weights are of something else."""
    from motionrecon.optimus.rule import OptimusRule

    rule = load(name, explore)
    if not isinstance(rule, OptimusRule):
        raise InputError(f"the weights {name!r} belong to {type(rule).__name__}: give weights of Optimus for functions")
    return rule


@lru_cache(maxsize=16)
def _loaded(name: str, explore: bool, within: Path, changed: int) -> nn.Module:
    if not name:
        from motionrecon.optimus.rule import OptimusRule

        return OptimusRule(explore=explore)
    rule: Any = read(find(name))
    if not explore and hasattr(rule, "explore"):
        rule.explore = False
    return rule


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
    module, cls = kind.path.split(":")
    try:
        with torch.inference_mode(False), torch.random.fork_rng(devices=[]):  # making a rule draws weights
            rule = kind.make(getattr(importlib.import_module(module), cls), json.loads(about["arguments"]))
        rule.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        why = " ".join(str(error).split())
        raise ModelError(f"{path} does not fit this version of motionrecon ({why}); train or install again") from error
    return rule.requires_grad_(False).eval()


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
    kinds = [name for name, kind in KINDS.items() if kind.path == f"{cls.__module__}:{cls.__qualname__}"]
    if not kinds:
        raise TypeError(f"{cls.__name__} has no entry in motionrecon.optimus.weights.KINDS")
    about = {"kind": kinds[0], "arguments": json.dumps(KINDS[kinds[0]].describe(rule), sort_keys=True)}
    tensors = {key: value.detach().cpu().contiguous() for key, value in rule.state_dict().items()}
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={**(facts or {}), **about})


def ship(source: str | Path, name: str, command: str, into: str | Path) -> None:
    """Copy a file of weights into the folder ``into`` under ``name``, and write its section of ``weights.toml`` there.

    The section holds the hash, the command and the facts that the file was saved with.

    Args:
        source: a file that :func:`save` wrote.
        name: what users will call the weights.
        command: the command line that trained them.
        into: ``models/optimus`` of a checkout.

    Raises:
        ModelError: as :func:`read`.
    """
    read(source)
    into = Path(into)
    file = into / f"{name}.safetensors"
    with atomic(file) as temporary:
        shutil.copyfile(source, temporary)
    with safe_open(str(file), framework="pt") as opened:
        facts = {key: value for key, value in sorted(opened.metadata().items()) if key not in ("kind", "arguments")}
    index = into / INDEX
    known = tomllib.loads(index.read_text(encoding="utf-8")) if index.is_file() else {}
    known[name] = {"file": file.name, "sha256": sha256(file), "command": command, **facts}
    lines = ["# Written by motionrecon.optimus.weights.ship."]
    for key, record in known.items():
        lines += ["", f"[{json.dumps(key)}]"]
        # JSON's strings are TOML's.
        lines += [f"{field} = {json.dumps(value, ensure_ascii=False)}" for field, value in record.items()]
    with atomic(index) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
