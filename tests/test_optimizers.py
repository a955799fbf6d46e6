"""Every optimizer through the table of problems, and what each of them promises."""

import dataclasses
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer_problems import PROBLEMS, Smooth, Squares, linear

from motionrecon.errors import InputError
from motionrecon.optimizers import Evaluations, LeastSquares, Optimizer, Problem, Result, get, make, minimize, names
from motionrecon.optimizers.counted import counted
from motionrecon.optimizers.lm import LM, DenseModel

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("optimus_weights")]

SECOND_ORDER = ("lm", "bfgs", "lbfgs")
FIRST_ORDER = ("adam", "momentum", "gd")
#: Settings of lm that take different roads through it.
LM_KINDS: dict[str, dict[str, Any]] = {
    "strong": {},
    "plain": {"search": 1, "broyden": 0},
    "search": {"broyden": 0},
    "broyden": {"search": 1},
    "scaled": {"marquardt": True},
}
by_name = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)


def gap(problem: Squares, value: float) -> float:
    """How much of the distance from the start's value to the minimum is left."""
    return (value - problem.minimum) / (problem.value(problem.x0) - problem.minimum)


def random_problem(seed: int, n: int) -> Squares:
    """A nonlinear fit with kinks and a region without a value."""
    rng = np.random.default_rng(seed)
    A, B, c = rng.normal(size=(3 * n, n)), rng.normal(size=(3 * n, n)), rng.normal(size=3 * n)
    wall = rng.uniform(1, 3)

    def function(x):
        if np.linalg.norm(x) > wall * np.sqrt(n):
            return np.full(3 * n, np.nan), np.full((3 * n, n), np.nan)
        return A @ x + np.sin(B @ x) + 0.2 * np.abs(B @ x) - c, A + (np.cos(B @ x) + 0.2 * np.sign(B @ x))[:, None] * B

    return Squares("random", rng.normal(size=n) * 0.3, function)


# ---- the table


@by_name
@pytest.mark.parametrize("kind", LM_KINDS)
def test_lm_solves(problem, kind):
    result = minimize(problem, problem.x0, "lm", **LM_KINDS[kind])
    assert gap(problem, result.fun) < 1e-10
    assert result.success, result.message
    assert problem.value(result.x) == result.fun


@by_name
@pytest.mark.parametrize(
    ("method", "hyper"), [("bfgs", {}), ("lbfgs", {}), ("optimus", {"explore": False}), ("optimus", {"ftol": 0})]
)
def test_quasi_newton_solves(problem, method, hyper):
    result = minimize(Smooth(problem), problem.x0, method, gtol=1e-9, max_evaluations=120, **hyper)
    assert gap(problem, result.fun) < 1e-6
    assert problem.value(result.x) == pytest.approx(result.fun, rel=1e-12)


@by_name
@pytest.mark.parametrize("method", FIRST_ORDER)
def test_first_order_gets_down(problem, method):
    result = minimize(Smooth(problem), problem.x0, method, max_evaluations=1000, rate=0.01)
    assert gap(problem, result.fun) < 0.3
    assert problem.value(result.x) == pytest.approx(result.fun, rel=1e-12)


def test_the_additions_to_lm_save_jacobians():
    problem = PROBLEMS[2]
    spent = {k: minimize(problem, problem.x0, "lm", **kw).evaluations.jacobians for k, kw in LM_KINDS.items()}
    assert spent["broyden"] < spent["plain"]
    assert spent["strong"] < spent["search"]


# ---- promises


@pytest.mark.parametrize("method", names())
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 12), exponent=st.floats(-3, 3))
@settings(max_examples=15)
def test_never_worse_than_the_start(method, seed, n, exponent):
    problem = random_problem(seed, n)
    problem.scale = 10.0**exponent
    result = minimize(problem, problem.x0, method, max_evaluations=30)
    assert np.isfinite(result.x).all()
    assert result.fun <= problem.value(problem.x0)
    assert result.fun == pytest.approx(problem.value(result.x), rel=1e-9)
    assert result.evaluations.derivatives <= 30


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 12), exponent=st.floats(-3, 3), explore=st.booleans())
@settings(max_examples=8)
def test_optimus_is_never_worse_than_the_start_without_residuals(seed, n, exponent, explore):
    problem = random_problem(seed, n)
    problem.scale = 10.0**exponent
    result = minimize(Smooth(problem), problem.x0, "optimus", max_evaluations=40, explore=explore)
    assert np.isfinite(result.x).all()
    assert result.fun <= problem.value(problem.x0)
    assert result.fun == pytest.approx(problem.value(result.x), rel=1e-9)
    assert result.evaluations.derivatives <= 40 and result.evaluations.values == 0


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 20))
@settings(max_examples=30)
def test_lm_solves_a_linear_problem_with_one_jacobian(seed, n):
    problem = linear(3 * n, n, seed)
    result = minimize(problem, problem.x0, "lm", max_evaluations=1, marquardt=True, broyden_gain=0.0)
    assert result.evaluations.jacobians == 1
    assert gap(problem, result.fun) < 1e-9


