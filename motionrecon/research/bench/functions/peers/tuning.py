"""What peers are tuned to for each function, dimension and budget, on instances of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motionrecon.research.bench.functions.peers import FIRST_ORDER, HOPPING, VERSIONS
from motionrecon.research.bench.functions.peers.all_at_once import first_order
from motionrecon.research.bench.functions.peers.instances import Instances, score
from motionrecon.research.bench.functions.peers.one_by_one import hopping, quasi_newton

#: Rates tried, in half widths of the domain: rms length of the first step of gradient descent, of any step of Adam.
RATES = tuple(float(f"{r:.3g}") for r in np.geomspace(1e-4, 100, 13))
#: rms lengths of the first step tried by our BFGS and L-BFGS, in half widths of the domain.
FIRST_STEPS = (0.02, 0.2, 1.0, 3.0)
#: Steps of hops, and first standard deviations of CMA-ES, that are tried, in half widths of the domain.
HOPS = (0.1, 0.3, 1.0)
#: Instances that these are tuned on.
HOPPING_TUNED = 8
#: Evaluations without progress after which the version with restarts starts anew.
PATIENCES = (5, 10, 20)


def versions(method: str) -> tuple[str, ...]:
    """The versions that there are of ``method``."""
    return VERSIONS[1:] if method in HOPPING else VERSIONS


@dataclass(frozen=True)
class Tuned:
    """What was tuned for one peer, version, function, dimension and budget.

    Attributes:
        rate: learning rate, the first step of BFGS and L-BFGS, the hop, or the first deviation of CMA-ES, in half
            widths of the domain.
        patience: evaluations without progress before a restart; None in the plain version.
    """

    rate: float
    patience: int | None

    def as_list(self) -> list[float | int | None]:
        return [self.rate, self.patience]


def tune(method: str, name: str, n: int, budgets: Sequence[int], seed: int = 0) -> dict[tuple[str, int], Tuned]:
    """The best settings of ``method`` on instances for tuning of function ``name``, by version and budget.

    The one with the highest mean score wins; among equals, the one that is lower along the way. ``method`` is one of
    `FIRST_ORDER`, of `HOPPING`, or "lbfgs", whose settings serve all of `QUASI_NEWTON`: they share
    the first step (along the gradient), and what restarts are for is the function's doing. To save time L-BFGS gets its
    patience tuned with the first step that was best without restarts.
    """
    P = HOPPING_TUNED if method in HOPPING else tuning_count(n)
    instances = Instances.draw("tune", name, n, P, seed)
    budget = max(budgets)
    found: dict[tuple[str, int], Tuned] = {}
    if method in FIRST_ORDER:
        for version in VERSIONS:
            patiences: Sequence[int | None] = PATIENCES if version == "restarts" else (None,)
            tried = [Tuned(rate, patience) for patience in patiences for rate in RATES]
            waits = None if version == "plain" else np.array([t.patience for t in tried])
            best = first_order(method, instances, budget, np.array([t.rate for t in tried]), waits)
            curves = instances.log_gaps(best)
            for b in budgets:
                found[version, b] = tried[_best(curves[..., :b])]
        return found
    if method in HOPPING:
        curves = instances.log_gaps(np.stack([hopping(method, instances, budget, step) for step in HOPS]))
        return {("restarts", b): Tuned(HOPS[_best(curves[..., :b])], None) for b in budgets}
    curves = instances.log_gaps(
        np.stack([quasi_newton(method, instances, budget, first, None) for first in FIRST_STEPS])
    )
    for b in budgets:
        found["plain", b] = Tuned(FIRST_STEPS[_best(curves[..., :b])], None)
    restarted: dict[float, np.ndarray] = {}
    for b in sorted(budgets, reverse=True):  # the shorter run is the beginning of the longer
        first = found["plain", b].rate
        if first not in restarted:
            restarted[first] = instances.log_gaps(
                np.stack([quasi_newton(method, instances, b, first, patience) for patience in PATIENCES])
            )
        found["restarts", b] = Tuned(first, PATIENCES[_best(restarted[first][..., :b])])
    return found


def tuning_count(n: int) -> int:
    """Instances that a setting is tuned on."""
    return int(np.clip(1000 // n, 4, 24))


def _best(curves: np.ndarray) -> int:
    """Which of K sets of curves (K, P, budget) has the highest mean score, or among equals the lowest curves."""
    scores = score(curves[..., -1]).mean(-1).round(3)
    return int(np.lexsort((curves.mean((-1, -2)), -scores))[0])
