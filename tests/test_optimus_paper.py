"""The paper's form of Optimus: symmetries, safeguards and gradients, whatever the weights."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from motionrecon.errors import InputError
from motionrecon.optimizers import minimize
from motionrecon.optimus import weights
from motionrecon.optimus.paper.optimizer import OptimusPaper
from motionrecon.optimus.paper.rule import PaperRule, default_sizes
from motionrecon.research.tasks import functions
from motionrecon.research.training.tasks import Functions
from motionrecon.research.training.unroll import Loss, run


def noisy(seed=0, size=0.1, **sizes):
    """A rule that says something of everything."""
    torch.manual_seed(seed)
    rule = PaperRule(default_sizes(**sizes))
    with torch.no_grad():
        for weight in rule.parameters():
            weight.add_(size * torch.randn(weight.shape))
    return rule


class InDouble(torch.nn.Module):
    """A network that sums in double precision: in single, the order of a sum shows, tenfold after each step."""

    def __init__(self, network):
        super().__init__()
        self.network = network.double()

    def forward(self, tokens, facts):
        return self.network(tokens.double(), facts.double())


def follow(rule, fun, x, steps, budget=50):
    """Points (steps, P, n) and the state; ``fun`` gives values (P,) and gradients (P, n)."""
    points = [x]
    with torch.no_grad():
        state = rule.begin(x, *fun(x), budget)
        for _ in range(steps):
            x, state = rule.propose(state)
            state = rule.observe(state, x, *fun(x))
            points.append(x)
    return torch.stack(points), state


def quartic(x):
    scale = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype)
    return (scale * (x**2 + 0.1 * x**4)).sum(-1), scale * (2 * x + 0.4 * x**3)


def start(P=3, n=5, seed=0):
    return 2 + torch.randn((P, n), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(seed=st.integers(0, 1000), n=st.integers(1, 12))
@settings(max_examples=5)
def test_permuted_unknowns_are_stepped_alike(seed, n):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    back = torch.argsort(order)
    rule, x = noisy(seed), start(2, n, seed)
    rule.network = InDouble(rule.network)

    def permuted(x):
        f, g = quartic(x[:, back])
        return f, g[:, order]

    plain, _ = follow(rule, quartic, x, 4)
    other, _ = follow(rule, permuted, x[:, order], 4)
    torch.testing.assert_close(other, plain[..., order], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("of_x", "of_f", "shift"), [(1e3, 1.0, 0.0), (1.0, 1e-4, 0.0), (1e-2, 1e3, 7.0)])
def test_units_and_origin_do_not_matter(of_x, of_f, shift):
    rule, x = noisy(), start()

    def scaled(x):
        f, g = quartic((x - shift) / of_x)
        return of_f * f, of_f * g / of_x

    plain, _ = follow(rule, quartic, x, 6)
    other, _ = follow(rule, scaled, of_x * x + shift, 6)
    torch.testing.assert_close((other - shift) / of_x, plain, rtol=1e-3, atol=1e-3)


def test_a_batch_is_its_problems_alone_and_the_same_twice():
    rule, x = noisy(), start(4, 6)
    together, _ = follow(rule, quartic, x, 5)
    again, _ = follow(rule, quartic, x, 5)
    assert torch.equal(together, again)
    for p in range(4):
        alone, _ = follow(rule, quartic, x[p : p + 1], 5)
        torch.testing.assert_close(alone, together[:, p : p + 1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("size", [0.1, 3.0])
@pytest.mark.parametrize("n", [1, 2, 200])
def test_any_dimension_and_any_weights_stay_finite_and_keep_the_best(n, size):
    points, state = follow(noisy(size=size), quartic, start(2, n), 15)
    assert points.isfinite().all()
    lowest = torch.stack([quartic(x)[0] for x in points]).amin(0)
    assert torch.equal(state.best_f, lowest)
    torch.testing.assert_close(quartic(state.best_x), (state.best_f, state.best_g))


def test_a_step_to_where_there_is_no_value_is_undone_and_shortens_the_next():
    rule, x = noisy(), start()
    with torch.no_grad():
        state = rule.begin(x, *quartic(x), 20)
        far, state = rule.propose(state)
        f, g = quartic(far)
        state = rule.observe(state, far, torch.full_like(f, math.nan), torch.full_like(g, math.inf))
        assert torch.equal(state.best_x, x) and torch.equal(state.best_f, quartic(x)[0])
        torch.testing.assert_close(state.radius, 0.5 * (far - x).norm(dim=-1))
        assert rule.propose(state)[0].isfinite().all()


def test_untrained_it_descends_and_each_form_does():
    for sizes in ({}, {"attention": False}, {"rank_one": False}):
        torch.manual_seed(0)
        _, state = follow(PaperRule(default_sizes(**sizes)), quartic, start(), 30)
        assert (state.best_f < 0.2 * state.f0).all()


def test_without_rank_one_terms_the_matrix_stays_a_multiple_of_the_identity():
    for rank_one in (False, True):
        B = follow(noisy(rank_one=rank_one), quartic, start(), 5)[1].B
        multiple = B.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * torch.eye(5, dtype=B.dtype)
        assert torch.allclose(B, multiple) != rank_one


def test_each_of_the_three_terms_has_rank_one_and_its_sign():
    rule, x = noisy(), start(1, 8)
    with torch.no_grad():
        rule.network.whole.weight.zero_()
        rule.network.whole.bias.zero_()
    _, state = follow(rule, quartic, x, 1)
    with torch.no_grad():
        after = rule.propose(state)[1]
    found = torch.linalg.eigvalsh(after.B[0] - state.B[0])
    assert int((found.abs() > 1e-9 * found.abs().max()).sum()) == 3
    assert int((found < -1e-9 * found.abs().max()).sum()) == 1


def test_gradients_reach_every_weight_and_agree_with_differences():
    """Over one step after the first: what is seen of it carries no gradient, so only that step's weights count."""
    rule = noisy(size=0.05)
    _, state = follow(rule, quartic, start(2, 4), 2)
    rule.double()
    rule.network.forward = lambda tokens, facts, forward=rule.network.forward: forward(tokens.double(), facts.double())

    def loss():
        return quartic(rule.propose(state)[0])[0].sum()

    named = list(rule.named_parameters())
    found = torch.autograd.grad(loss(), [w for _, w in named])
    for (name, weight), gradient in zip(named, found, strict=True):
        assert gradient.isfinite().all() and gradient.abs().max() > 0, name
        direction = gradient / gradient.norm()
        with torch.no_grad():
            weight += 1e-6 * direction
            above = loss()
            weight -= 2e-6 * direction
            below = loss()
            weight += 1e-6 * direction
        assert float(above - below) / 2e-6 == pytest.approx(float(gradient.norm()), rel=1e-3, abs=1e-6), name


