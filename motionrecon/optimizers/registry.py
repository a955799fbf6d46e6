"""The optimizers by name. Only the one asked for is imported."""

from __future__ import annotations

import dataclasses
from importlib import import_module
from typing import TYPE_CHECKING, Any

from motionrecon.errors import InputError

if TYPE_CHECKING:
    from motionrecon.optimizers.base import Optimizer

#: Name -> module and class. A new optimizer is one file and one line here.
REGISTRY: dict[str, str] = {
    "optimus": "motionrecon.optimus.facade:Optimus",
    "lm": "motionrecon.optimizers.lm:LM",
    "lbfgs": "motionrecon.optimizers.lbfgs:LBFGS",
    "bfgs": "motionrecon.optimizers.bfgs:BFGS",
    "adam": "motionrecon.optimizers.adam:Adam",
    "momentum": "motionrecon.optimizers.momentum:Momentum",
    "gd": "motionrecon.optimizers.gd:GradientDescent",
}


def names() -> tuple[str, ...]:
    """The names that :func:`get` and ``minimize`` know, the default first."""
    return tuple(REGISTRY)


def get(name: str) -> type[Optimizer]:
    """The class of optimizer ``name``; :class:`InputError` listing the known names for any other."""
    if name not in REGISTRY:
        raise InputError(f"no optimizer is called {name!r}: choose one of {', '.join(names())}")
    module, cls = REGISTRY[name].split(":")
    return getattr(import_module(module), cls)


def make(name: str, **hyper: Any) -> Optimizer:
    """Optimizer ``name`` with hyperparameters ``hyper``; :class:`InputError` listing the known ones for any other."""
    cls = get(name)
    known = [f.name for f in dataclasses.fields(cls)]
    unknown = sorted(set(hyper) - set(known))
    if unknown:
        raise InputError(f"optimizer '{name}' has no option {', '.join(unknown)}: its options are {', '.join(known)}")
    return cls(**hyper)
