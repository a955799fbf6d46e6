"""What a run may spend and how it ends, from the ways in which users of SciPy say it.

One rule for budgets: ``max_evaluations`` limits gradients and Jacobians, ``maxiter`` limits steps, and the run ends at
whichever comes first. A step evaluates at most one gradient or Jacobian, so ``maxiter`` alone allows that many and the
start's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from motionrecon.errors import InputError
from motionrecon.optimizers import registry
from motionrecon.optimizers.base import Optimizer

#: The method where none is named, and the gradients or Jacobians where nobody says.
DEFAULT_METHOD, DEFAULT_EVALUATIONS = "optimus", 200
#: Other names for hyperparameters, as SciPy's options have them; an optimizer has those of its own hyperparameters.
ALIASES = {"maxcor": "pairs", "maxls": "probes", "c1": "armijo", "c2": "wolfe"}
#: Other names for ``max_evaluations``.
_EVALUATIONS = ("max_evaluations", "maxfun", "maxfev", "max_nfev")
#: What SciPy has and this does not, and what to do instead; passed empty, as wrappers do, it is no matter.
_MISSING = {
    "constraints": "there are none here: add a penalty to fun, or use scipy.optimize.minimize with SLSQP",
    "hess": "no method here uses second derivatives: leave it out, or use residuals=True for Gauss-Newton's",
    "hessp": "no method here uses second derivatives: leave it out, or use residuals=True for Gauss-Newton's",
}


@dataclasses.dataclass(frozen=True)
class RunSettings:
    """How to run.

    Attributes:
        optimizer: what steps.
        max_evaluations: gradients and Jacobians at most.
        max_steps: steps at most; None for as many as the evaluations allow.
        disp: say at the end how it went.
    """

    optimizer: Optimizer[Any]
    max_evaluations: int
    max_steps: int | None
    disp: bool


def settings(
    method: str | Optimizer[Any] | None,
    hyper: Mapping[str, Any],
    options: Mapping[str, Any] | None,
    tol: float | None,
    max_evaluations: int | None,
    maxiter: int | None,
) -> RunSettings:
    """The settings that `minimize`'s arguments of these names ask for.

    Raises:
        InputError: for a name that nothing has, a value that cannot be, or one thing said twice.
    """
    if options is not None and not isinstance(options, Mapping):
        raise InputError(f'options is {options!r}: give a dictionary, such as {{"maxiter": 100}}')
    said: dict[str, Any] = {}
    given = {"max_evaluations": max_evaluations, "maxiter": maxiter, **hyper}
    for source in (given, options or {}):
        for name, value in source.items():
            if name in _MISSING:
                if value is not None and (name != "constraints" or len(value)):
                    raise InputError(f"minimize has no {name}: {_MISSING[name]}")
                continue
            name = "max_evaluations" if name in _EVALUATIONS else name
            if value is None and name in ("max_evaluations", "maxiter"):
                continue
            if name in said:
                raise InputError(f"{name} is given twice, as {said[name]!r} and {value!r}: give it once")
            said[name] = value
    steps = said.pop("maxiter", None)
    evaluations = said.pop("max_evaluations", None)
    disp = bool(said.pop("disp", False))
    if steps is not None:
        steps = _whole("maxiter", steps)
    if evaluations is None:
        evaluations = DEFAULT_EVALUATIONS if steps is None else steps + 1
    return RunSettings(_optimizer(method, said, tol), _whole("max_evaluations", evaluations), steps, disp)


def _optimizer(method: str | Optimizer[Any] | None, hyper: dict[str, Any], tol: float | None) -> Optimizer[Any]:
    if isinstance(method, Optimizer):
        if hyper or tol is not None:
            names = ", ".join([*hyper, *(["tol"] if tol is not None else [])])
            raise InputError(f"the optimizer is made already: give {names} to {type(method).__name__} itself")
        return method
    if method is not None and not isinstance(method, str):
        hint = f"give args={method!r} by name" if isinstance(method, tuple) else "give a name, or an optimizer"
        raise InputError(f"method, the third argument, is {method!r}: {hint}")
    name = method or DEFAULT_METHOD
    known = registry.hyperparameters(name)
    for alias, own in ALIASES.items():
        if own in known and alias in hyper:
            hyper[own] = hyper.pop(alias)
    if tol is not None:
        # As SciPy has it: the tolerance of every test that the method has and that is not given by itself.
        hyper = {test: tol for test in ("gtol", "ftol", "xtol") if test in known} | hyper
    return registry.make(name, **hyper)


def _whole(name: str, value: Any) -> int:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value != int(value) or value < 1:
        raise InputError(f"{name} is {value!r}: give a whole number, at least 1")
    return int(value)