def test_a_step_learns_from_the_matrix_of_steps_before():
    rule, episode = noisy(size=0.05), Functions(names=("rosenbrock",)).sample(3, 6, 4)
    state = episode.begin(rule, 30)
    state = state.replace(rule=state.rule.replace(B=state.rule.B.requires_grad_()))
    loss, _ = run(rule, episode, state, 3, Loss())
    (gradient,) = torch.autograd.grad(loss.sum(), state.rule.B)
    assert gradient.isfinite().all() and gradient.abs().max() > 0


@pytest.fixture
def trained(tmp_path):
    path = tmp_path / "paper.safetensors"
    torch.manual_seed(0)
    weights.save(PaperRule(), path)
    return str(path)


def test_minimize_runs_it_on_functions_and_on_sums_of_squares(trained):
    def fun(x):
        return float(((x - 1) ** 2).sum()), 2 * (x - 1)

    result = minimize(fun, np.zeros(3), OptimusPaper(weights=trained), jac=True, max_evaluations=60)
    assert result.fun < 1e-3 and result.njev <= 60
    squares = minimize(
        lambda x: x - 1, np.zeros(3), OptimusPaper(weights=trained), jac=lambda x: np.eye(3), residuals=True,
        max_evaluations=60,
    )  # fmt: skip
    assert squares.fun == pytest.approx(result.fun)


def test_minimize_steps_as_the_rule_does(trained):
    problem = functions.sample("rosenbrock", 4, 1, 0).problem(0)
    x0, seen = np.full(4, 0.3), []
    minimize(problem, x0, OptimusPaper(weights=trained), max_evaluations=9, callback=lambda x: seen.append(x.copy()))

    def fun(x):
        f, g = problem.value_and_gradient(x[0].numpy())
        return torch.tensor([f], dtype=torch.float64), torch.from_numpy(g)[None]

    points, _ = follow(weights.load(trained), fun, torch.from_numpy(x0)[None], 8, budget=9)
    best = min(points[:, 0].numpy(), key=problem.value)
    np.testing.assert_array_equal(seen[-1], best)


def test_what_cannot_be_used_is_said(trained):
    def fun(x):
        return float(x @ x), 2 * x

    with pytest.raises(InputError, match=r"belong to AdafactorMLP.*--rule optimus-paper"):
        minimize(fun, [1.0], OptimusPaper(weights="adafactor"), jac=True)
    with pytest.raises(InputError, match="weights=''"):
        OptimusPaper(weights="")
    with pytest.raises(InputError, match="5 unknowns"):
        minimize(fun, np.ones(5), OptimusPaper(weights=trained, limit=4), jac=True)
    assert replace(OptimusPaper(), evaluations=30).planned(20).evaluations == 20
