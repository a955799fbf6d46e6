"""The built-in rule of functions: local search, look around, and what neither may do."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from stepping import in_arrays, steps

from motionrecon.optimus.exploration import trend
from motionrecon.optimus.exploration.modes import LOCAL
from motionrecon.optimus.rule import OptimusRule
from motionrecon.optimus.secant import bfgs, lift, scale
from motionrecon.research.tasks.functions import sample, stream

YES = np.ones(4, dtype=bool)


def quadratic(n, P, seed=0, condition=100.0):
    """f = (x - c)' H (x - c) / 2 for P random H and c."""
    generator = torch.Generator().manual_seed(seed)
    q = torch.linalg.qr(torch.randn(P, n, n, generator=generator, dtype=torch.float64))[0]
    H = q @ torch.diag_embed(torch.logspace(0, np.log10(condition), n, dtype=torch.float64).expand(P, n)) @ q.mT
    c = torch.randn(P, n, generator=generator, dtype=torch.float64)

    def evaluate(x):
        g = (H @ (x - c)[..., None])[..., 0]
        return 0.5 * ((x - c) * g).sum(-1), g

    return evaluate, H, c


def secant(n=6, P=4, seed=0):
    draw = np.random.default_rng(seed)
    a, s, y = draw.normal(size=(P, n, n)), *draw.normal(size=(2, P, n))
    y = np.where(((s * y).sum(-1) > 0)[:, None], y, -y)
    return a @ a.swapaxes(1, 2) + np.eye(n), s, y


@given(n=st.integers(1, 9), seed=st.integers(0, 1000))
def test_an_update_is_that_of_the_textbook(n, seed):
    B, s, y = secant(n, seed=seed)
    updated = bfgs(B, s, y, YES)
    eye, rho = np.eye(n), 1 / (s * y).sum(-1)[:, None, None]
    left = eye - rho * s[:, :, None] * y[:, None, :]
    textbook = left @ B @ left.swapaxes(1, 2) + rho * s[:, :, None] * s[:, None, :]  # Nocedal and Wright, eq. 6.17
    size = np.abs(textbook).max()
    np.testing.assert_allclose(updated, textbook, rtol=1e-8, atol=1e-8 * size)
    np.testing.assert_allclose((updated @ y[..., None])[..., 0], s, rtol=0, atol=1e-8 * size * np.abs(y).max())
    assert np.array_equal(updated, updated.swapaxes(1, 2))


def test_a_secant_without_curvature_changes_nothing():
    B, s, y = secant()
    assert np.array_equal(bfgs(B, s, y, ~YES), B)
    assert (lift(B, s, y, ~YES) == 1).all()


def test_lift_only_lengthens():
    B, s, y = secant()
    assert (lift(B, s, y, YES) >= 1).all()
    short = lift(B * 1e-2, s, y, YES)
    seen = (y * (B @ y[..., None])[..., 0]).sum(-1) * 1e-2
    np.testing.assert_allclose(short, np.clip((s * y).sum(-1) / seen, 1, 1e3))


def test_the_first_scale_is_exact_where_all_curvatures_are_one():
    s = np.random.default_rng(0).normal(size=(4, 6))
    np.testing.assert_allclose(scale(s, 5 * s, YES), 1 / 5)


def test_one_step_solves_a_quadratic_with_the_inverse_hessian_for_b():
    rule, (evaluate, H, c) = OptimusRule(), quadratic(7, 3)
    x0 = torch.randn(3, 7, dtype=torch.float64)
    state = rule.begin(x0.numpy(), *(a.numpy() for a in evaluate(x0)), 100)
    state = state.replace(search=state.search.replace(B=torch.linalg.inv(H).numpy()))
    np.testing.assert_allclose(rule.propose(state)[0], c, rtol=1e-9, atol=1e-9)


def _bumpy(x):
    """Alike in all unknowns but for their order: a bowl with ripples and a coupling through the mean."""
    f = (x**2 - 3 * torch.cos(4 * x) + 3).sum(-1) + x.mean(-1) ** 4
    return f, 2 * x + 12 * torch.sin(4 * x) + (4 * x.mean(-1) ** 3 / x.shape[-1])[:, None]


def _bowl(x):
    """Alike in all unknowns but for their order: a quartic bowl with a coupling through the mean."""
    f = (x**2 + x**4 / 10).sum(-1) + x.mean(-1) ** 4
    return f, 2 * x + 0.4 * x**3 + (4 * x.mean(-1) ** 3 / x.shape[-1])[:, None]


