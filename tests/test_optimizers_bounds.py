"""Bounds: minima at them and away from them, starts on them, and functions that are never asked beyond them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from optimizer_problems import PROBLEMS, Smooth
from scipy.optimize import Bounds, lsq_linear
from scipy.optimize import minimize as scipy_minimize

from motionrecon.errors import InputError
from motionrecon.optimizers import minimize
from motionrecon.optimizers.bounds import Box, bounded

pytestmark = pytest.mark.usefixtures("optimus_weights")

rng = np.random.default_rng(4)
A, b = rng.normal(size=(12, 5)), rng.normal(size=12)
SIDES = [(-0.1, 0.1), (None, 0.05), (-0.02, None), (None, None), (0.3, 0.3)]
LOWER = np.array([-np.inf if low is None else low for low, _ in SIDES])
UPPER = np.array([np.inf if high is None else high for _, high in SIDES])
START = np.array([0.0, -1.0, 1.0, 2.0, 0.3])


class Inside:
    """A function that fails the test where it is asked beyond its bounds."""

    def __init__(self, fun):
        self.fun = fun

    def __call__(self, x):
        assert (x >= LOWER).all() and (x <= UPPER).all(), x
        return self.fun(x)


def exact():
    free = LOWER < UPPER
    rest = lsq_linear(A[:, free], b - A[:, ~free] @ LOWER[~free], (LOWER[free], UPPER[free]), tol=1e-14)
    x = LOWER.copy()
    x[free] = rest.x
    return x


def test_the_problem_has_active_and_inactive_bounds():
    x = exact()
    assert 1 <= np.sum((np.abs(x - LOWER) < 1e-9) | (np.abs(x - UPPER) < 1e-9)) < 5


@pytest.mark.parametrize("method", ["optimus", "lm", "bfgs", "lbfgs"])
@pytest.mark.parametrize("jac", [lambda x: A, "2-point", "3-point"], ids=["jac", "2-point", "3-point"])
def test_sums_of_squares(method, jac):
    result = minimize(
        Inside(lambda x: A @ x - b), START, method, jac=jac, residuals=True, bounds=SIDES, max_evaluations=400
    )
    assert result.success, result.message
    np.testing.assert_allclose(result.x, exact(), atol=2e-4)
    assert result.fun <= (1 + 1e-6) * np.sum((A @ exact() - b) ** 2)


@pytest.mark.parametrize(
    ("method", "hyper"),
    [("optimus", {"explore": False}), ("bfgs", {}), ("lbfgs", {}), ("adam", {"rate": 0.01}), ("momentum", {})],
)
def test_functions(method, hyper):
    fun = Inside(lambda x: (np.sum((A @ x - b) ** 2), 2 * A.T @ (A @ x - b)))
    result = minimize(fun, START, method, jac=True, bounds=SIDES, max_evaluations=1500, **hyper)
    np.testing.assert_allclose(result.x, exact(), atol=1e-3)
    gradient = 2 * A.T @ (A @ result.x - b)
    np.testing.assert_allclose(result.jac[:4], gradient[:4], rtol=1e-4, atol=1e-6)
    assert np.isnan(result.jac[4]), "a fixed unknown has no gradient here"


def test_exploration_stays_within_bounds():
    def ripples(x):
        assert (x >= -2).all() and (x <= 5).all()
        return np.sum(x**2 + 10 * (1 - np.cos(3 * x))), 2 * x + 30 * np.sin(3 * x)

    result = minimize(ripples, np.array([4.0, 3.0, -1.5]), jac=True, bounds=[(-2, 5)] * 3, max_evaluations=120)
    assert result.fun < 1e-6


def test_torch_functions_and_shapes():
    target = torch.tensor([[3.0, -3.0], [0.5, 0.2]], dtype=torch.float64)

    def fun(x):
        assert x.shape == (2, 2) and (x <= 1).all() and (x >= -1).all()
        return (x - target).square().sum()

    result = minimize(fun, torch.zeros(2, 2, dtype=torch.float64), "bfgs", bounds=[(-1, 1)] * 4)
    torch.testing.assert_close(result.x, target.clamp(-1, 1), atol=1e-5, rtol=0)
    residuals = minimize(lambda x: (x - target).reshape(-1), torch.zeros(2, 2), residuals=True, bounds=Bounds(-1, 1))
    torch.testing.assert_close(residuals.x.double(), target.clamp(-1, 1), atol=1e-5, rtol=0)


@pytest.mark.parametrize("start", [-1.0, 1.0, -7.0, 7.0, 1 - 1e-12, 1 - 1e-5])
@pytest.mark.parametrize("method", ["optimus", "lbfgs", "bfgs"])
def test_a_start_on_or_beyond_a_bound(method, start):
    some = {"jac": True, "bounds": [(-1, 1)] * 2, "max_evaluations": 60}
    result = minimize(lambda x: (x @ x, 2 * x), [start, 0.5], method, **some)
    np.testing.assert_allclose(result.x, 0, atol=1e-4)
    result = minimize(lambda x: (x.sum(), np.ones(2)), [start, 0.5], method, **some)
    np.testing.assert_allclose(result.x, -1, atol=1e-6)


@pytest.mark.parametrize("problem", [PROBLEMS[2], Smooth(PROBLEMS[2])], ids=["squares", "smooth"])
def test_problems_too(problem):
    """Rosenbrock's valley, cut off before its minimum: as SciPy's L-BFGS-B finds it."""
    x0 = PROBLEMS[2].x0
    sides = [(-2.0, 0.6)] * len(x0)
    found = minimize(problem, x0, bounds=sides, max_evaluations=120)
    peer = scipy_minimize(problem.value_and_gradient, np.clip(x0, -2, 0.6), jac=True, bounds=sides, method="L-BFGS-B")
    assert found.fun <= peer.fun * (1 + 1e-5)


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 1e3), st.sampled_from("nlhbf"), st.floats(0, 1)), min_size=1)
)
def test_the_map_stays_inside_and_its_slope_is_right(sides):
    lower = np.array([-np.inf if kind in "nh" else low for low, _, kind, _ in sides])
    upper = np.array(
        [np.inf if kind in "nl" else low if kind == "f" else low + width + 1e-3 for low, width, kind, _ in sides]
    )
    start = np.array([low + share * (width + 1e-3) for low, width, _, share in sides])
    box = Box(lower, upper, start)
    inside = (start > lower + 1e-3) & (start < upper - 1e-3)
    np.testing.assert_allclose(box.x(box.z)[inside], start[inside], rtol=1e-9, atol=1e-9)
    free = lower < upper
    np.testing.assert_allclose(box.slope(box.z)[free], 1, rtol=1e-6)
    for shift in (-3.0, 0.1, 50.0, 1e9):
        x = box.x(box.z + shift)
        assert (x >= lower).all() and (x <= upper).all()
    z, h = box.z + 0.01, 1e-6
    np.testing.assert_allclose(
        (box.x(z + h) - box.x(z - h)) / (2 * h), box.slope(z), rtol=1e-2, atol=1e-2 * np.abs(box.slope(z)).max()
    )


def test_a_bounded_sum_of_squares_keeps_its_batches():
    class Batched:
        n = 2

        def residuals_batch(self, X):
            return X - 1

        residuals = value = value_and_gradient = residuals_and_jacobian = lambda self, x: x - 1

    box = Box(np.zeros(2), np.full(2, 3.0), np.ones(2))
    rows = bounded(Batched(), box).residuals_batch(np.array([[1.0, 1.0], [1.5, 0.5]]))
    np.testing.assert_allclose(rows[0], 0, atol=1e-12)
    assert rows.shape == (2, 2)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ([(0, 1)], r"bounds has 1 pairs: give a pair .* each of the 2 unknowns"),
        ([(1, 0), (0, 1)], r"bounds\[0\] is \(1, 0\)"),
        ([(0, 1), (float("nan"), 1)], r"bounds\[1\] is \(nan, 1\)"),
        ([(0, 1), (float("inf"), None)], r"bounds\[1\] is \(inf, inf\)"),
        ([0, 1], "give a pair"),
        (3, "give a pair"),
        ([("a", 1), (0, 1)], "give a pair"),
        (Bounds([0, 0, 0], 1), "bounds has 3 pairs"),
    ],
)
def test_bounds_that_cannot_be(bounds, said):
    with pytest.raises(InputError, match=said):
        minimize(lambda x: (x @ x, 2 * x), [0.5, 0.5], jac=True, bounds=bounds)
