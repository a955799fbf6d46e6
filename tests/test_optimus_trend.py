"""The search for a trend, as part of the rule: what it must do besides finding bowls (that is in test_optimus_rule)."""

import numpy as np
import pytest
import torch
from stepping import in_tensors, steps

from motionrecon.optimus.exploration import trend
from motionrecon.optimus.exploration.modes import LADDER, LAND, LOCAL, SAMPLE
from motionrecon.optimus.rule import OptimusRule
from motionrecon.research.bench.functions.learned import OnTensors
from motionrecon.research.tasks.functions import sample


def modes(rule, evaluate, x0, budget, count=None):
    """The modes (steps, P), points (steps, P, n) and last state of a run, or of its first ``count`` steps."""
    seen, points = [], []
    runner = OnTensors(rule)
    state = runner.begin(x0, *evaluate(x0), budget)
    for _ in range(count or budget - 1):
        x, state = runner.propose(state)
        seen.append(torch.from_numpy(state.search.mode))
        points.append(x)
        state = runner.observe(state, x, *evaluate(x))
    return torch.stack(seen), torch.stack(points), in_tensors(state)


def rippled(name="rastrigin", n=5, P=6, seed=3):
    batch = sample(name, n, P, seed)
    return batch, batch.start(torch.Generator().manual_seed(seed))


def dented_bowl(x, m):
    """A parabola around ``m`` (n,) with one narrow dent at 0 in which every search from near 0 ends."""
    d = x - m
    pit = torch.exp(-2 * x.square().sum(-1))
    return 0.5 * d.square().sum(-1) - 400 * pit, d + 1600 * x * pit[:, None]


def test_a_bowl_is_left_for_its_minimum():
    m = torch.tensor([30.0, -20.0, 10.0, 5.0], dtype=torch.float64)
    x0 = torch.full((1, 4), 0.4, dtype=torch.float64)
    seen, _, state = modes(OptimusRule(along_axes=False), lambda x: dented_bowl(x, m), x0, 110)
    assert {LOCAL, LADDER, SAMPLE, LAND} <= set(seen.flatten().tolist())
    assert float((state.trend.centre - m).abs().max()) < 0.5  # the dent at 0 is a ripple to the fit


@pytest.mark.parametrize("name", ["rastrigin", "levy", "ackley", "griewank", "styblinski_tang"])
def test_a_look_around_does_not_depend_on_the_neighbours(name):
    """To rounding, which ripples magnify: so among as many neighbours, and only for the first part of the look."""
    batch, x0 = rippled(name)
    look = {"styblinski_tang": 80, "griewank": 8}.get(name, 20)
    seen, together, _ = modes(OptimusRule(), batch.value_and_gradient, x0, 120, look + 60)
    order = [5, 2, 2, 3, 3, 0]  # in other places, beside others
    moved, among, _ = modes(OptimusRule(), batch.take(order).value_and_gradient, x0[order], 120, look + 60)
    for i, k in enumerate(order):
        first = (seen[:, k] != LOCAL).nonzero()
        assert len(first), "it must look around"
        until = int(first[0]) + look
        assert torch.equal(seen[:until, k], moved[:until, i])
        torch.testing.assert_close(together[:until, k], among[:until, i], rtol=1e-4, atol=1e-4 * float(batch.scale[k]))


def test_samples_that_fail_end():
    """Nothing has a value any more once the samples began: the search must come back, and not spend all on them."""
    batch, x0 = rippled("levy", 6, 4)
    rule, samples = OnTensors(OptimusRule(along_axes=False)), np.zeros(4)
    state = rule.begin(x0, *batch.value_and_gradient(x0), 200)
    for _ in range(199):
        x, state = rule.propose(state)
        sampling = state.search.mode == SAMPLE
        samples += sampling
        failing = torch.from_numpy(sampling & (state.trend.sample >= 2))
        f, g = batch.value_and_gradient(x)
        state = rule.observe(state, x, torch.where(failing, torch.nan, f), g)
    assert np.isfinite(state.search.best_f).all()
    assert (samples < 150).all()
    assert np.isfinite(state.trend.distance).all()
    assert (state.trend.distance > 1e-12 * batch.scale.numpy()).all()


def test_a_start_without_a_gradient_is_no_sample():
    g = np.array([[1.0, 2.0, 3.0], [np.nan, 0.0, 1.0]])
    state = OptimusRule().begin(np.zeros((2, 3)), np.ones(2), g, 50)
    assert state.trend.samples.count.tolist() == [1.0, 0.0]


