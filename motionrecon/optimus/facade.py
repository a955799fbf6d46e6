"""Optimus, the learned optimizer, as one of the optimizers: for functions with gradients, and for sums of squares.

Sums of squares go to :class:`motionrecon.optimus.squares.OptimusSquares`, which may be used by itself where its own
settings matter. torch is imported when a network first runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motionrecon.errors import InputError
from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.first_order import rms
from motionrecon.optimizers.problem import Counted, CountedLeastSquares

if TYPE_CHECKING:
    from torch import nn

    from motionrecon.optimus.squares import OptimusSquares

#: The weights for sums of squares: a name, or "" for none.
SQUARES_WEIGHTS = ""

#: Evaluations that a run plans with where nobody says.
BUDGET = 200
#: Unknowns at most; as in motionrecon.optimus.limit, which is not imported here without need.
LIMIT = 4000
#: Evaluations without a relative decrease of ``ftol`` after which a run that does not explore ends.
PATIENCE = 20


@dataclass(frozen=True)
class OptimusMemory:
    """What Optimus keeps between steps.

    Attributes:
        run: the rule's state, a dictionary of tensors.
        gradient: rms of the gradient at the best point.
        first: rms of the gradient at the start.
        start: f at the start.
        mark: f when the value last fell by more than ``ftol`` of the decrease from the start.
        since: evaluations since then.
    """

    run: dict[str, Any]
    gradient: float
    first: float
    start: float
    mark: float
    since: int = 0


@dataclass(frozen=True)
class Optimus(Optimizer[Any]):
    """The learned optimizer. All but ``squares`` is about functions that have a gradient only: one evaluation a step.

    There Optimus plans with the evaluations that it is given: when a local search has settled and enough are left, it
    looks for a better basin. So by default a run spends them all; ``explore=False`` ends it in the first minimum.

    Attributes:
        explore: look for better minima with the evaluations that are left.
        gtol: converged once the rms of the gradient is this share of what it was at the start.
        ftol: without ``explore``, converged when the value has not fallen by this share of the decrease so far for 20
            evaluations.
        weights: the name of trained weights, or a ``.safetensors`` file; "" for none, so that only the classical seeds
            act.
        evaluations: the evaluations planned; 0 stands for those that ``minimize`` allows.
        limit: unknowns at most; memory grows with their square.
        squares: the weights for sums of squares; "" for none, so that only the classical seeds act.
    """

    explore: bool = True
    gtol: float = 1e-6
    ftol: float = 1e-12
    weights: str = "optimus"
    evaluations: int = 0
    limit: int = LIMIT
    squares: str = SQUARES_WEIGHTS

    def __post_init__(self) -> None:
        self._check(gtol=(0, 1), ftol=(0, 1), evaluations=(0, 1e9), limit=(1, 1e6))
        if not isinstance(self.explore, bool):
            raise InputError(f"Optimus has explore={self.explore!r}: give True or False")
        for name in ("weights", "squares"):
            if not isinstance(found := getattr(self, name), (str, Path)):
                raise InputError(f'Optimus has {name}={found!r}: give a name or a file, or "" for none')

    def planned(self, evaluations: int) -> Optimus:
        return replace(self, evaluations=min(self.evaluations or evaluations, evaluations))

    def begin(self, problem: Counted, x0: np.ndarray) -> tuple[float, Any]:
        if isinstance(problem, CountedLeastSquares):
            return self._of_squares.begin(problem, x0)
        from motionrecon.optimus.limit import check_unknowns

        check_unknowns(len(x0), self.limit)
        rule = self._rule()
        value, gradient = problem.value_and_gradient(x0)
        run = rule.begin(*_tensors(x0, value, gradient), self.evaluations or BUDGET)  # type: ignore[operator]
        size = rms(gradient)
        return value, OptimusMemory(run, size, size, value, value)

    def advance(self, problem: Counted, state: State[Any]) -> tuple[np.ndarray, float, Any]:
        if not isinstance(state.memory, OptimusMemory):
            return self._of_squares.advance(problem, state)
        import torch

        memory, rule = state.memory, self._rule()
        with torch.no_grad():
            x, run = rule.propose(memory.run)  # type: ignore[operator]
        point = x[0].numpy().copy()
        value, gradient = problem.value_and_gradient(point)  # may use torch and its gradients itself
        with torch.no_grad():
            run = rule.observe(run, *_tensors(point, value, gradient))  # type: ignore[operator]
        if not value < state.value:
            return state.x, state.value, replace(memory, run=run, since=memory.since + 1)
        fell = memory.mark - value > self.ftol * (memory.start - value)
        mark, since = (value, 0) if fell else (memory.mark, memory.since + 1)
        return point, value, replace(memory, run=run, gradient=rms(gradient), mark=mark, since=since)

    def needs_derivative(self, state: State[Any]) -> bool:
        return isinstance(state.memory, OptimusMemory) or self._of_squares.needs_derivative(state)

    def finished(self, state: State[Any]) -> Result | None:
        memory = state.memory
        if not isinstance(memory, OptimusMemory):
            return self._of_squares.finished(state)
        if memory.gradient == 0:
            return Result.GRADIENT
        if self.explore and state.evaluations.derivatives < (self.evaluations or BUDGET):
            return None
        if memory.gradient <= self.gtol * memory.first:
            return Result.GRADIENT
        if self.explore or memory.since < PATIENCE:
            return None
        return Result.SMALL_DECREASE if state.value < memory.start else Result.STALLED

    def fallbacks(self, state: State[Any]) -> int:
        memory = state.memory
        if not isinstance(memory, OptimusMemory):
            return self._of_squares.fallbacks(state)
        return int(memory.run["fallbacks"][0]) if "fallbacks" in memory.run else 0

    @cached_property
    def _of_squares(self) -> OptimusSquares:
        from motionrecon.optimus.squares import OptimusSquares

        return OptimusSquares(weights=self.squares)

    def _rule(self) -> nn.Module:
        from motionrecon.optimus import weights

        return weights.load_rule(self.weights, self.explore)


def _tensors(x: np.ndarray, value: float, gradient: np.ndarray) -> tuple[Any, Any, Any]:
    """A point (n,) and what was found there, as a batch of one."""
    import torch

    f = torch.tensor([value], dtype=torch.float64)
    return torch.from_numpy(x.copy())[None], f, torch.from_numpy(np.array(gradient))[None]
