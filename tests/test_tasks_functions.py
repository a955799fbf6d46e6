"""The classical test functions: minima, gradients, invariances, and that one instance is what the batch says."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from motionrecon.errors import InputError
from motionrecon.optimizers import Problem, minimize
from motionrecon.research.tasks.functions import FUNCTIONS, HELD_OUT, MULTIMODAL, TRAINED, FunctionBatch, sample, stream

by_name = pytest.mark.parametrize("name", FUNCTIONS)
SIZES = (1, 2, 3, 4, 7, 10, 50)


def count(n: int) -> np.ndarray:
    return np.arange(1.0, n + 1)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def literal(name: str, x: np.ndarray) -> float:
    """The formulas as books print them, one term at a time (n of at least 4, Powell's a multiple of 4)."""
    n = len(x)
    j = range(n)
    match name:
        case "ackley":
            return (
                -20 * np.exp(-0.2 * np.sqrt(sum(x**2) / n)) - np.exp(sum(np.cos(2 * np.pi * x)) / n) + 20 + np.exp(1.0)
            )
        case "dixon_price":
            return (x[0] - 1) ** 2 + sum((k + 1) * (2 * x[k] ** 2 - x[k - 1]) ** 2 for k in j if k)
        case "griewank":
            return sum(x**2) / 4000 - np.prod([np.cos(x[k] / np.sqrt(k + 1)) for k in j]) + 1
        case "hyper_ellipsoid":
            return sum(x[m] ** 2 for k in j for m in range(k + 1))
        case "levy":
            w = 1 + (x - 1) / 4
            return (
                np.sin(np.pi * w[0]) ** 2
                + sum((w[k] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[k] + 1) ** 2) for k in j[:-1])
                + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
            )
        case "michalewicz":
            return -sum(np.sin(x[k]) * np.sin((k + 1) * x[k] ** 2 / np.pi) ** 20 for k in j)
        case "perm":
            return sum(
                sum((m + 1 + 10) * (x[m] ** k - (1 / (m + 1)) ** k) for m in j) ** 2 / n ** (2 * k)
                for k in range(1, n + 1)
            )
        case "powell":
            return sum(
                (x[k] + 10 * x[k + 1]) ** 2
                + 5 * (x[k + 2] - x[k + 3]) ** 2
                + (x[k + 1] - 2 * x[k + 2]) ** 4
                + 10 * (x[k] - x[k + 3]) ** 4
                for k in j[::4]
            )
        case "rastrigin":
            return 10 * n + sum(x**2 - 10 * np.cos(2 * np.pi * x))
        case "rosenbrock":
            return sum(100 * (x[k + 1] - x[k] ** 2) ** 2 + (x[k] - 1) ** 2 for k in j[:-1])
        case "schwefel":
            return 418.98288727243 * n - sum(x * np.sin(np.sqrt(abs(x))))
        case "sphere":
            return sum(x**2)
        case "styblinski_tang":
            return sum(x**4 - 16 * x**2 + 5 * x) / 2
        case "sum_of_powers":
            return sum(abs(x[k]) ** (k + 2) for k in j)
        case "sum_squares":
            return sum((k + 1) * x[k] ** 2 for k in j)
        case "trid":
            return sum((x - 1) ** 2) - sum(x[k] * x[k - 1] for k in j if k)
        case "zakharov":
            t = sum(0.5 * (k + 1) * x[k] for k in j)
            return sum(x**2) + t**2 + t**4
    raise AssertionError(name)


# ---- the base functions


@by_name
@pytest.mark.parametrize("n", [4, 8])
def test_formula_is_the_one_of_the_books(name, n):
    function = FUNCTIONS[name]
    points = np.random.default_rng(1).uniform(*function.domain(n), size=(20, n))
    values = function.value_and_gradient(points, count(n))[0]
    expected = [literal(name, x) for x in points]
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-9)


@by_name
@pytest.mark.parametrize("n", [*SIZES, 200, 500])
def test_minimum_is_at_the_minimizer_and_flat(name, n):
    function = FUNCTIONS[name]
    point = function.minimizer(n)
    value, gradient = function.value_and_gradient(point, count(n))
    start = np.random.default_rng(0).uniform(*function.domain(n), size=n)
    value0, gradient0 = function.value_and_gradient(start, count(n))
    assert abs(value - function.minimum(n)) <= 1e-12 * max(abs(value0), abs(function.minimum(n)))
    assert np.abs(gradient).max() <= 1e-9 * np.abs(gradient0).max()
    lower, upper = function.domain(n)
    assert (lower <= point).all() and (point <= upper).all()


@pytest.mark.parametrize(("name", "n", "known"), [
    ("michalewicz", 1, -0.801303), ("michalewicz", 2, -1.801303), ("michalewicz", 5, -4.687658),
    ("michalewicz", 10, -9.660152), ("styblinski_tang", 3, -39.16616570377 * 3), ("trid", 6, -50.0), ("trid", 10, -210),
])  # fmt: skip
def test_minimum_is_the_published_one(name, n, known):
    assert FUNCTIONS[name].minimum(n) == pytest.approx(known, rel=1e-6)


