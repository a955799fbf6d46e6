"""Published searches for better minima, as peers: basin hopping and CMA-ES.

Both run until the function that they are given raises, which is how a budget ends; neither asks for anything but it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from jaxtyping import Float

from motionrecon.errors import InputError

#: Never the reason to stop.
_FOREVER = 1_000_000


def basin_hopping(
    value_and_gradient: Callable[[np.ndarray], tuple[float, np.ndarray]],
    x: Float[np.ndarray, " n"],
    step: float,
    seed: int,
) -> None:
    """Wales and Doye's (1997), as SciPy has it: L-BFGS-B from points around the lowest minimum so far.

    Args:
        step: of the hops, uniform up to it in each unknown; SciPy adapts it.
        seed: of the hops.
    """
    from scipy.optimize import basinhopping

    local = {"method": "L-BFGS-B", "jac": True, "options": {"maxiter": _FOREVER, "maxfun": _FOREVER}}
    # A temperature of 0 takes only what is lower, and has no unit.
    with np.errstate(all="ignore"):
        basinhopping(
            value_and_gradient, x, niter=_FOREVER, T=0.0, stepsize=step, minimizer_kwargs=local, interval=10, seed=seed
        )


def cma_es(value: Callable[[np.ndarray], float], x: Float[np.ndarray, " n"], sigma: float, seed: int) -> None:
    """Hansen's covariance matrix adaptation, as the package ``cma`` has it, which sees values only.

    Where it has converged it begins anew from its best point with twice the population (IPOP, Auger and Hansen 2005).

    Args:
        sigma: standard deviation of the first generation.
        seed: of the samples.

    Raises:
        InputError: where ``cma`` is not installed.
    """
    if not cma_is_here():
        raise InputError("cma-es needs the package cma: pip install cma, or leave it out")
    import cma

    size, options = 0, {"verbose": -9, "seed": seed + 1, "maxiter": _FOREVER, "maxfevals": _FOREVER}
    while True:
        search = cma.CMAEvolutionStrategy(x, sigma, options | ({"popsize": size} if size else {}))
        while not search.stop():
            points = search.ask()
            search.tell(points, [value(point) for point in points])
        x, size = search.result.xbest, 2 * search.popsize


def cma_is_here() -> bool:
    """Whether the package ``cma`` is installed."""
    return find_spec("cma") is not None
