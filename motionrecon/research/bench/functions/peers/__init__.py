"""The hand-made optimizers that a learned one is measured against, run on random instances of the test functions.

Peers are given every advantage that a careful user has: they know the size of the domain (their unknowns are in half
widths of it), f is divided by the rms of its first gradient, their learning rates or first steps are tuned for each
function, dimension and budget on instances of their own (`tuning`), and each also runs in a version that starts anew at
a random point of the domain whenever it has converged or stalled (`stopping`). A value with its gradient counts as one
evaluation, wherever a line search asks for it.

Gradient descent, momentum and Adam step all instances at once, through the ``descend`` of ``motionrecon.optimizers``
(`all_at_once`); BFGS and L-BFGS (ours and SciPy's), basin hopping and CMA-ES run one by one (`one_by_one`).
"""

from __future__ import annotations

FIRST_ORDER = ("gd", "momentum", "adam")
QUASI_NEWTON = ("bfgs", "lbfgs", "scipy-bfgs", "scipy-lbfgs")
#: Those that look for better minima by themselves, and so have no other version.
HOPPING = ("basin-hopping", "cma-es")
#: The methods that Optimus is measured against.
PEERS = (*FIRST_ORDER, *QUASI_NEWTON, *HOPPING)
#: ``plain`` runs on from one start; ``restarts`` starts anew wherever it has converged or stalled.
VERSIONS = ("plain", "restarts")