def test_a_start_in_a_dent_is_left_too():
    """As after another optimizer: then there is no way from the start that would tell how far to look."""
    batch, x0 = rippled("rastrigin", 5, 4)
    _, there = steps(OptimusRule(explore=False), batch.value_and_gradient, x0, 40)
    again = there.search.best_x
    _, _, state = modes(OptimusRule(along_axes=False), batch.value_and_gradient, again, 100)
    assert (state.search.best_f < there.search.best_f).double().mean() >= 0.75


def test_the_oldest_samples_are_forgotten(monkeypatch):
    monkeypatch.setattr(trend, "MEMORY", 5)
    monkeypatch.setattr(trend, "MEMORIES", 1)
    batch, x0 = rippled(n=4)
    rule = OptimusRule(along_axes=False)
    samples = OnTensors(rule).begin(x0, *batch.value_and_gradient(x0), 100).trend.samples
    assert samples.f.shape == (6, 5)
    x, every = x0.numpy(), np.ones(6, dtype=bool)
    for i in range(8):
        samples = trend.remembered(samples, x + i, np.full(6, float(i)), x, every)
    assert sorted(samples.f[0].tolist()) == [3.0, 4.0, 5.0, 6.0, 7.0]


def test_a_curved_valley_is_searched_to_its_end_before_anything_else():
    """A curved valley behind a steep wall looks like a dent of many: looking around must cost it no accuracy."""

    def valley(x):
        a, b = x[:, :-1], x[:, 1:]
        g = torch.zeros_like(x)
        g[:, :-1] += -400 * a * (b - a * a) - 2 * (1 - a)
        g[:, 1:] += 200 * (b - a * a)
        return (100 * (b - a * a) ** 2 + (1 - a) ** 2).sum(-1), g

    start = torch.full((1, 10), 0.5, dtype=torch.float64)
    _, explored = steps(OptimusRule(), valley, start, 159, 160)
    _, plain = steps(OptimusRule(explore=False), valley, start, 159, 160)
    assert float(explored.search.best_f[0]) < 1e-8 and float(plain.search.best_f[0]) < 1e-8


def test_landings_in_vain_are_followed_by_hops():
    """Where samples lead to the same dent again and again, the search must go elsewhere with what is left."""
    batch, x0 = rippled("levy", 4, 8, 3)
    _, short = steps(OptimusRule(along_axes=False), batch.value_and_gradient, x0, 59, 60)
    _, long = steps(OptimusRule(along_axes=False), batch.value_and_gradient, x0, 199, 200)
    solved = [
        ((s.search.best_f - batch.minimum) < 1e-6 * (s.search.f0 - batch.minimum)).double().mean()
        for s in (short, long)
    ]
    assert solved[1] > 0.8
    assert solved[0] < 0.5


def test_a_creeping_dent_is_left_for_ripples_but_not_for_a_valley():
    """Levy's dent is slow, and a bowl lies beyond it; Rosenbrock's valley is slow, and there is nothing else."""

    def judged(name):
        batch, x0 = rippled(name, 50, 6)
        seen, _, state = modes(OptimusRule(), batch.value_and_gradient, x0, 100, 40)
        return (seen != LOCAL).any(0), state.trend

    looked, trend = judged("levy")
    assert trend.rippled.double().mean() > 0.5
    assert looked[trend.rippled].all()
    looked, trend = judged("rosenbrock")
    assert trend.judged.all()
    assert not looked.any()


def test_a_glance_without_ripples_goes_on_in_the_dent():
    """What the search knew in its dent it still knows: the next step is the one that it would have taken."""
    batch, x0 = rippled("levy", 50, 6)

    _, alone, _ = modes(OptimusRule(explore=False), batch.value_and_gradient, x0, 100, 40)
    known = 1.2 * (alone - x0).norm(dim=-1).amax(0)

    def walled(x):
        """Levy's function where the local search goes; a high wall beyond."""
        f, g = batch.value_and_gradient(x)
        return f + 1e9 * ((x - x0).norm(dim=-1) > known), g

    seen, points, state = modes(OptimusRule(), walled, x0, 100, 40)
    glanced = seen != LOCAL
    assert glanced.any()
    assert not state.trend.rippled.any()
    assert (state.trend.rounds == 0).all()
    for k in glanced.any(0).nonzero().flatten():
        kept = ~glanced[:, k]
        assert int(glanced[:, k].sum()) == 1
        torch.testing.assert_close(points[kept, k], alone[: int(kept.sum()), k])
