"""The methods that are compared on windows, and what is written down of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from motionrecon.core.files import sha256
from motionrecon.optimizers import Optimizer, registry
from motionrecon.research.bench.fingerprint import of_code


@dataclass(frozen=True)
class Method:
    """One line of the tables.

    Attributes:
        name: in the tables.
        optimizer: a name in `motionrecon.optimizers`, or ``module:name`` of what makes an `Optimizer`.
        hyper: its options.
        kind: ``peer`` (hand-made), ``control`` (Optimus less something) or ``learned``.
        tried: options and the values among which `tune` chooses.
        in_turn: whether it has all the starts of the main job, in turn, and not the first alone.
    """

    name: str
    optimizer: str
    hyper: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "peer"
    tried: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    in_turn: bool = False

    @property
    def key(self) -> str:
        """Tells results of these options from those of others, and of code and weights from their other versions."""
        module, _, name = self.optimizer.partition(":")
        version = f" {of_code(module)[:8]}" if name else ""
        if weights := self.hyper.get("weights"):
            version += f" {_weights_hash(weights)}"
        if self.in_turn:
            version += f" {of_code('motionrecon.optimizers.turns')[:8]}"
        return f"{self.name}{version} {json.dumps(dict(self.hyper), sort_keys=True)}"

    def build(self) -> Optimizer[Any]:
        """The optimizer.

        Raises:
            InputError: there is none of that name, or it has no such option.
        """
        module, _, name = self.optimizer.partition(":")
        if not name:
            return registry.make(module, **self.hyper)
        made: Optimizer[Any] = getattr(import_module(module), name)(**self.hyper)
        return made


@cache
def _weights_hash(name: str) -> str:
    from motionrecon.optimus import weights

    return sha256(weights.find(name))[:8]


_SQUARES = "motionrecon.optimus.weighted_squares:with_weights"

#: A new method is one line here. Values of tuned options are those that `tune` found on the set "tune".
METHODS: tuple[Method, ...] = (
    Method("lm-plain", "lm", {"search": 1, "broyden": 0, "mu": 1e-2}, tried={"mu": (1e-4, 1e-3, 1e-2, 1e-1, 1.0)}),
    Method("lm", "lm", {"mu": 1e-2}, tried={"mu": (1e-3, 1e-2, 1e-1)}),
    Method("lbfgs", "lbfgs", {"first": 0.1}, tried={"first": (0.02, 0.1)}),
    Method("bfgs", "bfgs", {"first": 0.1}, tried={"first": (0.02, 0.1)}),
    Method("adam", "adam", {"rate": 0.03}, tried={"rate": (0.01, 0.03, 0.1)}),
    Method("optimus-untrained", _SQUARES, kind="control"),
    Method("main-job", _SQUARES, kind="control", in_turn=True),
    Method("optimus", _SQUARES, {"weights": "optimus-windows"}, kind="learned"),
    Method("optimus-1", _SQUARES, {"weights": "optimus-windows-1"}, kind="learned"),
    Method("optimus-paper", "optimus-paper", {"weights": "optimus-paper-windows"}, kind="learned"),
    Method("optimus-no-attention", _SQUARES, {"weights": "optimus-windows-no-attention"}, kind="control"),
)