def test_permuting_the_unknowns_permutes_the_steps():
    rule = OptimusRule()
    x0 = 3 * torch.randn(2, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    order = torch.randperm(9, generator=torch.Generator().manual_seed(2))
    points, _ = steps(rule, _bowl, x0, 8, 120)
    permuted, _ = steps(rule, _bowl, x0[:, order], 8, 120)
    torch.testing.assert_close(points[:, :, order], permuted, rtol=1e-6, atol=1e-6)
    assert (points[-1, :, order] - points[-1]).abs().max() > 0.02, "the order must matter"


def test_a_look_around_permutes_with_the_unknowns():
    x0 = 3 * torch.randn(2, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    _, state = steps(OptimusRule(), _bumpy, x0, 40, 120)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(2))
    state, order = in_arrays(state), order.numpy()
    there = trend.offset(state)
    shuffled = trend.offset(state.replace(trend=state.trend.replace(key=state.trend.key[:, order])))
    np.testing.assert_allclose(there[:, order], shuffled)
    np.testing.assert_allclose(np.sqrt((there**2).mean(-1)), state.trend.distance)


def test_a_batch_steps_as_each_of_its_problems_alone():
    rule = OptimusRule()
    batch = sample("rosenbrock", 6, 5, 3)
    x0 = batch.start(torch.Generator().manual_seed(0))
    together, state = steps(rule, batch.value_and_gradient, x0, 15, 50)
    for k in range(5):
        alone, _ = steps(rule, batch.take([k]).value_and_gradient, x0[k : k + 1], 15, 50)
        torch.testing.assert_close(together[:, k], alone[:, 0], rtol=1e-4, atol=1e-6)
    assert state.search.x.shape == (5, 6)


@pytest.mark.parametrize("n", [1, 7, 300, 1500])
def test_few_unknowns_and_many(n):
    rule, batch = OptimusRule(), sample("sum_squares", n, 1, 0)
    x0 = batch.start(torch.Generator().manual_seed(0))
    _, state = steps(rule, batch.value_and_gradient, x0, 12 if n < 1000 else 5, 60)
    assert state.search.best_x.isfinite().all()
    assert state.search.best_f[0] < (0.1 if n < 1000 else 0.5) * state.search.f0[0]


def test_a_quadratic_is_solved():
    evaluate, _, c = quadratic(10, 4)
    _, state = steps(OptimusRule(explore=False), evaluate, torch.zeros(4, 10, dtype=torch.float64), 60, 100)
    torch.testing.assert_close(state.search.best_x, c, rtol=1e-5, atol=1e-5)


def test_steps_do_not_depend_on_the_units_of_x_and_f():
    rule, (evaluate, _, _) = OptimusRule(), quadratic(6, 2)
    x0 = torch.zeros(2, 6, dtype=torch.float64)
    points, _ = steps(rule, evaluate, x0, 15, 60)

    def other(x):
        f, g = evaluate(x / 1000 - 5)
        return 64 * f, 64 * g / 1000

    scaled, _ = steps(rule, other, 1000 * (x0 + 5), 15, 60)
    torch.testing.assert_close(scaled / 1000 - 5, points, rtol=1e-4, atol=1e-5)


def test_the_trend_under_ripples_is_found():
    """Rastrigin's function: local searches end in the nearest dent, hardly below the start."""
    batch = sample("rastrigin", 4, 8, 11)
    x0 = batch.start(torch.Generator().manual_seed(0))
    _, explored = steps(OptimusRule(along_axes=False), batch.value_and_gradient, x0, 150)
    _, local = steps(OptimusRule(explore=False), batch.value_and_gradient, x0, 150)
    gap = (explored.search.best_f - batch.minimum) / (explored.search.f0 - batch.minimum)
    assert (gap < 1e-6).float().mean() > 0.7
    assert ((local.search.best_f - batch.minimum) / (local.search.f0 - batch.minimum) < 1e-6).float().mean() < 0.2


def test_failed_evaluations_do_no_harm():
    """No value on one side of a wall that the function falls towards."""

    def walled(x):
        f, g = (x - 2).square().sum(-1), 2 * (x - 2)
        beyond = (x > 1).any(-1)
        return torch.where(beyond, torch.nan, f), torch.where(beyond[:, None], torch.nan, g)

    x0 = torch.tensor([[0.0, 0.5, -1.0], [0.9, 0.9, 0.9]], dtype=torch.float64)
    points, state = steps(OptimusRule(), walled, x0, 80)
    assert points.isfinite().all()
    assert (state.search.best_f < state.search.f0).all()
    assert (state.search.best_x <= 1).all()


@settings(max_examples=6, deadline=None)
@given(
    name=st.sampled_from(["ackley", "perm", "michalewicz", "zakharov", "schwefel", "trid"]),
    n=st.integers(1, 12),
    seed=st.integers(0, 10_000),
    scale=st.floats(-6, 6),
)
def test_never_worse_than_the_start_and_never_nan(name, n, seed, scale):
    batch = sample(name, n, 2, seed)
    x0 = batch.start(torch.Generator().manual_seed(seed)) * 10**scale
    points, state = steps(OptimusRule(), batch.value_and_gradient, x0, 45)
    assert points.isfinite().all()
    f0 = batch.value_and_gradient(x0)[0]
    start = torch.where(f0.isfinite(), f0, torch.inf)
    assert (state.search.best_f <= start).all()
    again = batch.value_and_gradient(state.search.best_x)[0]
    assert ((again == state.search.best_f) | ~state.search.best_f.isfinite()).all()


def test_the_identity_control_has_no_curvature():
    evaluate, _, _ = quadratic(4, 2)
    _, state = steps(OptimusRule(identity=True), evaluate, torch.zeros(2, 4, dtype=torch.float64), 10, 50)
    B = state.search.B
    torch.testing.assert_close(B, B[:, :1, :1] * torch.eye(4, dtype=torch.float64))


def test_a_start_at_the_minimum_stays_there():
    rule, (evaluate, _, c) = OptimusRule(), quadratic(3, 2)
    points, state = steps(rule, evaluate, c, 10, 60)
    assert points.isfinite().all()
    assert torch.equal(state.search.best_x, c)
    assert set(state.search.mode.tolist()) <= {LOCAL, 1.0, 2.0, 3.0}


def test_growing_ripples_are_looked_at_from_near_and_flat_land_too():
    # Levy's ripples grow with the distance, Ackley's land is flat far away: samples from far tell nothing
    generators = [torch.Generator().manual_seed(4) for _ in range(2)]
    batches = [sample(name, 10, 6, seed) for name, seed in zip(("levy", "ackley"), generators, strict=True)]
    some = [0, 1, 3]
    starts = [batch.start(seed)[some] for batch, seed in zip(batches, generators, strict=True)]
    batches = [batch.take(some) for batch in batches]

    def evaluate(x):
        found = [batch.value_and_gradient(part) for batch, part in zip(batches, x.split(3), strict=True)]
        return tuple(torch.cat(parts) for parts in zip(*found, strict=True))

    minimum = torch.cat([batch.minimum for batch in batches])
    gained = []
    for explore in (True, False):
        rule = OptimusRule(explore=explore, along_axes=False)
        _, state = steps(rule, evaluate, torch.cat(starts), 249 if explore else 60, 250)
        gap = (state.search.best_f - minimum) / (state.search.f0 - minimum)
        gained.append(-gap.clamp_min(1e-6).log10().reshape(2, 3).mean(-1))
    assert (gained[0] > torch.tensor([3.0, 0.3])).all(), gained
    assert (gained[1] < torch.tensor([2.0, 0.1])).all(), gained


def test_a_saddle_from_which_promises_rise_and_fall_is_left():
    # Perm's plateaus: a rule that looks around as soon as promises are small ends these at 2 % to 60 % of the start.
    generator = torch.Generator().manual_seed(stream("tune").seed("perm", 100, 3))
    batch = sample("perm", 100, 64, generator)
    some = [50, 53]
    x0, batch = batch.start(generator)[some], batch.take(some)
    _, state = steps(OptimusRule(), batch.value_and_gradient, x0, 99, 100)
    assert ((state.search.best_f - batch.minimum) < 1e-5 * (state.search.f0 - batch.minimum)).all()


@settings(max_examples=8)
@given(n=st.integers(2, 12), seed=st.integers(0, 1000), condition=st.floats(0, 5), budget=st.integers(100, 200))
def test_looking_around_costs_a_bowl_no_accuracy(n, seed, condition, budget):
    """What is put off is done in the end: with or without a look around, the minimum of a quadratic is exact."""
    evaluate, _, _ = quadratic(n, 2, seed, 10**condition)
    x0 = torch.zeros(2, n, dtype=torch.float64)
    reached = [steps(OptimusRule(explore=explore), evaluate, x0, budget - 1)[1].search for explore in (True, False)]
    gap = [(search.best_f / search.f0).clamp_min(1e-13) for search in reached]
    assert (gap[0] <= 30 * gap[1]).all(), gap


def test_a_dent_that_was_left_early_is_finished():
    """Ripples too small to matter: the look around finds nothing better, and the dent becomes exact all the same."""
    evaluate, _, _ = quadratic(4, 2, condition=3.0)
    seen = set()
    runner, x = OptimusRule(), np.zeros((2, 4))
    found = lambda x: tuple(a.numpy() for a in evaluate(torch.from_numpy(x)))  # noqa: E731
    state = runner.begin(x, *found(x), 150)
    for _ in range(149):
        x, state = runner.propose(state)
        seen |= set(state.search.mode.tolist())
        state = runner.observe(state, x, *found(x))
    assert seen > {LOCAL}, "it must look around"
    assert not state.trend.base.left_early.any()
    assert (state.search.best_f < 1e-13 * state.search.f0).all()


def test_a_step_needs_no_torch():
    code = (
        "import sys, numpy as np, motionrecon as m\n"
        "r = m.minimize(lambda x: ((x**2).sum(), 2 * x), np.ones(20), 'optimus', jac=True, max_evaluations=40)\n"
        "assert r.fun < 1e-12 and 'torch' not in sys.modules, r.fun"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
