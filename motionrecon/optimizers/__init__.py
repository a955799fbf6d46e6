"""Optimizers behind one interface. They know nothing of video or bodies, only :class:`Problem`.

    result = minimize(problem, x0, method="lm", max_evaluations=50)

A new optimizer derives from :class:`Optimizer`, in a file of its own, and adds its line to ``registry.py``.
"""

from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.minimize import minimize
from motionrecon.optimizers.problem import (
    BatchedLeastSquares,
    Evaluations,
    FactoredLeastSquares,
    Factors,
    LeastSquares,
    Problem,
)
from motionrecon.optimizers.registry import get, make, names
from motionrecon.optimizers.result import OptimizeResult

__all__ = [
    "BatchedLeastSquares",
    "Evaluations",
    "FactoredLeastSquares",
    "Factors",
    "LeastSquares",
    "OptimizeResult",
    "Optimizer",
    "Problem",
    "Result",
    "State",
    "get",
    "make",
    "minimize",
    "names",
]
