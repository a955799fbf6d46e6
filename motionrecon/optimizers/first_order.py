"""What gradient descent, momentum and Adam share: relative step lengths, and a way back where f has no value.

The gradient is divided by its own rms at the start, so that a learning rate means the same whatever the units of f:
``rate`` is the rms length of the first step (of plain gradient descent), in the units of x.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Float

from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.counted import Counted

#: What one rule of descent carries from step to step.
Carry = TypeVar("Carry")


@dataclass(frozen=True)
class FirstOrderMemory(Generic[Carry]):
    """What a first-order method keeps between steps.

    Attributes:
        gradient: gradient (n,) at x over its rms at the start.
        unit: that rms; 1 if the start's gradient is zero.
        shrink: factor on ``rate``, halved after each step to where f has no value.
        carry: momenta and the like.
        best: x, value and ``gradient`` of the best iterate, to return to after such a step.
    """

    gradient: Float[np.ndarray, " n"]
    unit: float
    shrink: float
    carry: Carry
    best: tuple[np.ndarray, float, np.ndarray]


@dataclass(frozen=True)
class FirstOrder(Optimizer[FirstOrderMemory[Carry]], Generic[Carry]):
    """A method that takes one gradient and one step from it.

    A step to where f is not finite is undone: the run goes back to its best iterate, forgets its momenta and halves
    its rate.

    Attributes:
        rate: learning rate, in units of x.
        gtol: converged once the rms of the gradient is this share of what it was at the start.
    """

    rate: float = 0.01
    gtol: float = 1e-6

    def __post_init__(self) -> None:
        self._check(rate=(1e-12, 1e12), gtol=(0, 1))

    @abstractmethod
    def fresh(self, n: int) -> Carry:
        """What to carry into the first step over ``n`` unknowns."""

    @abstractmethod
    def descend(
        self, gradient: Float[np.ndarray, "*batch n"], carry: Carry
    ) -> tuple[Float[np.ndarray, "*batch n"], Carry]:
        """The step for a rate of 1, and what to carry on, from the relative ``gradient``; a batch of them, too."""

    def begin(self, problem: Counted, x0: Float[np.ndarray, " n"]) -> tuple[float, FirstOrderMemory[Carry]]:
        value, gradient = problem.value_and_gradient(x0)
        unit = rms(gradient) or 1.0
        relative = gradient / unit
        return value, FirstOrderMemory(relative, unit, 1.0, self.fresh(len(x0)), (x0, value, relative))

    def advance(
        self, problem: Counted, state: State[FirstOrderMemory[Carry]]
    ) -> tuple[Float[np.ndarray, " n"], float, FirstOrderMemory[Carry]]:
        memory = state.memory
        step, carry = self.descend(memory.gradient, memory.carry)
        x = state.x + self.rate * memory.shrink * step
        value, gradient = problem.value_and_gradient(x)
        if not np.isfinite(value):
            x, value, relative = memory.best
            back = replace(memory, gradient=relative, shrink=memory.shrink / 2, carry=self.fresh(len(x)))
            return x, value, back
        relative = gradient / memory.unit
        best = (x, value, relative) if value < memory.best[1] else memory.best
        return x, value, replace(memory, gradient=relative, carry=carry, best=best)

    def finished(self, state: State[FirstOrderMemory[Carry]]) -> Result | None:
        if rms(state.memory.gradient) <= self.gtol:
            return Result.GRADIENT
        return Result.STALLED if state.memory.shrink < 1e-12 else None


def rms(a: np.ndarray) -> float:
    """Root of the mean square of ``a``."""
    return float(np.sqrt(np.mean(a**2)))
