"""The interface of every optimizer: ``init``, ``step``, ``terminate``, with the state as a value apart from them.

An optimizer is a frozen dataclass of hyperparameters. Whatever it learns while it runs lies in its :class:`State`,
so a run may be saved, forked and continued, and one optimizer may serve many problems at once.

To write a new one, derive from :class:`Optimizer`, implement :meth:`~Optimizer.begin`, :meth:`~Optimizer.advance` and
:meth:`~Optimizer.finished` in a file of its own, and add its line to ``registry.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

import numpy as np
from jaxtyping import Float

from motionrecon.errors import InputError
from motionrecon.optimizers.counted import Counted, counted
from motionrecon.optimizers.problem import Evaluations, Problem

#: What one kind of optimizer remembers from step to step: a dataclass of its own.
Memory = TypeVar("Memory")


class Result(Enum):
    """Why a minimization ended; the value is the message for the user."""

    GRADIENT = "converged: the gradient is small"
    ZERO = "converged: the residuals vanish"
    SMALL_STEP = "converged: the steps are small"
    SMALL_DECREASE = "converged: the value hardly decreases"
    STALLED = "stalled: no step decreases the value (a kink, wrong derivatives, or single precision)"
    MAX_EVALUATIONS = "the evaluations allowed are spent"
    MAX_STEPS = "the steps allowed (maxiter) are taken"
    DIVERGED = "the problem has no finite value or derivative here"
    CALLBACK = "the callback asked to stop"

    @property
    def success(self) -> bool:
        """True where a test of convergence was met."""
        return self in (Result.GRADIENT, Result.ZERO, Result.SMALL_STEP, Result.SMALL_DECREASE)


@dataclass(frozen=True)
class State(Generic[Memory]):
    """Where a minimization stands. Its arrays are never written to once it is made.

    Attributes:
        x: the current point (n,). Some optimizers let it be worse than an earlier one.
        value: f at ``x``; ``inf`` if it has none.
        best_x: the point (n,) with the lowest value of all that were evaluated; this is the answer.
        best_value: f at ``best_x``.
        memory: what this kind of optimizer keeps besides.
        best_gradient: the gradient (n,) at ``best_x``; None if a bare value or residuals were all that was asked there.
        evaluations: what was asked of the problem so far.
        iteration: steps taken so far.
    """

    x: Float[np.ndarray, " n"]
    value: float
    best_x: Float[np.ndarray, " n"]
    best_value: float
    memory: Memory
    best_gradient: Float[np.ndarray, " n"] | None = None
    evaluations: Evaluations = field(default_factory=Evaluations)
    iteration: int = 0


@dataclass(frozen=True)
class Optimizer(ABC, Generic[Memory]):
    """A way to minimize a :class:`~motionrecon.optimizers.problem.Problem`, step by step.

    ``init`` and each ``step`` ask for at most one gradient or Jacobian, so a budget of them can be kept exactly.
    Subclasses implement ``begin``, ``advance`` and ``finished``; counting and the best point are kept here.
    """

    def init(self, problem: Problem, x0: Float[np.ndarray, " n"]) -> State[Memory]:
        """The state at the start ``x0`` (n,)."""
        watched = counted(problem)
        x0 = np.array(x0, dtype=float)
        value, memory = self.begin(watched, x0)
        return State(
            x=x0,
            value=value,
            best_x=x0,
            best_value=value,
            memory=memory,
            best_gradient=_gradient_at(x0, watched, None),
            evaluations=watched.evaluations,
        )

    def step(self, problem: Problem, state: State[Memory]) -> State[Memory]:
        """The state after one more step; ``state`` itself stays as it is."""
        watched = counted(problem)
        x, value, memory = self.advance(watched, state)
        best_x, best_value, gradient = state.best_x, state.best_value, state.best_gradient
        if watched.best_x is not None and watched.best_value < best_value:
            best_x, best_value, gradient = watched.best_x, watched.best_value, None
        return State(
            x=x,
            value=value,
            best_x=best_x,
            best_value=best_value,
            memory=memory,
            best_gradient=_gradient_at(best_x, watched, gradient),
            evaluations=state.evaluations + watched.evaluations,
            iteration=state.iteration + 1,
        )

    def terminate(self, problem: Problem, state: State[Memory]) -> Result | None:
        """Why to stop at ``state``, or None to go on. Asks nothing of the problem."""
        return Result.DIVERGED if not np.isfinite(state.value) else self.finished(state)

    def needs_derivative(self, state: State[Memory]) -> bool:
        """Whether the next step asks for a gradient or Jacobian; one that cannot be paid for is not taken."""
        return True

    def for_problem(self, problem: Problem) -> Optimizer[Any]:
        """The optimizer that serves ``problem``: this one, or another where a kind of problem has one of its own."""
        return self

    def planned(self, evaluations: int) -> Optimizer[Memory]:
        """This optimizer for a run of at most so many gradients or Jacobians, where it plans ahead."""
        return self

    def fallbacks(self, state: State[Memory]) -> int:
        """Steps so far that were not what the optimizer predicted, but a safer one in its place."""
        return 0

    @abstractmethod
    def begin(self, problem: Counted, x0: Float[np.ndarray, " n"]) -> tuple[float, Memory]:
        """Evaluate the start: f(x0), and what to remember. f may be ``inf``, and then no step follows."""

    @abstractmethod
    def advance(self, problem: Counted, state: State[Memory]) -> tuple[Float[np.ndarray, " n"], float, Memory]:
        """One step from ``state``, whose value is finite: the new x (n,), f there, and what to remember."""

    @abstractmethod
    def finished(self, state: State[Memory]) -> Result | None:
        """The optimizer's own tests of convergence, at a state whose value is finite."""

    def _check(self, **limits: tuple[float, float]) -> None:
        """Raise :class:`InputError` for a hyperparameter outside its (inclusive) limits."""
        for name, (low, high) in limits.items():
            found = getattr(self, name)
            if isinstance(found, bool) or not isinstance(found, (int, float, np.number)) or not low <= found <= high:
                raise InputError(f"{type(self).__name__} has {name}={found!r}: give a number from {low:g} to {high:g}")


def _gradient_at(x: np.ndarray, watched: Counted, known: np.ndarray | None) -> np.ndarray | None:
    """The gradient at ``x`` if it was asked for last, else what was known before."""
    if watched.gradient is not None and np.array_equal(watched.gradient[0], x):
        return watched.gradient[1]
    return known
