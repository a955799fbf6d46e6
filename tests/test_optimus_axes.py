"""The search along axes: sums of functions of one unknown each, of unknowns that are hidden by a rotation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from stepping import steps

from motionrecon.optimus.exploration import axes
from motionrecon.optimus.exploration.modes import CURVE, QUADRATURE
from motionrecon.optimus.rule import OptimusRule


def rotation(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64))[0]


def wells(n, seed=0):
    """A sum of double wells of unlike widths along hidden axes: 2^n minima, the lowest one at Q' z."""
    Q = rotation(n, seed)
    width = torch.linspace(1.0, 2.0, n, dtype=torch.float64)

    def evaluate(x):
        z = x @ Q.T / width
        f = (z**4 - 2 * z**2 + 0.3 * z).sum(-1)
        return f, ((4 * z**3 - 4 * z + 0.3) / width) @ Q

    # the lower root of 4 z^3 - 4 z + 0.3
    z = torch.tensor(-1.0356, dtype=torch.float64)
    for _ in range(20):
        z = z - (4 * z**3 - 4 * z + 0.3) / (12 * z**2 - 4)
    return evaluate, (z * width) @ Q, n * float(z**4 - 2 * z**2 + 0.3 * z)


def starts(n, P, seed=1):
    return 3 * (2 * torch.rand(P, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 1)


def test_a_sum_along_hidden_axes_is_solved():
    evaluate, best, lowest = wells(6)
    _, found = steps(OptimusRule(), evaluate, starts(6, 12), 119)
    _, without = steps(OptimusRule(along_axes=False), evaluate, starts(6, 12), 119)
    solved = found.search.best_f < lowest + 1e-6
    assert solved.float().mean() > 0.9
    assert (without.search.best_f < lowest + 1e-6).float().mean() < 0.5
    torch.testing.assert_close(found.search.best_x[solved], best.expand(int(solved.sum()), -1), rtol=0, atol=1e-3)


def test_the_hessians_eigenvectors_are_the_axes():
    evaluate, _, _ = wells(5, seed=3)
    _, state = steps(OptimusRule(), evaluate, starts(5, 4), 99)
    tried = state.axes.tried
    assert tried.sum() >= 2
    overlap = (state.axes.Q[tried] @ rotation(5, 3).T).abs()
    torch.testing.assert_close(overlap.amax(-1), torch.ones_like(overlap[..., 0]), rtol=0, atol=1e-4)


def test_where_there_are_no_axes_the_search_goes_on_without():
    """Wells whose depth depends on the other unknowns: the probe notices, though not always."""
    evaluate, _, _ = wells(6)

    def mixed(x):
        f, g = evaluate(x)
        r = x.square().sum(-1, keepdim=True)
        wave = torch.sin(x.sum(-1, keepdim=True) * r)
        slope = torch.cos(x.sum(-1, keepdim=True) * r) * (r + 2 * x * x.sum(-1, keepdim=True))
        return f + 3 * wave[:, 0], g + 3 * slope

    _, state = steps(OptimusRule(), mixed, starts(6, 8), 119)
    tried = state.axes.tried
    assert tried.sum() >= 4
    failed = state.axes.failed[tried]
    assert failed.float().mean() > 0.7
    assert (state.search.mode[tried][failed] < CURVE).all()


def test_alike_eigenvalues_are_told_apart_from_the_other_side():
    """Beyond a bend all phi'' are the same: a Hessian there says nothing of the axes."""
    n = 6
    Q = rotation(n, 5)

    def evaluate(x):
        z = x @ Q.T
        # phi'' = 2 for z > 0, and something else for each z < 0
        down = z.clamp_max(0)
        return (z**2 + down**4).sum(-1), (2 * z + 4 * down**3) @ Q

    found = lambda x: tuple(a.numpy() for a in evaluate(torch.from_numpy(x)))  # noqa: E731
    x0, yes = starts(n, 3).numpy(), np.ones(3, dtype=bool)
    state = OptimusRule().begin(x0, *found(x0), 400)
    base = np.full((3, n), 0.05) @ Q.numpy()
    f, g = found(base)
    minimum = state.trend.base.replace(x=base, f=f, g=g)
    state = state.replace(
        search=state.search.replace(x=base), trend=state.trend.replace(base=minimum, key=starts(n, 3, 7).numpy())
    )
    state = axes.enter(state, yes, np.full(3, 20.0))
    sides = set()
    for _ in range(2 * (n + 2)):
        x, state = axes.point(state)
        sides.add(float(state.axes.side[0]))
        state = state.replace(search=state.search.replace(evaluations=state.search.evaluations + 1))
        state = axes.observe(state, x, found(x)[1], yes)
        if (state.search.mode == QUADRATURE).all():
            break
    assert sides == {1.0, -1.0}
    assert not state.axes.failed.any()
    np.testing.assert_allclose(np.abs(state.axes.Q @ Q.T.numpy()).max(-1), 1, rtol=0, atol=1e-3)


@given(st.lists(st.floats(-3, 3), min_size=4, max_size=9, unique=True), st.tuples(*[st.floats(-2, 2)] * 3))
@settings(deadline=None, max_examples=30)
def test_slopes_that_are_a_parabola_are_integrated_exactly(points, c):
    u = np.array(sorted(points))
    if np.diff(u).min() < 1e-3:
        return
    slope = c[0] + c[1] * u + c[2] * u**2
    whole = lambda v: c[0] * v + c[1] * v**2 / 2 + c[2] * v**3 / 3  # noqa: E731
    empty = np.full(2, np.inf)
    phi, width, bend = axes._integrals(
        np.concatenate([u, empty])[None, None], np.concatenate([slope, np.zeros(2)])[None, None]
    )
    m = len(u)
    # the first and the last interval know the bend at one of their ends only
    inner = phi[0, 0, 1 : m - 2]
    share = np.linspace(0, 1, inner.shape[-1])
    expected = whole(u[1 : m - 2, None] + share * width[0, 0, 1 : m - 2, None])
    np.testing.assert_allclose(inner - inner[:1, :1], expected - expected[:1, :1], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(bend[0, 0, 1 : m - 1], (c[1] + 2 * c[2] * u)[1 : m - 1], rtol=1e-6, atol=1e-6)


def test_points_permute_with_the_unknowns():
    evaluate, _, _ = wells(6)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(2))
    back = order.argsort()
    permuted = lambda x: (evaluate(x[:, back])[0], evaluate(x[:, back])[1][:, order])  # noqa: E731
    x0 = starts(6, 3)
    points, state = steps(OptimusRule(), evaluate, x0, 60, 130)
    others, _ = steps(OptimusRule(), permuted, x0[:, order], 60, 130)
    assert state.axes.tried.all()
    torch.testing.assert_close(others, points[..., order], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("n", [1, 2])
def test_few_unknowns(n):
    evaluate, _, lowest = wells(n)
    _, state = steps(OptimusRule(), evaluate, starts(n, 6), 59)
    assert (state.search.best_f < lowest + 1e-6).all()


def test_a_failed_evaluation_on_the_way_ends_the_search_along_axes():
    evaluate, _, _ = wells(5)

    def holed(x):
        f, g = evaluate(x)
        far = x.norm(dim=-1) > 6
        return torch.where(far, torch.nan, f), torch.where(far[:, None], torch.nan, g)

    points, state = steps(OptimusRule(), holed, starts(5, 6), 119)
    assert points.isfinite().all()
    assert state.search.best_f.isfinite().all()
    assert (state.search.best_f <= state.search.f0).all()
