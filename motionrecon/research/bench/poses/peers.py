"""Classical optimizers on one frame at a time, in a chart of its poses about the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from motionrecon.optimizers import State, minimize
from motionrecon.optimizers.lm import LM
from motionrecon.poses.problem import PoseProblem


class Spent(Exception):
    """All evaluations are used."""


@dataclass
class Frame:
    """One frame's problem as SciPy takes it: unknowns are the tangent step from its start.

    Attributes:
        problem: of one row.
        start: (1, nq).
        budget: evaluations after the start's.
        values: the best value after each evaluation so far, the start's first.
        best: (n,) the step that led to the last of them.
    """

    problem: PoseProblem
    start: Float[np.ndarray, "1 nq"]
    budget: int
    values: list[float] = field(default_factory=list)
    best: Float[np.ndarray, " n"] = field(default_factory=lambda: np.zeros(0))
    _last: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    @property
    def n(self) -> int:
        """Unknowns."""
        return self.problem.n

    def residuals(self, step: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
        """Residuals after a step."""
        return self.evaluated(step)[0]

    def jacobian(self, step: Float[np.ndarray, " n"]) -> Float[np.ndarray, "m n"]:
        """Their derivative by the step."""
        return self.evaluated(step)[1]

    def value_and_gradient(self, step: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
        """The sum of squares and its gradient."""
        r, J = self.evaluated(step)
        return float(r @ r), 2 * J.T @ r

    def value(self, step: Float[np.ndarray, " n"]) -> float:
        """The sum of squares, without an evaluation of the Jacobian."""
        return float(self.problem.value(self.problem.moved(self.start, step[None]))[0])

    def evaluated(self, step: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, "m n"]]:
        """Residuals and Jacobian: an evaluation, which the same step right afterwards needs not pay again.

        Raises:
            Spent: the budget is used up.
        """
        if self._last is not None and np.array_equal(self._last[0], step):
            return self._last[1:]
        if len(self.values) > self.budget:
            raise Spent
        r, J = (a[0] for a in self.problem.linearized(self.problem.moved(self.start, step[None])))
        J = self.problem.articulation.by_step(step[None], J)
        self._last = (step.copy(), r, J)
        value = float(r @ r)
        if not self.values or value < self.values[-1]:
            self.best = step.copy()
        self.values.append(min([value, *self.values[-1:]]))
        return r, J

    def history(self) -> Float[np.ndarray, " evaluations"]:
        """(budget + 1,) the best value after each evaluation; the last one stays where a method ended before."""
        rest = self.budget + 1 - len(self.values)
        return np.array(self.values + [self.values[-1]] * rest)


@dataclass(frozen=True)
class Searched:
    """A frame as the project's own LM takes it, which tries steps by their values alone."""

    frame: Frame

    @property
    def n(self) -> int:
        return self.frame.n

    def value(self, x: Float[np.ndarray, " n"]) -> float:
        return self.frame.value(x)

    def value_and_gradient(self, x: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
        return self.frame.value_and_gradient(x)

    def residuals(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
        return np.asarray(self.residuals_batch(x[None])[0])

    def residuals_and_jacobian(
        self, x: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, "m n"]]:
        return self.frame.evaluated(x)

    def residuals_batch(self, X: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k m"]:
        problem = self.frame.problem.part(np.zeros(len(X), int))
        starts = np.repeat(self.frame.start, len(X), axis=0)
        return problem.residuals(problem.moved(starts, X))


def minpack(frame: Frame) -> None:
    """MINPACK's Levenberg-Marquardt, as SciPy has it."""
    from scipy.optimize import leastsq

    at, settings = np.zeros(frame.n), {"factor": 1.0, "xtol": 0.0, "ftol": 1e-9}
    _until_spent(lambda: leastsq(frame.residuals, at, Dfun=frame.jacobian, **settings))


def trust_region(frame: Frame) -> None:
    """SciPy's trust region reflective method."""
    from scipy.optimize import least_squares

    _until_spent(lambda: least_squares(frame.residuals, np.zeros(frame.n), frame.jacobian, method="trf", x_scale="jac"))


def limited_memory_bfgs(frame: Frame) -> None:
    """SciPy's L-BFGS-B, in unknowns of equal stiffness at the start and with a first step a tenth of Jacobi's."""
    from scipy.optimize import minimize as scipy_minimize

    r, J = frame.evaluated(np.zeros(frame.n))
    stiff = (J**2).sum(0)
    unit = 1 / np.sqrt(stiff + 0.01 * stiff.max() + 1e-12)
    size = float(np.linalg.norm(2 * unit * (J.T @ r))) or 1.0
    length = 0.1 * size

    def scaled(step: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = frame.value_and_gradient(length * unit * step)
        return value / (length * size), unit * gradient / size

    _until_spent(lambda: scipy_minimize(scaled, np.zeros(frame.n), jac=True, method="L-BFGS-B"))


def searched(frame: Frame, trial: float) -> Float[np.ndarray, " evaluations"]:
    """The project's LM with a search over the damping and Broyden's updates.

    Args:
        frame: the problem.
        trial: what the value of one trial costs, in evaluations.

    Returns:
        (budget + 1,) the best value after each evaluation, trials included.
    """
    history = np.full(frame.budget + 1, np.inf)
    problem = Searched(frame)

    def note(state: State[object]) -> bool:
        used = state.evaluations.derivatives - 1 + trial * state.evaluations.values
        if state.best_value < history[-1]:
            frame.best = np.asarray(state.best_x)
        if used <= frame.budget:
            place = int(np.ceil(used))
            history[place:] = np.minimum(history[place:], state.best_value)
        return used > frame.budget

    history[:] = frame.value(np.zeros(frame.n))
    _until_spent(lambda: minimize(problem, np.zeros(frame.n), LM(), max_evaluations=frame.budget, callback=note))
    return history


def _until_spent(run: Callable[[], object]) -> None:
    """Run a method until it ends, or its frame's budget does."""
    try:
        with np.errstate(all="ignore"):
            run()
    except Spent:
        pass
