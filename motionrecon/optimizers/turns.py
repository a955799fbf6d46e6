"""Several starts in turn: a descent that ends badly is left, and another begins elsewhere.

Where a function has several basins, a descent finds the bottom of the one that it begins in, and cannot tell whether
that is a good one. Who calls may know what a good one is like. Where a result will not do, what is left of the budget
goes to the next start as soon as the descent has settled, and at last to the lowest of all. A start may lie beside the
lowest point so far: that keeps what was found, and a small push leaves a kink in which a descent was caught.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.optimizers.base import Optimizer, State
from motionrecon.optimizers.problem import Evaluations, Problem

#: A descent has settled once its value fell by less than this share over the last `Budget.patience` derivatives.
SETTLED = 0.05
#: One that will not be below the lowest of the others, falling on as it did, within so many times as many is behind.
AHEAD = 2


@dataclass(frozen=True)
class Beside:
    """A start beside the lowest point that the descents before it found; there is none where they found nothing.

    Attributes:
        step: (n,) from that point.
    """

    step: Float[np.ndarray, " n"]


#: Where a descent may begin.
Start = Float[np.ndarray, " n"] | Beside


@dataclass(frozen=True)
class Budget:
    """Gradients and Jacobians.

    Attributes:
        usual: of a descent that ends well, at most.
        most: of all descents together, where none does.
        patience: the last ones, by which it is judged whether a descent has settled.
        least: of a descent that ends well, even if it has settled before.
    """

    usual: int
    most: int
    patience: int = 1
    least: int = 1


@dataclass(frozen=True)
class Found:
    """Where a descent got to.

    Attributes:
        x, value: its lowest point (n,), and f there.
        before: f at its start.
    """

    x: Float[np.ndarray, " n"]
    value: float
    before: float


@dataclass(frozen=True)
class Turns:
    """What several descents found, and what they cost.

    Attributes:
        found: one for each start that has a value, the lowest first.
        starts: how many were tried, with those that have no value.
        evaluations, fallbacks: over all descents.
    """

    found: tuple[Found, ...]
    starts: int
    evaluations: Evaluations
    fallbacks: int


def in_turn(
    problem: Problem,
    starts: Iterable[Start],
    optimizer: Optimizer[Any],
    budget: Budget,
    will_do: Callable[[Float[np.ndarray, " n"]], bool],
    failed: Callable[[Float[np.ndarray, " n"]], bool] = lambda x: False,
    watch: Callable[[Evaluations, float], None] = lambda evaluations, value: None,
) -> Turns:
    """Minimize from one start after the other until a result will do or the budget is spent.

    Args:
        problem: what to minimize.
        starts: points (n,), and steps `Beside` the lowest that was found; the most promising first. No more are asked
            for than are tried.
        optimizer: what descends.
        budget: the first descent that will do ends once it has settled, or after the usual number. One that will not do
            is left once it has settled, is behind or has failed; when no start is left the lowest goes on, until it has
            settled.
        will_do: whether a point (n,) is good enough to look no farther.
        failed: whether a point (n,), after the usual number, is so bad that its descent is not worth more.
        watch: told after every step what all descents cost so far, and the lowest value.
    """
    optimizer = optimizer.for_problem(problem).planned(budget.usual)
    descents: list[_Descent] = []
    tried = 0

    def spent() -> Evaluations:
        return sum((d.state.evaluations for d in descents), Evaluations(values=tried))

    def stays(descent: _Descent, last: bool) -> bool:
        """Whether a descent that will not do is worth another derivative."""
        full = descent.derivatives >= budget.usual
        if last:
            return not (full and descent.settled)
        behind = descent.behind([d.value for d in descents if d is not descent])
        return not (descent.settled or behind or (full and failed(descent.state.best_x)))

    def run(descent: _Descent, last: bool) -> bool:
        """Whether its result will do; it stops there, or where it is to be left, or where the budget ends."""
        good = False
        while not descent.done:
            if descent.asks:
                if spent().derivatives >= budget.most:
                    break
                full = descent.derivatives >= budget.usual
                good = good or ((full or descent.settled) and will_do(descent.state.best_x))
                enough = full or (descent.settled and descent.derivatives >= budget.least)
                if (good and enough) or not (good or stays(descent, last)):
                    break
            descent.step()
            watch(spent(), min(d.value for d in descents))
        return good or will_do(descent.state.best_x)

    good = False
    for start in starts:
        if good or spent().derivatives >= budget.most:
            break
        x0 = start
        if isinstance(x0, Beside):
            if not descents:
                continue
            x0 = min(descents, key=lambda d: d.value).state.best_x + x0.step
        tried += 1
        if np.isfinite(problem.value(x0)):
            descents.append(_Descent(problem, optimizer, x0, budget.patience))
            good = run(descents[-1], last=False)
    if descents and not good:
        run(min(descents, key=lambda d: d.value), last=True)
    found = sorted((d.found for d in descents), key=lambda f: f.value)
    return Turns(tuple(found), tried, spent(), sum(d.fallbacks for d in descents))


class _Descent:
    """One run of an optimizer, step by step, that knows whether it has settled."""

    def __init__(self, problem: Problem, optimizer: Optimizer[Any], x0: Float[np.ndarray, " n"], patience: int) -> None:
        self._problem, self._optimizer, self._patience = problem, optimizer, patience
        self.state: State[Any] = optimizer.init(problem, x0)
        self._before = self.state.value
        self._values = [self.state.value]  # as each derivative was asked for

    @property
    def value(self) -> float:
        return self.state.best_value

    @property
    def derivatives(self) -> int:
        return self.state.evaluations.derivatives

    @property
    def done(self) -> bool:
        return self._optimizer.terminate(self._problem, self.state) is not None

    @property
    def asks(self) -> bool:
        """Whether the next step asks for a derivative."""
        return self._optimizer.needs_derivative(self.state)

    @property
    def _fall(self) -> float:
        """The value over what it was some derivatives ago; 0 before so many were asked for."""
        return self.value / self._values[-self._patience] if self.derivatives > self._patience else 0.0

    @property
    def settled(self) -> bool:
        return self._fall > 1 - SETTLED

    def behind(self, others: Sequence[float]) -> bool:
        """Whether it will stay above the lowest of other values for a while."""
        return self.value * self._fall**AHEAD > min(others, default=np.inf)

    @property
    def fallbacks(self) -> int:
        return self._optimizer.fallbacks(self.state)

    @property
    def found(self) -> Found:
        return Found(self.state.best_x, self.value, self._before)

    def step(self) -> None:
        """One step, whose derivative, if it asks for one, is noted with the value before it."""
        before, value = self.derivatives, self.value
        self.state = self._optimizer.step(self._problem, self.state)
        if self.derivatives > before:
            self._values.append(value)
