"""Optimus as one of the optimizers: for functions with gradients, and for sums of squares.

Sums of squares go to :mod:`motionrecon.optimus.gauss_newton`, whose optimizer may be used by itself where its own
settings matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.errors import InputError
from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.counted import Counted
from motionrecon.optimizers.first_order import rms
from motionrecon.optimizers.problem import LeastSquares, Problem
from motionrecon.optimus.limit import LIMIT, check_unknowns
from motionrecon.optimus.rule import OptimusRule
from motionrecon.optimus.state import RuleState

#: The weights for sums of squares: a name, or "" for none.
SQUARES_WEIGHTS = ""

#: Evaluations that a run plans with where nobody says.
BUDGET = 200
#: Evaluations without a relative decrease of ``ftol`` after which a run that does not explore ends.
PATIENCE = 20


@dataclass(frozen=True)
class OptimusMemory:
    """What Optimus keeps between steps.

    Attributes:
        run: the rule's state.
        gradient: rms of the gradient at the best point.
        first: rms of the gradient at the start.
        start: f at the start.
        mark: f when the value last fell by more than ``ftol`` of the decrease from the start.
        since: evaluations since then.
    """

    run: RuleState
    gradient: float
    first: float
    start: float
    mark: float
    since: int = 0


@dataclass(frozen=True)
class OptimusFunctions(Optimizer[OptimusMemory]):
    """Optimus on built-in rules, for functions that have a gradient only: one evaluation a step.

    For sums of squares `for_problem` gives its sister, of which only ``squares`` speaks here.

    There Optimus plans with the evaluations that it is given: when a local search has settled and enough are left, it
    looks for a better basin. So by default a run spends them all; ``explore=False`` ends it in the first minimum.

    Attributes:
        explore: look for better minima with the evaluations that are left.
        gtol: converged once the rms of the gradient is this share of what it was at the start.
        ftol: without ``explore``, converged when the value has not fallen by this share of the decrease so far for 20
            evaluations.
        weights: gone: functions run on built-in rules, since what was trained for them was no better.
        evaluations: the evaluations planned; 0 stands for those that ``minimize`` allows.
        limit: unknowns at most; memory grows with their square.
        squares: the weights for sums of squares; "" for none, so that only the classical seeds act.
    """

    explore: bool = True
    gtol: float = 1e-6
    ftol: float = 1e-12
    weights: str = ""
    evaluations: int = 0
    limit: int = LIMIT
    squares: str = SQUARES_WEIGHTS

    def __post_init__(self) -> None:
        self._check(gtol=(0, 1), ftol=(0, 1), evaluations=(0, 1e9), limit=(1, 1e6))
        if not isinstance(self.explore, bool):
            raise InputError(f"Optimus has explore={self.explore!r}: give True or False")
        if self.weights != "":
            raise InputError(
                f"weights={self.weights!r}: Optimus runs on built-in rules for functions, without weights; leave them "
                "out (the method 'optimus-paper' is learned)"
            )
        if not isinstance(self.squares, (str, Path)):
            raise InputError(f'Optimus has squares={self.squares!r}: give a name or a file, or "" for none')

    def for_problem(self, problem: Problem) -> Optimizer[Any]:
        if not isinstance(problem, LeastSquares):
            return self
        from motionrecon.optimus.weighted_squares import with_weights

        return with_weights(str(self.squares))

    def planned(self, evaluations: int) -> OptimusFunctions:
        return replace(self, evaluations=min(self.evaluations or evaluations, evaluations))

    def begin(self, problem: Counted, x0: np.ndarray) -> tuple[float, OptimusMemory]:
        check_unknowns(len(x0), self.limit)
        value, gradient = problem.value_and_gradient(x0)
        run = self._rule().begin(*_batch(x0, value, gradient), self.evaluations or BUDGET)
        size = rms(gradient)
        return value, OptimusMemory(run, size, size, value, value)

    def advance(self, problem: Counted, state: State[OptimusMemory]) -> tuple[np.ndarray, float, OptimusMemory]:
        memory, rule = state.memory, self._rule()
        x, run = rule.propose(memory.run)
        point = x[0].copy()
        value, gradient = problem.value_and_gradient(point)
        run = rule.observe(run, *_batch(point, value, gradient))
        if not value < state.value:
            return state.x, state.value, replace(memory, run=run, since=memory.since + 1)
        fell = memory.mark - value > self.ftol * (memory.start - value)
        mark, since = (value, 0) if fell else (memory.mark, memory.since + 1)
        return point, value, replace(memory, run=run, gradient=rms(gradient), mark=mark, since=since)

    def finished(self, state: State[OptimusMemory]) -> Result | None:
        memory = state.memory
        if memory.gradient == 0:
            return Result.GRADIENT
        if self.explore and state.evaluations.derivatives < (self.evaluations or BUDGET):
            return None
        if memory.gradient <= self.gtol * memory.first:
            return Result.GRADIENT
        if self.explore or memory.since < PATIENCE:
            return None
        return Result.SMALL_DECREASE if state.value < memory.start else Result.STALLED

    def fallbacks(self, state: State[OptimusMemory]) -> int:
        return int(state.memory.run.search.fallbacks[0])

    def _rule(self) -> OptimusRule:
        return OptimusRule(explore=self.explore)


def _batch(
    x: Float[np.ndarray, " n"], value: float, gradient: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, "1 n"], Float[np.ndarray, " 1"], Float[np.ndarray, "1 n"]]:
    """A point and what was found there, as a batch of one."""
    return np.array(x, dtype=float)[None], np.array([value], dtype=float), np.array(gradient, dtype=float)[None]