@pytest.mark.parametrize("method", names())
@given(seed=st.integers(0, 2**32 - 1), power=st.integers(-40, 40))
@settings(max_examples=15)
def test_units_of_the_value_do_not_matter(method, seed, power):
    """A power of two changes no digit, so the paths agree to the last bit, as the problem's own arithmetic does."""
    one, other = random_problem(seed, 4), random_problem(seed, 4)
    other.scale = 2.0**power
    a, b = (minimize(p, p.x0, method, max_evaluations=12) for p in (one, other))
    assert a.evaluations == b.evaluations
    np.testing.assert_allclose(a.x, b.x, rtol=1e-6, atol=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_units_of_the_unknowns_do_not_matter_to_lm(seed):
    problem = random_problem(seed, 4)
    units = 2.0 ** np.array([-3, 0, 1, 4])

    def stretched(y):
        r, J = problem.function(y / units)
        return r, J / units

    other = Squares("stretched", problem.x0 * units, stretched)
    a = minimize(problem, problem.x0, "lm", max_evaluations=4, marquardt=True)
    b = minimize(other, other.x0, "lm", max_evaluations=4, marquardt=True)
    np.testing.assert_allclose(a.x, b.x / units, rtol=1e-5, atol=1e-8)


@by_name
@pytest.mark.parametrize("method", names())
def test_state_is_a_value(problem, method):
    """A run that is saved in the middle and continued by a new optimizer goes where an unbroken one goes."""
    optimizer = make(method)
    states = [optimizer.init(problem, problem.x0)]
    for _ in range(12):
        if optimizer.terminate(problem, states[-1]) is not None:
            break
        states.append(optimizer.step(problem, states[-1]))
    middle = len(states) // 2
    state = states[middle]
    for expected in states[middle + 1 :]:
        state = make(method).step(problem, state)
        np.testing.assert_array_equal(state.x, expected.x)
        assert (state.value, state.evaluations, state.iteration) == (
            expected.value,
            expected.evaluations,
            expected.iteration,
        )
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(state, "value", 0.0)  # noqa: B010
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(optimizer, "gtol", 1.0)  # noqa: B010


@by_name
@pytest.mark.parametrize("method", names())
def test_each_step_costs_at_most_one_derivative(problem, method):
    optimizer = make(method)
    state = optimizer.init(problem, problem.x0)
    assert state.evaluations.derivatives == 1
    for _ in range(30):
        if optimizer.terminate(problem, state) is not None:
            break
        needed = optimizer.needs_derivative(state)
        before, state = state, optimizer.step(problem, state)
        assert state.evaluations.derivatives - before.evaluations.derivatives == needed
        assert state.best_value <= before.best_value


# ---- failures


@pytest.mark.parametrize("method", names())
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_start_without_a_value(method, bad):
    problem = Squares("bad", np.ones(2), lambda x: (np.array([bad, 1.0]), np.eye(2)))
    result = minimize(problem, problem.x0, method)
    assert result.result is Result.DIVERGED
    assert not result.success
    np.testing.assert_array_equal(result.x, problem.x0)


@pytest.mark.parametrize("method", names())
def test_a_value_without_a_derivative_is_a_failed_step(method):
    """The minimum lies where the derivative cannot be had: the answer is still the best point with a value."""

    def function(x):
        J = np.eye(2)
        return x - 1, J if x[0] < 0.5 else np.full((2, 2), np.nan)

    problem = Squares("half", np.zeros(2), function)
    result = minimize(problem, problem.x0, method, max_evaluations=50)
    assert np.isfinite(result.fun)
    assert result.fun < 2.0


class MinusInfinity:
    """Falls to -inf at a distance of 1 from the start."""

    n = 2

    def value(self, x):
        return -np.inf if np.linalg.norm(x) > 1 else -float(x.sum())

    def value_and_gradient(self, x):
        return self.value(x), -np.ones(2)


@pytest.mark.parametrize("method", [m for m in names() if m != "lm"])
def test_minus_infinity_is_no_answer(method):
    result = minimize(MinusInfinity(), np.zeros(2), method, max_evaluations=100)
    assert np.isfinite(result.fun)
    assert result.fun < -0.9


@pytest.mark.parametrize("method", names())
def test_starting_at_the_minimum(method):
    problem = Squares("there", np.zeros(3), lambda x: (np.array([*x, 1.0]), np.eye(4, 3)))
    result = minimize(problem, problem.x0, method)
    assert (result.result, result.nit) == (Result.GRADIENT, 0)


@pytest.mark.parametrize("method", names())
def test_an_unknown_without_effect_stays(method):
    problem = Squares("idle", np.array([3.0, 7.0]), lambda x: (x[:1] - 1, np.array([[1.0, 0.0]])))
    result = minimize(problem, problem.x0, method, max_evaluations=100)
    assert result.x[1] == 7.0
    assert result.fun < 4.0


def test_wrong_derivatives_stall_and_are_said():
    problem = Squares("uphill", np.ones(3), lambda x: (x, -np.eye(3)))
    for method in SECOND_ORDER:
        result = minimize(problem, problem.x0, method)
        assert result.result is Result.STALLED
        assert result.fun == 3.0


# ---- counting


class Witness:
    """Counts the calls itself."""

    def __init__(self, problem):
        self._problem = problem
        self.n = problem.n
        self.calls = {"values": 0, "gradients": 0, "jacobians": 0}

    def value(self, x):
        self.calls["values"] += 1
        return self._problem.value(x)

    def value_and_gradient(self, x):
        self.calls["gradients"] += 1
        return self._problem.value_and_gradient(x)

    def residuals(self, x):
        self.calls["values"] += 1
        return self._problem.residuals(x)

    def residuals_and_jacobian(self, x):
        self.calls["jacobians"] += 1
        return self._problem.residuals_and_jacobian(x)


class BatchedWitness(Witness):
    def residuals_batch(self, X):
        self.calls["values"] += len(X)
        return np.stack([self._problem.residuals(x) for x in X])


@by_name
@pytest.mark.parametrize("method", names())
@pytest.mark.parametrize("witness", [Witness, BatchedWitness])
def test_evaluations_are_what_was_asked(problem, method, witness):
    seen = witness(problem)
    result = minimize(seen, problem.x0, method, max_evaluations=7)
    assert result.evaluations == Evaluations(**seen.calls)
    assert result.njev == seen.calls["gradients"] + seen.calls["jacobians"] <= 7
    assert result.nfev == sum(seen.calls.values())


@by_name
def test_batched_residuals_change_nothing(problem):
    one = minimize(Witness(problem), problem.x0)
    other = minimize(BatchedWitness(problem), problem.x0)
    np.testing.assert_array_equal(one.x, other.x)


# ---- the doors


def test_protocols_tell_problems_apart():
    problem = PROBLEMS[0]
    assert isinstance(problem, LeastSquares)
    assert isinstance(Smooth(problem), Problem)
    assert not isinstance(Smooth(problem), LeastSquares)
    assert not isinstance(object(), Problem)


def test_lm_needs_residuals():
    with pytest.raises(InputError, match=r"sums of squares.*residuals=True"):
        minimize(Smooth(PROBLEMS[0]), PROBLEMS[0].x0, "lm")


@pytest.mark.parametrize(
    ("x0", "said"),
    [(np.zeros(3), r"shape \(3,\)"), (np.zeros((5, 1)), r"shape \(5, 1\)"), (np.full(5, np.nan), "5 numbers")],
)
def test_bad_starts(x0, said):
    with pytest.raises(InputError, match=said):
        minimize(PROBLEMS[0], x0)


def test_bad_names_and_options():
    problem = PROBLEMS[0]
    with pytest.raises(InputError, match="choose one of optimus, optimus-paper, lm, lbfgs, bfgs, adam, momentum, gd"):
        minimize(problem, problem.x0, "newton")
    with pytest.raises(InputError, match=r"no option lr: its options are rate, gtol"):
        minimize(problem, problem.x0, "gd", lr=1)
    with pytest.raises(InputError, match=r"rate=-1"):
        minimize(problem, problem.x0, "gd", rate=-1)
    with pytest.raises(InputError, match="search=0"):
        LM(search=0)
    with pytest.raises(InputError, match="max_evaluations is 0"):
        minimize(problem, problem.x0, max_evaluations=0)
    with pytest.raises(InputError, match="is made already"):
        minimize(problem, problem.x0, LM(), search=1)
    with pytest.raises(InputError, match="neither a function nor a problem"):
        minimize(np.ones(3), problem.x0)  # type: ignore[arg-type]


def test_callback_sees_each_step_and_can_stop():
    problem, seen = PROBLEMS[1], []

    def callback(state):
        seen.append(state.best_value)
        return len(seen) == 3

    result = minimize(problem, problem.x0, callback=callback)
    assert (result.result, result.nit, len(seen)) == (Result.CALLBACK, 3, 3)
    assert seen == sorted(seen, reverse=True)
    assert result.fun == seen[-1]


def test_registry_makes_optimizers_and_stays_light():
    assert names()[0] == "optimus"
    assert all(issubclass(get(name), Optimizer) for name in names())
    code = "import sys, motionrecon.optimizers as o; o.names(); print({'scipy', 'torch'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-P", "-c", code], text=True).strip() == "set()"


