"""The features of learned optimizers, and the Adafactor MLP."""

import math

import numpy as np
import pytest
import torch
from torch.utils._pytree import tree_leaves

from motionrecon.optimus.adafactor import AdafactorMLP
from motionrecon.optimus.network.features import CHANNELS, begin_history, features, times, update_history


class Squares:
    """F |a * (x - c)|^2 for P problems, in the units that ``unit`` gives the parameters."""

    def __init__(self, P, n, seed=0, unit=1.0, value=1.0):
        generator = torch.Generator().manual_seed(seed)
        self.a = torch.rand((P, n), generator=generator, dtype=torch.float64) + 0.5
        self.c = torch.randn((P, n), generator=generator, dtype=torch.float64)
        self.x0 = unit * torch.randn((P, n), generator=generator, dtype=torch.float64)
        self.unit, self.value = unit, value

    def value_and_gradient(self, x):
        r = self.a * (x / self.unit - self.c)
        return self.value * r.square().sum(-1), 2 * self.value * self.a * r / self.unit


def run(rule, problem, steps, fail_at=()):
    x = problem.x0
    f, g = problem.value_and_gradient(x)
    state = rule.begin(x, f, g, steps + 1)
    points = [x]
    for step in range(steps):
        x, state = rule.propose(state)
        f, g = problem.value_and_gradient(x)
        if step in fail_at:
            f = torch.full_like(f, math.nan)
        state = rule.observe(state, x, f, g)
        points.append(x)
    return torch.stack(points).detach(), state


def seeded(seed=0):
    torch.manual_seed(seed)
    return AdafactorMLP()


def reference_features(p, gradients, t):
    """The same 39 channels for one problem, written down channel by channel in numpy from the design's list."""
    decays = (0.9, 0.99, 0.999)
    m = {d: np.zeros_like(p) for d in decays}
    v = {d: np.zeros_like(p) for d in decays}
    for g in gradients:
        for d in decays:
            m[d] = d * m[d] + (1 - d) * g
            v[d] = d * v[d] + (1 - d) * g**2
    g = gradients[-1]
    channels = [g, p, *m.values(), v[0.999]]
    channels += [m[d] / np.sqrt(v[0.999] + 1e-6) for d in decays] + [1 / np.sqrt(v[0.999] + 1e-6)]
    channels += [g / np.sqrt(v[d]) for d in decays] + 2 * list(v.values())
    channels += 2 * [1 / np.sqrt(v[d] + 1e-8) for d in decays] + [m[d] / np.sqrt(v[d] + 1e-6) for d in decays]
    own = np.stack([c / np.sqrt(1e-5 + np.mean(c**2)) for c in channels], axis=-1)
    late = np.tanh(t / np.array([1, 3, 10, 30, 100, 300, 1e3, 3e3, 1e4, 3e4, 1e5]) - 1)
    return np.concatenate([own, np.broadcast_to(late, (len(p), 11))], axis=-1)


def test_features_are_the_28_and_11_channels_of_the_design():
    rng = np.random.default_rng(0)
    p, gradients = rng.normal(size=7), rng.normal(size=(5, 7))
    history = begin_history(torch.zeros(1, 7))
    for g in gradients:
        history = update_history(history, torch.tensor(g)[None])
    found = features(torch.tensor(p)[None], torch.tensor(gradients[-1])[None], history, torch.tensor([5.0]))
    assert found.shape == (1, 7, CHANNELS) and found.dtype == torch.float32
    np.testing.assert_allclose(found[0].numpy(), reference_features(p, gradients, 5.0), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e12, 1e40])
def test_features_are_finite_for_gradients_of_any_size(size):
    g = torch.full((2, 3), size, dtype=torch.float64)
    history = update_history(begin_history(g), g)
    assert features(g, g, history, torch.ones(2)).isfinite().all()


def test_time_channels_have_their_middle_at_tau():
    assert times(torch.tensor([30.0]))[0, 3] == 0
    assert (times(torch.tensor([1e6])) > 0.99).all()


