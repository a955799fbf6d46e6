"""Learned optimizers on the test functions: which there are, and how they run.

To measure another one, add its line to :data:`LEARNED`.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from motionrecon.bench.peers import Instances
from motionrecon.errors import InputError

#: The one that is measured, those it has to beat, and those that say what of it was learned.
Role = Literal["subject", "peer", "control"]


@dataclass(frozen=True)
class Learned:
    """A learned optimizer.

    Attributes:
        role: what it is in the comparison.
        load: gives its rules by training seed; an untrained one has one rule, under "".
    """

    role: Role
    load: Callable[[], dict[str, nn.Module]]


def _optimus(**options: Any) -> dict[str, nn.Module]:
    """Optimus without training: what its seeds do."""
    from motionrecon.optimus.rule import OptimusRule, shape

    torch.manual_seed(0)
    attention = options.pop("attention", True)
    return {"": OptimusRule(shape(attention=attention), **options)}


#: The learned optimizers by name. A new one is one line here.
LEARNED: dict[str, Learned] = {
    "untrained": Learned("control", _optimus),
    "untrained-no-trend": Learned("control", lambda: _optimus(explore=False)),
    "identity-B": Learned("control", lambda: _optimus(identity=True)),
}


def get(name: str) -> Learned:
    """The learned optimizer called ``name``."""
    if name not in LEARNED:
        raise InputError(f"no learned optimizer is called {name!r}: choose from {', '.join(LEARNED)}")
    return LEARNED[name]


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
        for t in range(1, budget):
            x, state = rule.propose(state)
            f, g = batch.value_and_gradient(x)
            state = rule.observe(state, x, f, g)
            lowest = torch.minimum(lowest, torch.where(f.isfinite() & g.isfinite().all(-1), f, torch.inf))
            best[:, t] = lowest.numpy()
    return best


def fingerprint(rule: nn.Module) -> str:
    """Changes with the weights of ``rule`` and with the source of every module of motionrecon that its parts are of."""
    digest = hashlib.sha256()
    for name, tensor in sorted(rule.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    sources = {inspect.getsourcefile(type(part)) for part in rule.modules()}
    for source in sorted(s for s in sources if s and "torch" not in s.split("/")):
        with open(source, "rb") as file:
            digest.update(file.read())
    digest.update(
        repr(sorted((k, v) for k, v in vars(rule).items() if isinstance(v, (bool, int, float, str)))).encode()
    )
    return digest.hexdigest()[:16]
