"""The paper's form of Optimus as one of the optimizers, for any function with a gradient: one evaluation a step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motionrecon.errors import InputError
from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.counted import Counted
from motionrecon.optimizers.first_order import rms
from motionrecon.optimus.batch_of_one import apart, tensors
from motionrecon.optimus.limit import LIMIT, check_unknowns

if TYPE_CHECKING:
    from motionrecon.optimus.paper.rule import PaperRule
    from motionrecon.optimus.paper.state import PaperState

#: The weights that come with motionrecon.
WEIGHTS = "optimus-paper"
#: Evaluations that a run plans with where nobody says.
BUDGET = 200


@dataclass(frozen=True)
class PaperMemory:
    """What a run keeps between steps.

    Attributes:
        run: the rule's state.
        gradient: rms of the gradient at the best point.
        first: rms of the gradient at the start.
    """

    run: PaperState
    gradient: float
    first: float


@dataclass(frozen=True)
class OptimusPaper(Optimizer[PaperMemory]):
    """Optimus as the paper has it: the network alone says metric, direction and length. Sums of squares are functions
    to it like any other.

    Attributes:
        gtol: converged once the rms of the gradient is this share of what it was at the start.
        weights: the name of trained weights, or a ``.safetensors`` file.
        evaluations: the evaluations planned, which the network is told; 0 stands for those that ``minimize`` allows.
        limit: unknowns at most; memory grows with their square.
    """

    gtol: float = 1e-6
    weights: str = WEIGHTS
    evaluations: int = 0
    limit: int = LIMIT

    def __post_init__(self) -> None:
        self._check(gtol=(0, 1), evaluations=(0, 1e9), limit=(1, 1e6))
        if not isinstance(self.weights, (str, Path)) or not str(self.weights):
            raise InputError(f"OptimusPaper has weights={self.weights!r}: give a name or a file")

    def planned(self, evaluations: int) -> OptimusPaper:
        return replace(self, evaluations=min(self.evaluations or evaluations, evaluations))

    def begin(self, problem: Counted, x0: np.ndarray) -> tuple[float, PaperMemory]:
        check_unknowns(len(x0), self.limit)
        rule = self._rule()
        value, gradient = problem.value_and_gradient(x0)
        with apart():
            run = rule.begin(*tensors(x0, value, gradient), self.evaluations or BUDGET)
        size = rms(gradient)
        return value, PaperMemory(run, size, size)

    def advance(self, problem: Counted, state: State[PaperMemory]) -> tuple[np.ndarray, float, PaperMemory]:
        memory, rule = state.memory, self._rule()
        with apart():
            x, run = rule.propose(memory.run)
        point = x[0].numpy().copy()
        value, gradient = problem.value_and_gradient(point)
        with apart():
            run = rule.observe(run, *tensors(point, value, gradient))
        if not value < state.value:
            return state.x, state.value, replace(memory, run=run)
        return point, value, replace(memory, run=run, gradient=rms(gradient))

    def finished(self, state: State[PaperMemory]) -> Result | None:
        memory = state.memory
        return Result.GRADIENT if memory.gradient <= self.gtol * memory.first else None

    def _rule(self) -> PaperRule:
        from motionrecon.optimus import weights
        from motionrecon.optimus.paper.rule import PaperRule

        rule = weights.load(str(self.weights))
        if not isinstance(rule, PaperRule):
            raise InputError(
                f"the weights {self.weights!r} belong to {type(rule).__name__}: give weights of the paper's form, such "
                "as `motionrecon train optimus --rule optimus-paper` makes"
            )
        return rule