# ---- the parts


@given(seed=st.integers(0, 2**32 - 1), marquardt=st.booleans())
@settings(max_examples=30)
def test_broyden_model_stays_consistent(seed, marquardt):
    """After updates, gradient and J'J are those of the updated J, and J explains the last change of r."""
    rng = np.random.default_rng(seed)
    model = DenseModel.at(rng.normal(size=12), rng.normal(size=(12, 4)))
    scale = np.exp(rng.normal(size=4)) if marquardt else np.ones(4)
    for _ in range(5):
        step, r = rng.normal(size=4), rng.normal(size=12)
        before, model = model, model.moved(step, r, scale)
        np.testing.assert_allclose(model.J @ step, r - before.r, atol=1e-9)
        np.testing.assert_allclose(model.gradient, model.J.T @ r, atol=1e-9)
        np.testing.assert_allclose(model.normal, model.J.T @ model.J, atol=1e-9)
    assert model.updates == 5


def test_damped_steps_solve_the_damped_equations():
    rng = np.random.default_rng(0)
    model = DenseModel.at(rng.normal(size=12), rng.normal(size=(12, 4)))
    scale = np.array([1.0, 10.0, 0.1, 3.0])
    mus, steps = model.steps(np.array([1e-3, 1.0, 100.0]), scale)
    for mu, step in zip(mus, steps, strict=True):
        np.testing.assert_allclose((model.normal + mu * np.diag(scale)) @ step, -model.gradient, atol=1e-12)
    step = steps[1]
    assert model.decrease(step) == pytest.approx(model.r @ model.r - np.sum((model.r + model.J @ step) ** 2))