@given(st.sampled_from(sorted(FUNCTIONS)), st.integers(1, 12), st.integers(0, 10**6), st.floats(0.01, 3))
@settings(deadline=None, max_examples=120)
def test_nothing_is_below_the_minimum(name, n, seed, reach):
    function = FUNCTIONS[name]
    lower, upper = function.domain(n)
    random = np.random.default_rng(seed)
    points = function.minimizer(n) + reach * (upper - lower) / 2 * random.uniform(-1, 1, size=(50, n))
    values = function.value_and_gradient(points, count(n))[0]
    assert values.min() >= function.minimum(n) - 1e-9 * max(1, abs(function.minimum(n)))


@by_name
@pytest.mark.parametrize("n", SIZES)
def test_gradient_is_the_derivative_of_the_value(name, n):
    """Against automatic differentiation, also outside the domain, where walls stand."""
    function = FUNCTIONS[name]
    lower, upper = function.domain(n)
    z = (lower + upper) / 2 + 0.75 * (upper - lower) * (
        torch.rand(20, n, dtype=torch.float64, generator=generator()) - 0.5
    )
    z.requires_grad_()
    value, gradient = function.value_and_gradient(z, torch.as_tensor(count(n)))
    (expected,) = torch.autograd.grad(value.sum(), z)
    torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()))


