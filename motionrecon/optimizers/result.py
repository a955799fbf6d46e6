"""What ``minimize`` returns: the fields that SciPy's users know, as attributes and as items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from motionrecon.optimizers.base import Result
from motionrecon.optimizers.problem import Evaluations

#: ``status`` by the reason to end; SciPy's numbers where it has them.
_STATUS = {Result.MAX_EVALUATIONS: 1, Result.MAX_STEPS: 1, Result.STALLED: 2, Result.DIVERGED: 3, Result.CALLBACK: 99}
#: The items, in SciPy's order, and then what is our own.
_KEYS = (
    "message", "success", "status", "fun", "x", "nit", "jac", "nfev", "njev", "result", "evaluations", "fallbacks",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class OptimizeResult(Mapping[str, Any]):
    """What a minimization found. ``result.x`` and ``result["x"]`` are the same.

    Attributes:
        x: the best point evaluated, never worse than the start: (n,) for a problem; for a function an array or tensor
            like the start.
        fun: f at ``x``; not finite only if f had no finite value at the start nor elsewhere.
        jac: the gradient at ``x``, of its shape and type; None where only a bare value was asked for there.
        success: True where a test of convergence was met.
        message: why it ended, for people.
        result: why it ended, for programs; None while it goes on (in a callback).
        nit: steps taken; each evaluates at most one gradient or Jacobian.
        evaluations: what was asked of the problem.
        nfev: times f was evaluated: bare, with a gradient, or with a Jacobian; for difference quotients too.
        njev: times a gradient or Jacobian was evaluated.
        fallbacks: steps of Optimus that were a safer one in place of the first, or lowered nothing.
        status: 0 converged, 1 evaluations or steps spent, 2 stalled, 3 no finite value, 99 stopped by the callback, -1
            going on.
    """

    x: Any
    fun: float
    jac: Any
    success: bool
    message: str
    result: Result | None
    nit: int
    evaluations: Evaluations
    fallbacks: int = 0

    @property
    def nfev(self) -> int:
        return self.evaluations.values + self.evaluations.derivatives

    @property
    def njev(self) -> int:
        return self.evaluations.derivatives

    @property
    def status(self) -> int:
        return -1 if self.result is None else _STATUS.get(self.result, 0)

    def __getitem__(self, key: str) -> Any:
        if key not in _KEYS:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(_KEYS)

    def __len__(self) -> int:
        return len(_KEYS)

    def __repr__(self) -> str:
        return "\n".join(f"{key:>12}: {value!r}" for key, value in self.items())
