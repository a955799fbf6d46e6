"""A descent along directions with a strong-Wolfe line search: what BFGS and L-BFGS share.

Each step of the optimizer evaluates one point of the search, so a budget of gradients is kept exactly, and a search
may be interrupted and continued. The search keeps a bracket of step lengths: ``low`` decreases f enough (Armijo) and
f still falls there too steeply; ``high`` does not decrease it enough, or f rises there too steeply, or has no value.
Between two such points there is one that meets both of Wolfe's conditions, where f is smooth. At a kink there may be
none: the search then ends at its best point after ``probes`` of them.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Float

from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.counted import Counted
from motionrecon.optimizers.first_order import rms

#: What one kind of quasi-Newton method knows of the curvature.
Curvature = TypeVar("Curvature")


@dataclass(frozen=True)
class Probe:
    """A point of a line search.

    Attributes:
        length: step length along the direction.
        value: f there.
        slope: directional derivative there.
        gradient: gradient (n,) there.
    """

    length: float
    value: float
    slope: float
    gradient: Float[np.ndarray, " n"]


@dataclass(frozen=True)
class Search:
    """A line search under way from x.

    Attributes:
        direction: (n,), of descent.
        low: the best known lower end of the bracket, at first x itself.
        high: the upper end; None if none is known, and its value is ``inf`` where f has none.
        length: step length to try next.
        probes: points tried.
    """

    direction: Float[np.ndarray, " n"]
    low: Probe
    high: Probe | None
    length: float
    probes: int = 0


@dataclass(frozen=True)
class LineSearchMemory(Generic[Curvature]):
    """What a quasi-Newton method keeps between steps.

    Attributes:
        gradient: gradient (n,) at x.
        first_rms: rms of the gradient at the start.
        curvature: the pairs or the matrix.
        plain: True while the direction is the steepest descent.
        search: the line search from x.
        moved: length of the last step over that of x; None before the first.
        decreased: decrease of f by the last step over |f|; None before the first.
        stalled: True if no point along the steepest descent was better than x.
    """

    gradient: Float[np.ndarray, " n"]
    first_rms: float
    curvature: Curvature
    plain: bool
    search: Search
    moved: float | None = None
    decreased: float | None = None
    stalled: bool = False


@dataclass(frozen=True)
class LineSearchDescent(Optimizer[LineSearchMemory[Curvature]], Generic[Curvature]):
    """Descent with a strong-Wolfe line search; subclasses give the directions.

    Attributes:
        first: rms length of the first step tried, in units of x (also after a restart).
        armijo: the decrease must be at least this share of what the first slope promises.
        wolfe: the slope must fall to this share of the first.
        probes: most points of one line search.
        gtol: converged once the rms of the gradient is this share of what it was at the start.
        xtol: converged once a step is shorter than this share of |x|.
        ftol: converged once a step decreases the value by less than this share.
    """

    first: float = 0.1
    armijo: float = 1e-4
    wolfe: float = 0.9
    probes: int = 10
    gtol: float = 1e-6
    xtol: float = 1e-9
    ftol: float = 1e-9

    def __post_init__(self) -> None:
        self._check(
            first=(1e-12, 1e12), armijo=(0, 0.5), wolfe=(0, 1), probes=(1, 1000), gtol=(0, 1), xtol=(0, 1), ftol=(0, 1)
        )

    @abstractmethod
    def fresh(self, n: int) -> Curvature:
        """What is known of the curvature before the first step: nothing."""

    @abstractmethod
    def learn(self, curvature: Curvature, step: Float[np.ndarray, " n"], change: Float[np.ndarray, " n"]) -> Curvature:
        """``curvature`` with a step (n,) and the change of the gradient (n,) over it; their product is positive."""

    @abstractmethod
    def direction(self, curvature: Curvature, gradient: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """The quasi-Newton direction (n,)."""

    def begin(self, problem: Counted, x0: Float[np.ndarray, " n"]) -> tuple[float, LineSearchMemory[Curvature]]:
        value, gradient = problem.value_and_gradient(x0)
        return value, LineSearchMemory(
            gradient=gradient,
            first_rms=rms(gradient),
            curvature=self.fresh(len(x0)),
            plain=True,
            search=self._steepest(value, gradient),
        )

    def advance(
        self, problem: Counted, state: State[LineSearchMemory[Curvature]]
    ) -> tuple[Float[np.ndarray, " n"], float, LineSearchMemory[Curvature]]:
        search = state.memory.search
        value, gradient = problem.value_and_gradient(state.x + search.length * search.direction)
        probe = Probe(search.length, value, float(gradient @ search.direction), gradient)
        search = replace(search, probes=search.probes + 1)

        start_slope = float(state.memory.gradient @ search.direction)
        if not value <= state.value + self.armijo * probe.length * start_slope or value >= search.low.value:
            search = replace(search, high=probe)
        elif abs(probe.slope) <= self.wolfe * abs(start_slope):
            return self._accept(state, search, probe)
        elif probe.slope > 0:
            search = replace(search, high=probe)
        else:
            search = replace(search, low=probe)

        if search.probes < self.probes:
            return state.x, state.value, replace(state.memory, search=replace(search, length=_next_length(search)))
        best = min((p for p in (search.low, search.high) if p is not None), key=lambda p: p.value)
        if best.value < state.value:
            return self._accept(state, search, best)
        return state.x, state.value, self._restart(state)

    def finished(self, state: State[LineSearchMemory[Curvature]]) -> Result | None:
        memory = state.memory
        if rms(memory.gradient) <= self.gtol * memory.first_rms:
            return Result.GRADIENT
        if memory.stalled:
            return Result.STALLED
        if memory.moved is not None and memory.moved <= self.xtol:
            return Result.SMALL_STEP
        if memory.decreased is not None and memory.decreased <= self.ftol:
            return Result.SMALL_DECREASE
        return None

    def _accept(
        self, state: State[LineSearchMemory[Curvature]], search: Search, probe: Probe
    ) -> tuple[Float[np.ndarray, " n"], float, LineSearchMemory[Curvature]]:
        """Move to ``probe``, learn from it and start the next search."""
        memory = state.memory
        step = probe.length * search.direction
        change = probe.gradient - memory.gradient
        x = state.x + step
        curvature, plain = memory.curvature, memory.plain
        if step @ change > 1e-10 * np.linalg.norm(step) * np.linalg.norm(change):
            curvature, plain = self.learn(curvature, step, change), False
        following = self._steepest(probe.value, probe.gradient)
        if not plain:
            direction = self.direction(curvature, probe.gradient)
            slope = float(direction @ probe.gradient)
            if slope < -1e-12 * np.linalg.norm(direction) * np.linalg.norm(probe.gradient):
                following = Search(direction, Probe(0.0, probe.value, slope, probe.gradient), None, 1.0)
            else:  # rounding has spoilt the curvature
                curvature, plain = self.fresh(len(x)), True
        size = max(np.linalg.norm(state.x), np.linalg.norm(x))
        largest = max(abs(state.value), abs(probe.value))
        return (
            x,
            probe.value,
            replace(
                memory,
                gradient=probe.gradient,
                curvature=curvature,
                plain=plain,
                search=following,
                moved=float(np.linalg.norm(step) / size) if size > 0 else 0.0,
                decreased=(state.value - probe.value) / largest if largest > 0 else 0.0,
            ),
        )

    def _restart(self, state: State[LineSearchMemory[Curvature]]) -> LineSearchMemory[Curvature]:
        """After a search that found nothing: forget the curvature; give up if there was none."""
        return replace(
            state.memory,
            curvature=self.fresh(len(state.x)),
            plain=True,
            search=self._steepest(state.value, state.memory.gradient),
            stalled=state.memory.plain,
        )

    def _steepest(self, value: float, gradient: Float[np.ndarray, " n"]) -> Search:
        """A search along the steepest descent that starts with a step of rms length ``first``."""
        direction = -gradient * (self.first / (rms(gradient) or 1.0))
        return Search(direction, Probe(0.0, value, float(direction @ gradient), gradient), None, 1.0)


def _next_length(search: Search) -> float:
    """Where to try next: beyond ``low`` while there is no ``high``, else where a cubic through both has its minimum."""
    low, high = search.low, search.high
    if high is None:
        return 4.0 * low.length
    width = high.length - low.length
    if not np.isfinite(high.value):
        return low.length + 0.25 * width
    bend = low.slope + high.slope - 3 * (high.value - low.value) / width
    square = bend**2 - low.slope * high.slope
    share = 0.5
    if square >= 0:
        root = np.sqrt(square)
        denominator = high.slope - low.slope + 2 * root
        if denominator > 0:
            share = 1 - (high.slope + root - bend) / denominator
    return float(low.length + min(max(share, 0.1), 0.9) * width)
