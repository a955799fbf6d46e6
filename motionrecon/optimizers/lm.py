"""Levenberg-Marquardt for sums of squares, with a search over the damping and Broyden updates of the Jacobian.

Both additions trade cheap residuals for dear Jacobians. On a window of motion a rollout costs a fiftieth of a
Jacobian, so trying several damped steps per Jacobian, and correcting the Jacobian by rank-one secant updates for as
long as that pays, needs half the Jacobians of the textbook method or less. ``LM(search=1, broyden=0)`` is the latter.

The damped steps solve (J'J + mu D) s = -J'r by a Cholesky factor for each mu. At n = 400 eight of them take 10 ms on
one core, as does the one eigendecomposition that would serve every mu; but an update of J asks for few dampings anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from motionrecon.optimizers.base import Optimizer, Result, State
from motionrecon.optimizers.counted import Counted, require_least_squares
from motionrecon.optimizers.damped import MU_MAX, MU_MIN, largest_cosine, why_finished

#: Squared columns of J below this share of the largest are damped as if they had it: unknowns without effect stay put.
SCALE_FLOOR = 1e-6


@dataclass(frozen=True)
class DenseModel:
    """The Gauss-Newton model |r + J s|^2 of the value around a point.

    Attributes:
        r: residuals (m,) at the point.
        J: Jacobian (m, n), as evaluated or since corrected by ``updates`` rank-one terms.
        gradient: J'r (n,), half the model's gradient.
        normal: J'J (n, n).
        updates: Broyden updates since the Jacobian was evaluated.
    """

    r: Float[np.ndarray, " m"]
    J: Float[np.ndarray, "m n"]
    gradient: Float[np.ndarray, " n"]
    normal: Float[np.ndarray, "n n"]
    updates: int = 0

    @classmethod
    def at(cls, r: Float[np.ndarray, " m"], J: Float[np.ndarray, "m n"]) -> DenseModel:
        """The model of freshly evaluated residuals (m,) and Jacobian (m, n)."""
        return cls(r=r, J=J, gradient=J.T @ r, normal=J.T @ J)

    def slope(self) -> float:
        """Largest cosine between r and a column of J."""
        return largest_cosine(self.r, self.gradient, self.normal)

    def decrease(self, step: Float[np.ndarray, " n"]) -> float:
        """How much the value falls over ``step`` (n,) by this model."""
        return -float(2 * self.gradient @ step + step @ self.normal @ step)

    def steps(
        self, mus: Float[np.ndarray, " k"], scale: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, " j"], Float[np.ndarray, "j n"]]:
        """The damped steps for dampings ``mus`` and weights ``scale`` (n,).

        Returns:
            The dampings (k,) that gave a step and the steps (k, n); one too small to make J'J regular gives none.
        """
        root = np.sqrt(scale)
        normal = self.normal / np.outer(root, root)
        target = -self.gradient / root
        diagonal = normal.diagonal().copy()
        solved, rows = [], []
        for mu in mus:
            damped = normal.copy()
            np.fill_diagonal(damped, diagonal + mu)
            try:
                factor = cho_factor(damped, overwrite_a=True, check_finite=False)
            except LinAlgError:
                continue
            step = cho_solve(factor, target, check_finite=False) / root
            if np.isfinite(step).all():
                solved.append(mu)
                rows.append(step)
        return np.array(solved), np.array(rows).reshape(-1, len(scale))

    def moved(
        self, step: Float[np.ndarray, " n"], r: Float[np.ndarray, " m"], scale: Float[np.ndarray, " n"]
    ) -> DenseModel:
        """The model around ``x + step`` with residuals ``r`` there.

        Broyden's update: the smallest change of J (in the metric of ``scale``) that explains the change of r.
        """
        miss = r - self.r - self.J @ step
        direction = scale * step / (step @ (scale * step))
        J_miss = self.J.T @ miss
        mixed = np.outer(J_miss, direction)
        return DenseModel(
            r=r,
            J=self.J + np.outer(miss, direction),
            gradient=self.gradient + self.normal @ step + J_miss + direction * (miss @ r),
            normal=self.normal + mixed + mixed.T + (miss @ miss) * np.outer(direction, direction),
            updates=self.updates + 1,
        )


@dataclass(frozen=True)
class LMMemory:
    """What LM keeps between steps.

    Attributes:
        model: the model at x, or None if the next step has to evaluate a Jacobian.
        scale: D (n,), by which the damping weighs the unknowns.
        mu: damping.
        growth: factor of the next increase of ``mu`` (Nielsen's rule).
        slope: ``DenseModel.slope`` of the last Jacobian evaluated.
        jacobian_x: the point (n,) of that Jacobian.
        jacobian_value: f at that point.
        start_value: f at the start.
    """

    model: DenseModel | None
    scale: Float[np.ndarray, " n"]
    mu: float
    growth: float
    slope: float
    jacobian_x: Float[np.ndarray, " n"]
    jacobian_value: float
    start_value: float


@dataclass(frozen=True)
class LM(Optimizer[LMMemory]):
    """Levenberg-Marquardt.

    Attributes:
        search: damped steps tried for each Jacobian evaluated, of which the best is taken; 1 is Nielsen's rule.
        spread: ratio of neighbouring dampings in the search.
        broyden: most rank-one updates of a Jacobian before it is evaluated anew; 0 for none.
        broyden_search: damped steps tried after such an update.
        broyden_gain: updates go on while a step lowers the value by at least this share.
        mu: damping at the start, relative to the squared columns of J.
        marquardt: weigh the damping of each unknown by its column of J, for unknowns of different units. False damps
            all alike, relative to the largest column: better where all are angles, since a late knot, which moves
            little, is then not sent far.
        gtol: converged once no column of J has a larger cosine with r.
        xtol: converged once the steps since the last Jacobian are shorter than this share of |x|.
        ftol: converged once the value decreased by less than this share since the last Jacobian.
    """

    search: int = 8
    spread: float = 4.0
    broyden: int = 20
    broyden_search: int = 3
    broyden_gain: float = 0.02
    mu: float = 1e-2
    marquardt: bool = False
    gtol: float = 1e-8
    xtol: float = 1e-8
    ftol: float = 1e-8

    def __post_init__(self) -> None:
        self._check(
            search=(1, 100),
            spread=(1.01, 1e3),
            broyden=(0, 1000),
            broyden_search=(1, 100),
            broyden_gain=(0, 1),
            mu=(MU_MIN, MU_MAX),
            gtol=(0, 1),
            xtol=(0, 1),
            ftol=(0, 1),
        )

    def begin(self, problem: Counted, x0: Float[np.ndarray, " n"]) -> tuple[float, LMMemory]:
        value, r, J = require_least_squares(problem, "lm").residuals_and_jacobian(x0)
        if not np.isfinite(value):
            return value, LMMemory(None, np.ones(len(x0)), self.mu, 2.0, np.inf, x0, value, value)
        model = DenseModel.at(r, J)
        return value, LMMemory(model, self._scale(model), self.mu, 2.0, model.slope(), x0, value, value)

    def advance(self, problem: Counted, state: State[LMMemory]) -> tuple[Float[np.ndarray, " n"], float, LMMemory]:
        squares = require_least_squares(problem, "lm")
        memory = state.memory
        model = memory.model
        if model is None:
            value, r, J = squares.residuals_and_jacobian(state.x)
            if not np.isfinite(value):
                return state.x, value, memory
            model = DenseModel.at(r, J)
            memory = replace(
                memory,
                scale=np.maximum(memory.scale, self._scale(model)),
                slope=model.slope(),
                jacobian_x=state.x,
                jacobian_value=state.value,
            )

        count = min(self.broyden_search, self.search) if model.updates else self.search
        mus = np.clip(memory.mu * self.spread ** (np.arange(count) - count // 2.0), MU_MIN, MU_MAX)
        mus, steps = model.steps(mus, memory.scale)
        if len(steps) == 0:
            return state.x, state.value, self._refused(memory, model)
        values, residuals = squares.trials(state.x + steps)
        best = int(np.argmin(values))
        value, step = float(values[best]), steps[best]
        if not value < state.value:
            return state.x, state.value, self._refused(memory, model)

        gain = 1 - value / state.value
        memory = self._damped(memory, float(mus[best]), (state.value - value) / model.decrease(step))
        if model.updates < self.broyden and gain >= self.broyden_gain:
            following = model.moved(step, residuals[best], memory.scale)
        else:
            following = None
        return state.x + step, value, replace(memory, model=following)

    def needs_derivative(self, state: State[LMMemory]) -> bool:
        return state.memory.model is None

    def finished(self, state: State[LMMemory]) -> Result | None:
        return why_finished(state, self.gtol, self.xtol, self.ftol)

    def _scale(self, model: DenseModel) -> np.ndarray:
        squares = model.normal.diagonal()
        largest = squares.max()
        if largest == 0:
            return np.ones(len(squares))
        return np.maximum(squares, SCALE_FLOOR * largest) if self.marquardt else np.full(len(squares), largest)

    def _damped(self, memory: LMMemory, mu: float, agreement: float) -> LMMemory:
        """The memory after a step with ``mu``; ``agreement`` is its actual over its predicted decrease."""
        if self.search == 1:
            mu *= max(1 / 3, 1 - (2 * agreement - 1) ** 3)
        return replace(memory, mu=float(np.clip(mu, MU_MIN, MU_MAX)), growth=2.0)

    def _refused(self, memory: LMMemory, model: DenseModel) -> LMMemory:
        """The memory after no trial lowered the value: doubt the updates first, then the length of the steps."""
        if model.updates:
            return replace(memory, model=None)
        factor = memory.growth if self.search == 1 else self.spread**self.search
        return replace(memory, model=model, mu=min(memory.mu * factor, MU_MAX), growth=memory.growth * 2)
