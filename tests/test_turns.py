"""Several starts in turn: one that ends badly is left, what ends well costs no more, and budgets are kept."""

from __future__ import annotations

import numpy as np
import pytest

from motionrecon.optimizers import minimize
from motionrecon.optimizers.gd import GradientDescent
from motionrecon.optimizers.lm import LM
from motionrecon.optimizers.problem import Evaluations
from motionrecon.optimizers.turns import Beside, Budget, in_turn

LEFT, RIGHT = np.array([-1.6]), np.array([1.4])


class TwoBasins:
    """r = (x² - 1, 0.3 (x - 1)): a good minimum at 1, and a bad one near -1 whose value is about 0.35."""

    n = 1

    def __init__(self) -> None:
        self.asked: list[float] = []

    def value(self, x: np.ndarray) -> float:
        r = self.residuals(x)
        return float(r @ r) if abs(x[0]) < 10 else np.inf

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        r, J = self.residuals_and_jacobian(x)
        return float(r @ r), 2 * J.T @ r

    def residuals(self, x: np.ndarray) -> np.ndarray:
        return np.array([x[0] ** 2 - 1, 0.3 * (x[0] - 1)])

    def residuals_and_jacobian(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.asked.append(float(x[0]))
        return self.residuals(x), np.array([[2 * x[0]], [0.3]])


def good(x: np.ndarray) -> bool:
    return bool(x[0] > 0)


def test_a_start_that_ends_badly_is_left_for_the_next():
    problem, seen = TwoBasins(), []
    search = in_turn(
        problem,
        [LEFT, RIGHT],
        LM(),
        Budget(5, 40),
        good,
        watch=lambda used, value: seen.append((used.derivatives, value)),
    )
    assert search.starts == 2 and len(search.found) == 2
    assert search.found[0].x == pytest.approx(1, abs=1e-3) and search.found[1].x < 0
    assert search.found[0].value < 1e-5 < 0.3 < search.found[1].value
    assert search.found[0].before == pytest.approx(problem.value(RIGHT))
    assert len(problem.asked) == search.evaluations.jacobians == seen[-1][0] < 20
    assert [value for _, value in seen] == sorted((value for _, value in seen), reverse=True), "the lowest of all"


@pytest.mark.parametrize("optimizer", [LM(), GradientDescent()])
def test_a_start_that_ends_well_costs_what_a_descent_alone_does(optimizer):
    alone = minimize(TwoBasins(), RIGHT, optimizer, max_evaluations=4)
    search = in_turn(TwoBasins(), [RIGHT, LEFT], optimizer, Budget(4, 12), good)
    assert search.starts == 1
    assert search.found[0].value == alone.fun and search.found[0].x == alone.x
    assert search.evaluations == alone.evaluations + Evaluations(values=1)  # whether the start has a value


def test_a_descent_that_ends_well_ends_once_it_has_settled():
    plain = LM(search=1, broyden=0, ftol=0, gtol=0, xtol=0)

    def cost(**budget: int) -> int:
        limits = Budget(30, 40, **budget)
        return in_turn(TwoBasins(), [LEFT], plain, limits, lambda x: True).evaluations.jacobians

    soon = cost()
    assert 1 < soon < 10
    assert cost(least=soon + 2) == soon + 2
    assert soon < cost(patience=3) < 30


def test_a_descent_that_still_falls_is_not_left():
    begin = np.array([-9.0])  # far out the steps halve x: each Jacobian gains a lot
    search = in_turn(TwoBasins(), [begin, RIGHT], LM(search=1, broyden=0), Budget(2, 40), good)
    assert search.found[1].value < 0.4, "it went on beyond the usual number"


def test_a_descent_that_has_failed_or_is_behind_is_left_though_it_falls():
    far, plain = np.array([-9.0]), LM(search=1, broyden=0)
    search = in_turn(TwoBasins(), [far, RIGHT], plain, Budget(2, 40), good, failed=lambda x: not good(x))
    assert search.found[1].value > 0.4
    search = in_turn(TwoBasins(), [RIGHT, far], plain, Budget(5, 40), lambda x: False)
    assert search.found[1].value > 0.4


@pytest.mark.parametrize("most", [1, 3, 7, 30])
def test_the_budget_is_kept_and_what_is_left_goes_to_the_lowest(most):
    problem = TwoBasins()
    search = in_turn(problem, [LEFT, LEFT - 0.5], LM(), Budget(3, most), lambda x: False)
    assert search.evaluations.jacobians == len(problem.asked) <= most
    if most == 30:  # both ran to their end, and nothing was left to do
        assert [f.value for f in search.found] == pytest.approx([0.35, 0.35], abs=0.05)


def test_starts_without_a_value_are_passed_over():
    search = in_turn(TwoBasins(), [np.array([20.0]), RIGHT], LM(), Budget(5, 10), good)
    assert search.starts == 2 and len(search.found) == 1
    nothing = in_turn(TwoBasins(), [np.array([20.0])], LM(), Budget(5, 10), good)
    assert nothing.found == () and nothing.evaluations == Evaluations(values=1)


def test_a_start_beside_the_lowest_keeps_what_was_found():
    step = np.array([2.2])  # from the bad minimum near -1 into the basin of the good one
    search = in_turn(TwoBasins(), [LEFT, Beside(step), RIGHT], LM(), Budget(5, 40), good)
    assert search.starts == 2 and search.found[0].x == pytest.approx(1, abs=1e-3)
    bad = search.found[1]
    assert bad.x < 0 and search.found[0].before == pytest.approx(TwoBasins().value(bad.x + step))


def test_there_is_no_start_beside_nothing():
    starts = [Beside(np.array([1.0])), np.array([20.0]), Beside(LEFT), RIGHT]
    search = in_turn(TwoBasins(), starts, LM(), Budget(5, 10), good)
    assert search.starts == 2 and len(search.found) == 1