def test_batch_of_one_is_the_batch():
    rule, problem = seeded(), Squares(5, 4)
    whole, _ = run(rule, problem, 6)
    problem.x0, problem.a, problem.c = problem.x0[2:3], problem.a[2:3], problem.c[2:3]
    alone, _ = run(rule, problem, 6)
    torch.testing.assert_close(whole[:, 2:3], alone, rtol=1e-5, atol=1e-7)


def test_permuting_the_parameters_permutes_the_steps():
    rule, problem, order = seeded(), Squares(2, 6), torch.tensor([3, 0, 5, 1, 4, 2])
    points, _ = run(rule, problem, 6)
    problem.x0, problem.a, problem.c = problem.x0[:, order], problem.a[:, order], problem.c[:, order]
    permuted, _ = run(rule, problem, 6)
    torch.testing.assert_close(points[..., order], permuted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("unit", "value"), [(1e-3, 1.0), (1e3, 1.0), (1.0, 1e-3), (1.0, 1e6)])
def test_units_of_the_parameters_and_of_the_value_do_not_matter(unit, value):
    rule = seeded()
    points, _ = run(rule, Squares(3, 4), 8)
    scaled, _ = run(rule, Squares(3, 4, unit=unit, value=value), 8)
    torch.testing.assert_close(points, scaled / unit, rtol=1e-4, atol=1e-6)


def test_keeps_the_best_point_and_goes_back_to_it_where_a_step_fails():
    rule, problem = seeded(), Squares(3, 4)
    points, state = run(rule, problem, 9, fail_at=(8,))
    values = torch.stack([problem.value_and_gradient(x)[0] for x in points[:-1]])
    torch.testing.assert_close(state["best_f"], values.amin(0))
    torch.testing.assert_close(problem.value_and_gradient(state["best_x"])[0], values.amin(0))
    assert torch.equal(state["x"], state["best_x"])
    assert (state["damping"] == 0.5).all() and all(value.isfinite().all() for value in tree_leaves(state))


def test_a_start_of_value_zero_and_a_flat_start_are_no_trouble():
    rule = seeded()
    x, zeros = torch.ones(2, 3, dtype=torch.float64), torch.zeros(2, 3, dtype=torch.float64)
    state = rule.begin(x, torch.zeros(2, dtype=torch.float64), zeros, 10)
    assert rule.propose(state)[0].isfinite().all()


def test_the_step_is_the_one_of_the_paper_in_units_of_the_start():
    """d = 1, m = 1000: the step is 1e-3 * e, times the multiplier, in units of |f0| / |g0| per parameter."""
    rule = seeded()
    with torch.no_grad():
        rule.network[-1].weight.zero_()
        rule.network[-1].bias.copy_(torch.tensor([1.0, 1000.0]))
        rule.schedule.copy_(torch.tensor([math.log(2.0), 1.0, 0.0, 0.0]))
    x = torch.zeros(1, 4, dtype=torch.float64)
    state = rule.begin(x, torch.tensor([8.0]).double(), torch.full((1, 4), 2.0).double(), budget=300)
    step = x - rule.propose(state)[0]
    torch.testing.assert_close(step, torch.full_like(x, 1e-3 * math.e * 2 * 3 * 8 / (2 * 4)), rtol=1e-5, atol=0)


def test_vmap_over_weights_equals_a_loop():
    rules = [seeded(seed) for seed in range(3)]
    problem = Squares(4, 5)
    f, g = problem.value_and_gradient(problem.x0)

    class Once(torch.nn.Module):
        def __init__(self, rule):
            super().__init__()
            self.rule = rule

        def forward(self, x, f, g):
            return self.rule.propose(self.rule.begin(x, f, g, 10))[0]

    weights = {
        "rule." + name: torch.stack([dict(rule.named_parameters())[name] for rule in rules]).detach()
        for name, _ in rules[0].named_parameters()
    }
    call = Once(rules[0])

    def step(weights):
        return torch.func.functional_call(call, weights, (problem.x0, f, g))

    together = torch.func.vmap(step)(weights)
    alone = torch.stack([rule.propose(rule.begin(problem.x0, f, g, 10))[0] for rule in rules])
    torch.testing.assert_close(together, alone.detach(), rtol=1e-5, atol=1e-7)
