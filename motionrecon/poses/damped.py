"""Levenberg-Marquardt for many small least-squares problems at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.optimus.poses.step import scale_of
from motionrecon.poses.problem import NormalEquations, RowProblem

#: Damping beyond which steps are too short to matter, and below which it does nothing.
DAMPING_RANGE = (1e-7, 1e6)


@dataclass(frozen=True)
class Damping:
    """How steps are damped.

    Attributes:
        start: damping of the first step, relative to the diagonal of J'J.
        up, down: factors after a step that failed, and after one that was taken.
        longest: radians that any angle may turn in a step; longer steps are shortened as a whole.
        tolerance: share of the value that a step must gain, or the row is finished; 0 to go on to the end.
    """

    start: float = 0.1
    up: float = 5.0
    down: float = 4.0
    longest: float = 0.6
    tolerance: float = 0.0


#: Tuned on training poses from the relaxed start.
USUAL = Damping()


@dataclass(frozen=True)
class Descent:
    """Where N problems ended.

    Attributes:
        x: (N, ...) the best points.
        value: (N,) there.
        history: (N, steps + 1) the best value after each evaluation, the start's first.
        evaluations: (N,) of value and Jacobian that each row used, the start's included.
    """

    x: Float[np.ndarray, "N ..."]
    value: Float[np.ndarray, " N"]
    history: Float[np.ndarray, "N evaluations"]
    evaluations: Int[np.ndarray, " N"]


def descend(
    problem: RowProblem,
    start: Float[np.ndarray, "N ..."],
    steps: int,
    damping: Damping = USUAL,
    model: NormalEquations | None = None,
) -> Descent:
    """Lower the values by damped Gauss-Newton steps; never above the start's.

    Args:
        problem: N problems.
        start: (N, ...) their points.
        steps: evaluations of each after that of its start, at most.
        damping: how steps are damped.
        model: the normal equations of the start, where they are known.
    """
    N = len(problem)
    x = start.copy()
    here = problem.normal(start) if model is None else model
    mu = np.full(N, damping.start)
    history = np.empty((N, steps + 1))
    history[:, 0] = here.value
    evaluations = np.ones(N, int)
    active = np.flatnonzero(np.isfinite(here.value))
    rows = problem if len(active) == N else problem.part(active)
    now = _rows(here, active)
    value = here.value.copy()
    for k in range(1, steps + 1):
        history[:, k] = history[:, k - 1]
        if len(active) == 0:
            continue
        step = shortened(damped_steps(now, mu[active]), problem.turns, damping.longest)
        there = rows.moved(x[active], step)
        new = rows.normal(there)
        evaluations[active] += 1
        better = new.value < now.value  # False where not finite
        gained = 1 - np.where(better, new.value / np.maximum(now.value, 1e-300), 0.0)
        x[active[better]] = there[better]
        now = new.where(better, now)
        value[active] = history[active, k] = now.value
        mu[active] = np.clip(mu[active] * np.where(better, 1 / damping.down, damping.up), *DAMPING_RANGE)
        going = np.where(better, gained > damping.tolerance, mu[active] < DAMPING_RANGE[1])
        if damping.tolerance and not going.all():
            rows, now, active = rows.part(np.flatnonzero(going)), _rows(now, going), active[going]
    return Descent(x, value, history, evaluations)


def damped_steps(model: NormalEquations, mu: Float[np.ndarray, " N"]) -> Float[np.ndarray, "N n"]:
    """Solutions of (J'J + mu D) s = -J'r, where D is the diagonal of J'J and a share of its largest entry."""
    damped = model.matrix.copy()
    unknowns = np.arange(damped.shape[-1])
    damped[:, unknowns, unknowns] += mu[:, None] * scale_of(model.matrix)
    return np.asarray(np.linalg.solve(damped, -model.gradient[..., None])[..., 0])


def shortened(
    step: Float[np.ndarray, "N n"], turns: Bool[np.ndarray, " n"], longest: float
) -> Float[np.ndarray, "N n"]:
    """Steps in which no angle turns farther than `longest` radians."""
    farthest = np.abs(step[:, turns]).max(1, keepdims=True, initial=0.0)
    return np.asarray(step * (longest / np.maximum(farthest, longest)))


def _rows(model: NormalEquations, which: np.ndarray[Any, Any]) -> NormalEquations:
    return NormalEquations(model.value[which], model.gradient[which], model.matrix[which])