@pytest.mark.parametrize("method", ["bfgs", "lbfgs"])
def test_quasi_newton_meets_the_secant_condition(method):
    optimizer: Any = make(method)
    rng = np.random.default_rng(0)
    curvature = optimizer.fresh(5)
    for _ in range(3):
        step, change = rng.normal(size=5), rng.normal(size=5)
        change *= np.sign(step @ change)
        curvature = optimizer.learn(curvature, step, change)
        np.testing.assert_allclose(optimizer.direction(curvature, change), -step, atol=1e-10)


def test_bfgs_and_lbfgs_agree_while_lbfgs_remembers_all():
    problem = Smooth(PROBLEMS[2])
    x0 = PROBLEMS[2].x0
    a, b = (minimize(problem, x0, method, max_evaluations=6) for method in ("bfgs", "lbfgs"))
    assert np.linalg.norm(a.x - x0) > 0.1
    np.testing.assert_allclose(a.x[:3], b.x[:3], rtol=0.05)


def test_counted_makes_every_failure_infinite():
    problem = counted(Squares("bad", np.ones(2), lambda x: (x * np.nan, np.eye(2))))
    assert problem.value(np.ones(2)) == np.inf
    value, gradient = problem.value_and_gradient(np.ones(2))
    assert value == np.inf and not gradient.any()
    assert problem.best_x is None
    assert problem.evaluations == Evaluations(values=1, gradients=1)


@pytest.mark.parametrize("method", ["bfgs", "lbfgs"])
@pytest.mark.parametrize("wolfe", [0.9, 0.1])
def test_accepted_steps_meet_both_wolfe_conditions(method, wolfe):
    problem = PROBLEMS[2]
    optimizer: Any = make(method, wolfe=wolfe, probes=100)
    state, accepted = optimizer.init(problem, problem.x0), 0
    while optimizer.terminate(problem, state) is None:
        before, state = state, optimizer.step(problem, state)
        step = state.x - before.x
        if not step.any() or state.value < 1e-9:  # a probe that was not taken; or differences lost to rounding
            continue
        accepted += 1
        slope = before.memory.gradient @ step
        assert state.value <= before.value + optimizer.armijo * slope * (1 - 1e-9)
        assert abs(state.memory.gradient @ step) <= wolfe * abs(slope) * (1 + 1e-9)
    assert accepted > 10