@by_name
def test_torch_and_numpy_agree(name):
    function = FUNCTIONS[name]
    z = np.random.default_rng(2).uniform(*function.domain(7), size=(5, 7)) * 1.3
    value, gradient = function.value_and_gradient(z, count(7))
    v, g = function.value_and_gradient(torch.as_tensor(z), torch.as_tensor(count(7)))
    np.testing.assert_allclose(v, value, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(g, gradient, rtol=1e-10, atol=1e-12 * np.abs(gradient).max())


# ---- random instances


@by_name
@pytest.mark.parametrize("n", [1, 5, 30])
def test_instance_gradient_by_differences(name, n):
    batch = sample(name, n, 3, seed=4)
    x = batch.start(generator(5))
    f, g = batch.value_and_gradient(x)
    along = torch.randn(3, n, dtype=torch.float64, generator=generator(6))
    along *= 1e-6 * batch.scale[:, None] / along.norm(dim=1, keepdim=True)
    ahead, behind = (batch.value_and_gradient(x + sign * along)[0] for sign in (1, -1))
    slope = (g * along).sum(1)
    size = torch.maximum(g.norm(dim=1) * along.norm(dim=1), 1e-10 * f.abs())
    assert ((ahead - behind) / 2 - slope).abs().max() <= 1e-4 * size.max()
    assert (((ahead - behind) / 2 - slope).abs() <= 1e-3 * size).all()


@by_name
@pytest.mark.parametrize("n", [1, 2, 7, 50, 500])
def test_instance_has_its_minimum_inside_the_domain(name, n):
    batch = sample(name, n, 4, seed=7)
    x = batch.start(generator(8))
    lower, upper = batch.domain
    assert ((lower[:, None] <= x) & (x <= upper[:, None])).all()
    assert ((lower[:, None] < batch.minimizer) & (batch.minimizer < upper[:, None])).all()
    f, g = batch.value_and_gradient(x)
    lowest, flat = batch.value_and_gradient(batch.minimizer)
    assert torch.isfinite(f).all() and torch.isfinite(g).all()
    assert ((lowest - batch.minimum).abs() <= 1e-11 * (f - batch.minimum)).all()
    assert (f > batch.minimum).all()
    if name != "ackley":  # the tip of a cone: rounding decides on its gradient
        assert (flat.norm(dim=1) <= 1e-6 * g.norm(dim=1)).all()


@by_name
def test_rotation_shift_and_scales_change_nothing_else(name):
    """The value at x is F times the base function at the point that x stands for; gradients turn with it."""
    n, batch = 6, sample(name, 6, 3, seed=9)
    x = batch.start(generator(10))
    f, g = batch.value_and_gradient(x)
    eye = torch.eye(n, dtype=torch.float64)
    for k in range(3):
        R = batch.rotation[k]
        torch.testing.assert_close(R @ R.T, eye)
        z = FUNCTIONS[name].minimizer(n) + (R @ (x[k] / batch.scale_of_x[k] - batch.place[k])).numpy()
        value, slope = FUNCTIONS[name].value_and_gradient(z, count(n))
        assert float(f[k] / batch.height[k]) == pytest.approx(value, rel=1e-9)
        length = float(g[k].norm() * batch.scale_of_x[k] / batch.height[k])
        assert length == pytest.approx(np.linalg.norm(slope), rel=1e-9)


@by_name
@pytest.mark.parametrize("n", [1, 9])
def test_one_instance_is_what_the_batch_says(name, n):
    batch = sample(name, n, 5, seed=11)
    x = batch.start(generator(12))
    f, g = batch.value_and_gradient(x)
    one = batch.take([3])
    f1, g1 = one.value_and_gradient(x[3:4])
    torch.testing.assert_close(f1, f[3:4], rtol=1e-12, atol=0)
    torch.testing.assert_close(g1, g[3:4], rtol=1e-9, atol=1e-12 * float(g.abs().max()))
    problem = batch.problem(3)
    assert isinstance(problem, Problem)
    value, gradient = problem.value_and_gradient(x[3].numpy())
    assert value == pytest.approx(float(f[3]), rel=1e-10)
    np.testing.assert_allclose(gradient, g[3], rtol=1e-8, atol=1e-10 * np.abs(gradient).max())
    assert problem.minimum == float(batch.minimum[3]) and problem.scale == float(batch.scale[3])


@by_name
def test_extra_leading_dimensions_and_vmap(name):
    batch = sample(name, 5, 3, seed=13)
    x = torch.stack([batch.start(generator(k)) for k in range(4)])
    expected = [batch.value_and_gradient(row) for row in x]
    for f, g in (batch.value_and_gradient(x), torch.func.vmap(batch.value_and_gradient)(x)):
        torch.testing.assert_close(f, torch.stack([e[0] for e in expected]))
        torch.testing.assert_close(g, torch.stack([e[1] for e in expected]))


def test_a_shared_rotation_is_one_rotation():
    batch = sample("rastrigin", 8, 4, seed=14, shared_rotation=True)
    apart = FunctionBatch(batch.function, batch.height, batch.scale_of_x, batch.place, batch.rotation.repeat(4, 1, 1))
    x = batch.start(generator(15))
    for a, b in zip(batch.value_and_gradient(x), apart.value_and_gradient(x), strict=True):
        torch.testing.assert_close(a, b)
    torch.testing.assert_close(batch.take([2]).value_and_gradient(x[2:3])[0], apart.value_and_gradient(x)[0][2:3])
    assert batch.problem(2).value(x[2].numpy()) == pytest.approx(float(apart.value_and_gradient(x)[0][2]))


def test_the_same_seed_gives_the_same_instances():
    one, two, other = (sample("levy", 6, 3, seed=s) for s in (1, 1, 2))
    x = one.start(generator())
    assert torch.equal(one.value_and_gradient(x)[0], two.value_and_gradient(x)[0])
    assert not torch.equal(one.value_and_gradient(x)[0], other.value_and_gradient(x)[0])
    assert (one.scale_of_x >= 0.1).all() and (one.scale_of_x <= 10).all()
    assert (one.height >= 1e-3).all() and (one.height <= 1e3).all()


@given(st.lists(st.one_of(st.integers(0, 1000), st.text(max_size=5)), max_size=3))
@settings(max_examples=30)
def test_streams_share_no_seed(key):
    seeds = [stream(name).seed(*key) for name in ("train", "tune", "test")]
    assert [s >> 30 for s in seeds] == [0, 1, 2]
    assert seeds == [stream(name).seed(*key) for name in ("train", "tune", "test")]


def test_streams_draw_different_numbers():
    """Not only different seeds: torch drops all but 32 bits of a seed."""
    drawn = [sample("sphere", 3, 2, stream(name).seed("sphere", 3, 0)).place for name in ("train", "tune", "test")]
    assert not any(torch.equal(a, b) for a, b in ((drawn[0], drawn[1]), (drawn[0], drawn[2]), (drawn[1], drawn[2])))


def test_the_table_is_whole():
    assert len(FUNCTIONS) == 17 and len(HELD_OUT) >= 4
    assert set(HELD_OUT) | set(TRAINED) == set(FUNCTIONS) and not set(HELD_OUT) & set(TRAINED)
    assert set(MULTIMODAL) <= set(FUNCTIONS)


@pytest.mark.parametrize("wrong", [("spheer", 2, 1), ("sphere", 0, 1), ("sphere", 2, 0)])
def test_what_cannot_be_sampled_is_said(wrong):
    with pytest.raises(InputError, match=r"spheer|asked for"):
        sample(*wrong, 0)


def test_unknown_stream_is_said():
    with pytest.raises(InputError, match="choose from train, tune, test"):
        stream("validation")


def test_the_optimizers_take_it():
    problem = sample("rosenbrock", 4, 1, seed=16).problem(0)
    x0 = np.full(4, 0.3) * problem.scale
    result = minimize(problem, x0, "bfgs", max_evaluations=300, first=0.1 * problem.scale)
    assert result.fun - problem.minimum < 1e-6 * (problem.value(x0) - problem.minimum)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@by_name
def test_cuda_agrees(name):
    batch = sample(name, 9, 4, seed=17)
    x = batch.start(generator())
    for a, b in zip(batch.value_and_gradient(x), batch.to("cuda").value_and_gradient(x.cuda()), strict=True):
        torch.testing.assert_close(a, b.cpu(), rtol=1e-9, atol=1e-9 * float(a.abs().max()))
