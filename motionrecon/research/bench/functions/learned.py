"""Optimus and the learned optimizers on the test functions: which there are, and how they run.

To measure another one, add its line to :data:`LEARNED`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from motionrecon.errors import InputError
from motionrecon.optimus.rule import OptimusRule
from motionrecon.optimus.state import RuleState
from motionrecon.research.bench.fingerprint import of_code as fingerprint_of_code
from motionrecon.research.bench.functions.peers.instances import Instances

#: The one that is measured, those it has to beat, and those that say what of it was learned.
Role = Literal["subject", "peer", "control"]


@dataclass(frozen=True)
class Learned:
    """A learned optimizer.

    Attributes:
        role: what it is in the comparison.
        labels: gives the names of its trainings, one for each training seed; none where nothing was trained yet.
        make: the rule of one of them, or of a file of weights.
    """

    role: Role
    labels: Callable[[], tuple[str, ...]]
    make: Callable[[str], Any]


@dataclass(frozen=True)
class OnTensors:
    """Optimus's rule, which steps with NumPy's arrays, on torch's tensors, as learned rules do."""

    rule: OptimusRule

    def begin(self, x: Tensor, f: Tensor, g: Tensor, budget: int) -> RuleState:
        return self.rule.begin(x.numpy(), f.numpy(), g.numpy(), budget)

    def propose(self, state: RuleState) -> tuple[Tensor, RuleState]:
        x, state = self.rule.propose(state)
        return torch.from_numpy(x), state

    def observe(self, state: RuleState, x: Tensor, f: Tensor, g: Tensor) -> RuleState:
        return self.rule.observe(state, x.numpy(), f.numpy(), g.numpy())


def _trained(role: Role, name: str) -> Learned:
    """The shipped weights called ``name``, ``name-1``, ``name-2``, ...: one for each training seed."""

    def labels() -> tuple[str, ...]:
        from motionrecon.optimus import weights

        return tuple(known for known in weights.names() if re.fullmatch(re.escape(name) + r"(-\d+)?", known))

    def make(label: str) -> Any:
        from motionrecon.optimus import weights

        return weights.load(label)

    return Learned(role, labels, make)


def _built_in(role: Role, **options: bool) -> Learned:
    """Optimus for functions, which runs on built-in rules, or a part of them."""

    def make(label: str) -> OnTensors:
        if label:
            raise InputError(f"weights={label}: Optimus runs on built-in rules for functions, and has no weights")
        return OnTensors(OptimusRule(**options))

    return Learned(role, lambda: ("",), make)


#: Optimus and the learned optimizers by name. A new one is one line here.
LEARNED: dict[str, Learned] = {
    "optimus": _built_in("subject"),
    "optimus-paper": _trained("peer", "optimus-paper"),
    "adafactor": _trained("peer", "adafactor"),
    "no-axes": _built_in("control", along_axes=False),
    "no-exploration": _built_in("control", explore=False),
    "identity": _built_in("control", identity=True),
    "paper-no-attention": _trained("control", "optimus-paper-no-attention"),
    "paper-no-rank-one": _trained("control", "optimus-paper-no-rank-one"),
}


def get(name: str) -> Learned:
    """The learned optimizer called ``name``."""
    if name not in LEARNED:
        raise InputError(f"no learned optimizer is called {name!r}: choose from {', '.join(LEARNED)}")
    return LEARNED[name]


def available() -> tuple[str, ...]:
    """The names of those that are trained, or need no training."""
    return tuple(name for name, entry in LEARNED.items() if entry.labels())


def run(rule: Any, instances: Instances, budget: int) -> np.ndarray:
    """Lowest values so far (P, budget) of a rule on ``instances``, all at once. It is told nothing but f and g."""
    batch = instances.batch
    best = np.empty((batch.P, budget))
    with torch.no_grad():
        x = instances.start
        f, g = batch.value_and_gradient(x)
        state = rule.begin(x, f, g, budget)
        lowest: Tensor = torch.where(f.isfinite() & g.isfinite().all(-1), f, torch.inf)
        best[:, 0] = lowest.numpy()
        enough = instances.enough()
        for t in range(1, budget):
            x, state = rule.propose(state)
            f, g = batch.value_and_gradient(x)
            state = rule.observe(state, x, f, g)
            lowest = torch.minimum(lowest, torch.where(f.isfinite() & g.isfinite().all(-1), f, torch.inf))
            best[:, t] = lowest.numpy()
            if (best[:, t] <= enough).all():
                best[:, t:] = best[:, t, None]
                break
    return best


def fingerprint(rule: Any) -> str:
    """Changes with the weights and settings of ``rule``, and with the code that it runs (comments aside)."""
    digest = hashlib.sha256()
    if isinstance(rule, OnTensors):
        digest.update(repr(rule.rule).encode())
        digest.update(fingerprint_of_code(type(rule.rule).__module__).encode())
        return digest.hexdigest()[:16]
    for name, tensor in sorted(rule.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    settings = {key: value for key, value in vars(rule).items() if isinstance(value, (bool, float, str))}
    digest.update(repr(sorted(settings.items())).encode())
    digest.update(fingerprint_of_code(type(rule).__module__).encode())
    return digest.hexdigest()[:16]
