"""Optimus where residuals and Jacobians exist."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer_problems import Curved, Quadratic
from scipy.sparse import csr_array

from motionrecon.errors import InputError
from motionrecon.optimizers import minimize
from motionrecon.optimizers.counted import Counted, counted
from motionrecon.optimizers.problem import Factors
from motionrecon.optimus.gauss_newton.advice import SIGNS
from motionrecon.optimus.gauss_newton.causal import Causal, first_rows
from motionrecon.optimus.gauss_newton.corrected import APART, Corrected
from motionrecon.optimus.gauss_newton.factored import Factored
from motionrecon.optimus.gauss_newton.model import GaussNewtonModel, inverse_terms
from motionrecon.optimus.gauss_newton.optimizer import OptimusSquares


def test_a_quadratic_is_solved_in_one_step():
    problem = Quadratic(30, 12)
    best = np.linalg.lstsq(problem.A, problem.b, rcond=None)[0]
    optimizer = OptimusSquares(mu=1e-12, search=1, accelerated=0)
    state = optimizer.step(problem, optimizer.init(problem, np.ones(12)))
    np.testing.assert_allclose(state.x, best, atol=1e-8)
    assert state.evaluations.derivatives == 1


@pytest.mark.parametrize("n", [8, 150])
def test_correcting_by_secants_is_broydens_update_in_turn(n):
    rng = np.random.default_rng(1)
    m = 2 * n
    r, J = rng.standard_normal(m), rng.standard_normal((m, n))
    step, trials = 0.1 * rng.standard_normal(n), 0.2 * rng.standard_normal((3, n))
    there, at_trials = rng.standard_normal(m), rng.standard_normal((3, m))
    J[: m // 2, n // 2 :] = 0
    steps, residuals = np.concatenate([trials, step[None]]), np.concatenate([at_trials, there[None]])
    moved = GaussNewtonModel.at(r, J).moved(3, steps, residuals)
    away = trials - step
    order = np.argsort(-np.linalg.norm(away, axis=1))
    truth = J.copy()
    for s, y in [*((away[i], at_trials[i] - there) for i in order), (-step, r - there)]:
        truth += np.outer(y - truth @ s, s) / (s @ s)
    tight = 1e-9 if n < 100 else 1e-4
    size = np.abs(truth).max()
    np.testing.assert_allclose(moved.jacobian.dense(), truth, atol=tight * size)
    np.testing.assert_allclose(moved.normal, truth.T @ truth, atol=tight * np.abs(truth.T @ truth).max())
    np.testing.assert_allclose(moved.gradient, truth.T @ there, atol=tight * np.abs(truth.T @ there).max() * 10)


def test_the_terms_give_the_inverse_of_the_updated_normal_matrix():
    rng = np.random.default_rng(2)
    J, e, w = rng.standard_normal((20, 7)), rng.standard_normal(20), rng.standard_normal(7)
    D = np.diag(rng.uniform(0.1, 1, 7))
    B = np.linalg.inv(J.T @ J + D)
    u, signs = inverse_terms(B, J.T @ e, float(np.linalg.norm(e)), w)
    updated = J + np.outer(e, w)
    np.testing.assert_allclose(B + (u.T * signs) @ u, np.linalg.inv(updated.T @ updated + D), atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(m=st.integers(1, 100), n=st.integers(1, 9), seed=st.integers(0, 1000))
def test_first_rows_are_those_of_a_plain_search(m, n, seed):
    rng = np.random.default_rng(seed)
    J = rng.standard_normal((m, n)) * (np.arange(m)[:, None] >= rng.integers(0, m + 2, n))
    np.testing.assert_array_equal(first_rows(J), np.where(J.any(0), (J != 0).argmax(0), m))


@st.composite
def jacobians(draw):
    """Factors as of a simulation: unknowns begin to act one after the other, some never, some states are not seen."""
    frames, width, states = draw(st.integers(1, 30)), draw(st.integers(1, 9)), draw(st.integers(1, 6))
    n, rng = draw(st.integers(1, 12)), np.random.default_rng(draw(st.integers(0, 1000)))
    units = 10 ** rng.uniform(-6, 6, states)
    outer = rng.standard_normal((frames, width, states)) * (rng.uniform(size=states) > 0.2) * units
    begins = np.sort(rng.integers(0, frames + 2, n)) if draw(st.booleans()) else rng.integers(0, frames + 2, n)
    acts = np.arange(frames)[:, None] >= begins
    inner = rng.standard_normal((frames, states, n)) * acts[:, None]
    inner /= units[:, None]
    if states > 1:
        inner[:, 0] *= rng.uniform() > 0.5  # the first number of each state may be still where the others move
    direct = csr_array(rng.standard_normal((n + 2, n)) * (rng.uniform(size=(n + 2, n)) > 0.7))
    return Factors(outer, inner, direct), begins


@settings(max_examples=60, deadline=None)
@given(jacobians(), st.sampled_from([np.float32, np.float64]), st.integers(1, 200))
def test_products_by_factors_are_those_of_the_jacobian(given_factors, kind, rows):
    given_factors, begins = given_factors
    J, tight = given_factors.dense(), 1e-4 if kind == np.float32 else 1e-8
    with mock.patch("motionrecon.optimus.gauss_newton.causal.ROWS", rows):
        by_factors = Factored.of(given_factors, kind)
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((J.shape[1], 3)).astype(kind), rng.standard_normal((J.shape[0], 2)).astype(kind)
    size = max(np.abs(J).max(), 1.0)
    assert by_factors.shape == J.shape
    np.testing.assert_allclose(by_factors.dense(), J, atol=tight * size)
    np.testing.assert_allclose(by_factors.times(X), J @ X, atol=10 * tight * size)
    np.testing.assert_allclose(by_factors.transposed_times(Y), J.T @ Y, atol=100 * tight * size)
    np.testing.assert_allclose(by_factors.gram(), J.T @ J, atol=100 * tight * size**2)
    frames, _, states = given_factors.outer.shape
    np.testing.assert_array_equal(by_factors.first, np.minimum(begins, frames) * states)
    if (np.diff(begins) >= 0).all() and begins[-1] < frames:
        assert len(by_factors.inner.blocks) > (0 if begins[-1] * states < rows else 1)


def test_squares_without_a_place_are_nan_and_no_error():
    outer, inner = np.full((2, 3, 2), 1e200), np.ones((2, 2, 4))
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(Factored.of(Factors(outer, inner, csr_array((1, 4))), np.float64).gram()).all()


@pytest.mark.parametrize("n", [8, 150])
def test_many_corrections_become_part_of_the_matrix(n):
    rng = np.random.default_rng(7)
    outer, inner = rng.standard_normal((2 * n, 3, 2)), rng.standard_normal((2 * n, 2, n))
    given_factors = Factors(outer, inner, csr_array(np.eye(n)))
    kind = np.float32 if n == 150 else np.float64
    corrected = Corrected.of(Factored.of(given_factors, kind))
    truth = given_factors.dense()
    for _ in range(5):
        M, W = rng.standard_normal((len(truth), 15)), rng.standard_normal((n, 15))
        corrected, truth = corrected.plus(M.astype(kind), W.astype(kind)), truth + M @ W.T
    assert isinstance(corrected.J, Causal) and corrected.W.shape[1] < APART
    np.testing.assert_allclose(corrected.dense(), truth, atol=1e-3)


@pytest.mark.parametrize("n", [10, 120])
def test_a_problem_with_factors_is_minimized_as_without(n):
    class InFactors(Curved):
        """Its first residuals are their own states, ten at a time; the others look at none."""

        def residuals_and_jacobian(self, x):
            raise AssertionError("Optimus takes the factors")

        def residuals_and_factors(self, x):
            r, J = super().residuals_and_jacobian(x)
            split = len(r) // 20 * 10
            outer = np.tile(np.eye(10), (split // 10, 1, 1))
            return r, Factors(outer, J[:split].reshape(-1, 10, self.n), csr_array(J[split:]))

    one, other = Curved(4 * n, n), InFactors(4 * n, n)
    x0 = 0.3 * np.random.default_rng(4).standard_normal(n)
    a = minimize(one, x0, OptimusSquares(), max_evaluations=4)
    b = minimize(other, x0, OptimusSquares(), max_evaluations=4)
    assert a.njev == b.njev
    assert b.fun == pytest.approx(a.fun, rel=1e-6 if n < 100 else 1e-2)
    assert a.fun < 0.5 * one.value(x0)


@pytest.mark.parametrize(
    "shapes",
    [
        ((2, 3, 4), (2, 5, 6), (1, 6)),
        ((2, 3, 4), (2, 4, 6), (1, 5)),
        ((2, 0, 4), (2, 4, 6), (1, 6)),
        ((2, 3), (4,), (5,)),
    ],
)
def test_factors_that_do_not_fit_are_refused(shapes):
    with pytest.raises(InputError, match="factors have the shapes"):
        Factors(*map(np.ones, shapes))


def test_late_unknowns_are_read_off_the_jacobian():
    J = np.ones((6, 3))
    J[:2, 1] = J[:4, 2] = 0
    np.testing.assert_allclose(GaussNewtonModel.at(np.ones(6), J).late, [-0.5, 0.0, 0.5])
    np.testing.assert_array_equal(GaussNewtonModel.at(np.ones(6), np.ones((6, 3))).late, 0)


def test_a_few_accidental_zeros_do_not_make_unknowns_late():
    J = np.random.default_rng(0).standard_normal((80, 6))
    J[0, 2:] = 0
    np.testing.assert_array_equal(GaussNewtonModel.at(np.ones(80), J).late, 0)


def test_few_jacobians_solve_a_curved_problem():
    problem = Curved(40, 10)
    end = minimize(problem, np.zeros(10), OptimusSquares(), max_evaluations=20)
    plain = minimize(problem, np.zeros(10), "lm", max_evaluations=200, search=1, broyden=0)
    assert end.fun <= plain.fun * (1 + 1e-6)


def test_permuting_the_unknowns_permutes_the_answer():
    problem, order = Curved(40, 10), np.random.default_rng(3).permutation(10)
    permuted = Curved(40, 10)
    permuted.A = problem.A[:, order]
    x0 = 0.3 * np.random.default_rng(4).standard_normal(10)
    one, other = OptimusSquares(), OptimusSquares()
    a, b = one.init(problem, x0), other.init(permuted, x0[order])
    for _ in range(4):
        a, b = one.step(problem, a), other.step(permuted, b)
    np.testing.assert_allclose(b.x, a.x[order], atol=1e-7)


@pytest.mark.parametrize("seed", range(30))
def test_no_nan_and_never_worse_than_the_start(seed):
    rng = np.random.default_rng(seed)
    scale, n = 10 ** rng.uniform(-3, 3), int(rng.choice([1, 5, 120]))
    problem = Curved(2 * n + 1, n, seed, scale=scale, hole=rng.uniform(0.5, 3) * np.sqrt(n))
    problem.A *= 10 ** rng.uniform(-3, 3)
    x0 = scale * 0.4 * rng.standard_normal(n) * rng.uniform(0, 1)
    start = problem.value(x0)
    end = minimize(problem, x0, OptimusSquares(), max_evaluations=6)
    assert np.isfinite(end.x).all()
    if np.isfinite(start):
        assert end.fun <= start
        assert problem.value(end.x) == pytest.approx(end.fun, rel=1e-12)


def test_a_jacobian_of_nan_ends_the_run_at_the_start():
    class Broken(Curved):
        def residuals_and_jacobian(self, x):
            r, J = super().residuals_and_jacobian(x)
            return r, np.full_like(J, np.nan)

    end = minimize(Broken(9, 3), np.zeros(3), OptimusSquares(), max_evaluations=5)
    assert not end.success


def test_a_step_that_fails_falls_back_and_is_counted():
    problem = Curved(20, 5, hole=0.05)
    optimizer = OptimusSquares(mu=1e-9, search=2)
    state = optimizer.step(problem, optimizer.init(problem, np.zeros(5)))
    assert state.memory.fallbacks == 1
    assert state.memory.mu > 1e-9
    assert state.value == problem.value(np.zeros(5))
    for _ in range(40):
        state = optimizer.step(problem, state)
    assert state.best_value < problem.value(np.zeros(5))


def test_untrained_advice_is_no_advice_and_training_can_change_it():
    torch = pytest.importorskip("torch")
    from motionrecon.optimus.network.squares_network import SquaresNetwork

    rng = np.random.default_rng(5)
    model = GaussNewtonModel.at(rng.standard_normal(30), rng.standard_normal((30, 12)))
    network = SquaresNetwork()
    advice = network.advice(model, 40.0, 1e-2)
    np.testing.assert_array_equal(advice.damping, 0)
    np.testing.assert_array_equal(advice.terms, 0)
    np.testing.assert_allclose(advice.gradient, model.gradient)
    torch.manual_seed(0)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    order = rng.permutation(12)
    one = network.advice(model, 40.0, 1e-2)
    other = network.advice(GaussNewtonModel.at(model.r, model.jacobian.dense()[:, order]), 40.0, 1e-2)
    assert np.ptp(one.damping) > 0
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(b, a[..., order], atol=1e-4)
    assert len(SIGNS) == len(one.terms)


def test_the_problem_is_asked_for_one_jacobian_a_step():
    problem = Curved(40, 10)
    watched: Counted = counted(problem)
    optimizer = OptimusSquares()
    optimizer.begin(watched, np.zeros(10))
    assert watched.evaluations.jacobians == 1
    state = optimizer.init(problem, np.zeros(10))
    for _ in range(12):
        before = state.evaluations.derivatives
        needed = optimizer.needs_derivative(state)
        state = optimizer.step(problem, state)
        assert state.evaluations.derivatives - before == int(needed)
