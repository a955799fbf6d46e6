"""The optimizers by name. Only the one asked for is imported."""

from __future__ import annotations

import dataclasses
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from motionrecon.errors import InputError

if TYPE_CHECKING:
    from motionrecon.optimizers.base import Optimizer

#: Name -> module and class. A new optimizer is one file and one line here.
REGISTRY: dict[str, str] = {
    "optimus": "motionrecon.optimus.facade:OptimusFunctions",
    "optimus-paper": "motionrecon.optimus.paper.optimizer:OptimusPaper",
    "lm": "motionrecon.optimizers.lm:LM",
    "lbfgs": "motionrecon.optimizers.lbfgs:LBFGS",
    "bfgs": "motionrecon.optimizers.bfgs:BFGS",
    "adam": "motionrecon.optimizers.adam:Adam",
    "momentum": "motionrecon.optimizers.momentum:Momentum",
    "gd": "motionrecon.optimizers.gd:GradientDescent",
}
#: What others call them, in lower case and without hyphens.
_OTHER_NAMES = {"lbfgsb": "lbfgs", "levenbergmarquardt": "lm", "gradientdescent": "gd", "optimuspaper": "optimus-paper"}


def names() -> tuple[str, ...]:
    """The names that :func:`get` and ``minimize`` know, the default first; in any case, and as SciPy spells them."""
    return tuple(REGISTRY)


def get(name: str) -> type[Optimizer[Any]]:
    """The class of optimizer ``name``; :class:`InputError` listing the known names for any other."""
    plain = re.sub(r"[-_ ]", "", name).lower() if isinstance(name, str) else name
    plain = _OTHER_NAMES.get(plain, plain)
    if plain not in REGISTRY:
        raise InputError(f"no optimizer is called {name!r}: choose one of {', '.join(names())}")
    module, cls = REGISTRY[plain].split(":")
    found: type[Optimizer[Any]] = getattr(import_module(module), cls)
    return found


def hyperparameters(name: str) -> tuple[str, ...]:
    """The names of the hyperparameters of optimizer ``name``."""
    return tuple(field.name for field in dataclasses.fields(get(name)))


def make(name: str, **hyper: Any) -> Optimizer[Any]:
    """Optimizer ``name`` with hyperparameters ``hyper``; :class:`InputError` listing the known ones for any other."""
    known = hyperparameters(name)
    unknown = sorted(set(hyper) - set(known))
    if unknown:
        raise InputError(f"optimizer '{name}' has no option {', '.join(unknown)}: its options are {', '.join(known)}")
    return get(name)(**hyper)
