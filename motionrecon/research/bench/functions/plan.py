"""What is to be measured, cell by cell, and where a finished cell lies on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.core.files import read_arrays
from motionrecon.errors import InputError
from motionrecon.research.bench.functions import learned
from motionrecon.research.bench.functions.peers import PEERS
from motionrecon.research.bench.functions.peers.tuning import Tuned
from motionrecon.research.bench.hopping import cma_is_here
from motionrecon.research.tasks.functions import FUNCTIONS, function

DIMS = (10, 50, 100, 200, 500)
EVALUATIONS = (100, 500)
#: Most unknowns with which a peer is run. SciPy's BFGS multiplies full matrices in each step, n^3; ours, with the same
#: formula in n^2, stands for it beyond. The others get nowhere in so few evaluations beyond theirs.
LIMITS = {"scipy-bfgs": 200, "basin-hopping": 10, "cma-es": 10}


def installed() -> tuple[str, ...]:
    """The peers that can be run here: CMA-ES needs the package ``cma``."""
    return tuple(name for name in PEERS if name != "cma-es" or cma_is_here())


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        functions: names of test functions.
        dims: numbers of unknowns.
        evaluations: budgets.
        instances: of each function and dimension, at most; see :meth:`count`.
        seed: another seed gives other instances and starts.
        methods: names of peers and learned optimizers.
        weights: names of learned optimizers with files to be measured instead of their shipped weights, one for each
            training seed.
    """

    functions: tuple[str, ...] = tuple(FUNCTIONS)
    dims: tuple[int, ...] = DIMS
    evaluations: tuple[int, ...] = EVALUATIONS
    instances: int = 64
    seed: int = 0
    methods: tuple[str, ...] = field(default_factory=lambda: (*installed(), *learned.available()))
    weights: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for name in self.functions:
            function(name)
        for name in self.methods:
            if name not in PEERS and name not in learned.LEARNED:
                known = ", ".join((*PEERS, *learned.LEARNED))
                raise InputError(f"no optimizer called {name!r} can be measured: choose from {known}")
        for name, _ in self.weights:
            learned.get(name)
        for what, numbers, least in (
            ("dims", self.dims, 1),
            ("evaluations", self.evaluations, 2),
            ("instances", (self.instances,), 2),
        ):
            if not numbers or min(numbers) < least:
                raise InputError(f"{what}={', '.join(map(str, numbers)) or 'nothing'}: give numbers from {least}")

    def count(self, n: int) -> int:
        """Instances in n unknowns: fewer for many unknowns, to save time, but not below 8 unless asked for."""
        return min(self.instances, max(8, 2400 // n))

    def labels(self, method: str) -> tuple[str, ...]:
        """The trainings of a learned method; one without a name for a peer."""
        if method in PEERS:
            return ("",)
        return tuple(path for name, path in self.weights if name == method) or learned.get(method).labels()

    def methods_for(self, n: int) -> tuple[str, ...]:
        """The methods that are run in n unknowns."""
        return tuple(m for m in self.methods if n <= LIMITS.get(m, n))


#: The quick plan keeps the order of the full table's methods at n = 10.
QUICK: dict[str, Any] = {"dims": (10,), "evaluations": (100,), "instances": 16}


@dataclass(frozen=True)
class Cell:
    """Results of one method (and training seed) on one function, dimension and budget.

    Attributes:
        log_gap: version -> log10 of the gap over that at the start (P, budget), after each evaluation.
        objective: version -> lowest value of the base function found (P,), without the instance's factor.
    """

    log_gap: dict[str, Float[np.ndarray, "P budget"]]
    objective: dict[str, Float[np.ndarray, " P"]]


@dataclass(frozen=True)
class CellJob:
    """One cell to be computed.

    Attributes:
        label: shipped name or file of the weights of a learned method; "" where it has none.
        settings: version -> what was tuned, for peers.
        key: what the result depends on besides the job's own names; a cell with another key is computed anew.
    """

    method: str
    label: str
    function: str
    n: int
    budget: int
    instances: int
    seed: int
    settings: tuple[tuple[str, Tuned], ...]
    key: str

    def path(self, folder: Path) -> Path:
        name = self.method
        if self.label:  # files of several folders may have one name
            name += f"@{Path(self.label).stem}-{hashlib.sha256(self.label.encode()).hexdigest()[:6]}"
        return folder / "cells" / f"{name}_{self.function}_n{self.n}_{self.budget}.npz"

    def read(self, folder: Path) -> Cell | None:
        """The finished cell, or None if there is none of this key."""
        try:
            arrays = read_arrays(self.path(folder))
        except (OSError, ValueError):
            return None
        if str(arrays.get("key")) != self.key:
            return None
        versions = [name.removeprefix("log_gap_") for name in arrays if name.startswith("log_gap_")]
        return Cell({v: arrays[f"log_gap_{v}"] for v in versions}, {v: arrays[f"objective_{v}"] for v in versions})


def chosen(
    *,
    quick: bool = False,
    functions: Sequence[str] = (),
    dims: Sequence[int] = (),
    evaluations: Sequence[int] = (),
    instances: int | None = None,
    methods: Sequence[str] = (),
    weights: Sequence[str] = (),
    seed: int = 0,
) -> Plan:
    """The plan of what is given; what is not given is as in the quick or in the full plan.

    Args:
        weights: ``NAME=FILE`` each.

    Raises:
        InputError: for a parameter that cannot be used.
    """
    given: dict[str, Any] = {
        "functions": tuple(functions),
        "dims": tuple(dict.fromkeys(dims)),
        "evaluations": tuple(sorted(set(evaluations))),
        "instances": instances,
    }
    pairs = []
    for pair in weights:
        name, equals, path = pair.partition("=")
        if not equals:
            raise InputError(f"weights={pair}: write NAME=FILE, for example optimus-paper=training/best.safetensors")
        pairs.append((name, path))
    if not methods:
        added = [name for name, _ in pairs if name in learned.LEARNED]
        methods = tuple(name for name in learned.LEARNED if name in (*learned.available(), *added))
        methods = (*installed(), *methods)
    elif missing := [m for m in methods if m in learned.LEARNED and m not in (*learned.available(), *dict(pairs))]:
        raise InputError(f"{missing[0]} has no weights yet: train some and give them with weights={missing[0]}=FILE")
    quick_plan = QUICK if quick else {}
    return Plan(
        **{**quick_plan, **{key: value for key, value in given.items() if value}},
        seed=seed,
        methods=tuple(methods),
        weights=tuple(pairs),
    )
