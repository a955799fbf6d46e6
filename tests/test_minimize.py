"""``motionrecon.minimize`` on plain functions: SciPy's ways to give them, torch's, and what comes back."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import motionrecon
from motionrecon.errors import InputError
from motionrecon.optimizers import Factors, Result, minimize

TARGET = np.arange(6.0).reshape(2, 3)
A = np.random.default_rng(0).normal(size=(8, 5))


def bowl(x):
    return float(np.sum((x - TARGET) ** 4 + (x - TARGET) ** 2))


def slope(x):
    return 4 * (x - TARGET) ** 3 + 2 * (x - TARGET)


def both(x):
    return bowl(x), slope(x)


class Calls:
    """Counts the calls of a function and notes the shapes that it was given."""

    def __init__(self, fun):
        self.fun, self.count, self.shapes = fun, 0, set()

    def __call__(self, x):
        self.count += 1
        self.shapes.add(tuple(x.shape))
        return self.fun(x)


# ---- ways to give a function


@pytest.mark.parametrize("method", ["bfgs", "lbfgs"])
@pytest.mark.parametrize(("fun", "jac"), [(bowl, slope), (both, True), (bowl, "2-point"), (bowl, "3-point")])
def test_a_function_of_an_array_of_any_shape(fun, jac, method):
    fun = Calls(fun)
    result = minimize(fun, np.zeros((2, 3)), method, jac=jac)
    assert result.success and result.status == 0, result.message
    np.testing.assert_allclose(result.x, TARGET, atol=1e-4)
    assert result.fun == pytest.approx(bowl(result.x), rel=1e-12)
    assert fun.shapes == {(2, 3)}
    assert fun.count == result.nfev


def test_lists_and_numbers_are_starts_too():
    assert minimize(lambda x: ((x - 2).sum() ** 2, 2 * (x - 2)), [1], jac=True).x == pytest.approx([2])
    result = minimize(lambda x: ((x - 2) ** 2, 2 * (x - 2)), 1, jac=True)
    assert result.x.shape == () and result.x == pytest.approx(2)


@pytest.mark.parametrize(("jac", "further"), [("2-point", 6), ("3-point", 12)])
def test_difference_quotients_are_counted_but_not_in_the_budget(jac, further):
    fun = Calls(bowl)
    result = minimize(fun, np.zeros((2, 3)), "gd", jac=jac, max_evaluations=5)
    assert (result.njev, result.nfev, fun.count) == (5, 5 * (1 + further), 5 * (1 + further))
    assert result.status == 1 and not result.success


def test_difference_quotients_are_exact_to_their_order():
    from motionrecon.optimizers.functions import UserFunction

    x = np.array([0.3, -40.0, 7e5])
    for jac, tolerance in (("2-point", 1e-6), ("3-point", 1e-8)):
        gradient = UserFunction(
            lambda x: np.sin(x[0]) + np.cos(x[1] / 40) + np.exp(x[2] / 7e5), jac, x
        ).value_and_gradient(x)[1]
        np.testing.assert_allclose(gradient, [np.cos(0.3), np.sin(1) / 40, np.exp(1) / 7e5], rtol=tolerance)


def test_a_function_may_write_to_its_argument():
    def rude(x):
        answer = both(x)
        x[:] = 0
        return answer

    np.testing.assert_allclose(minimize(rude, np.ones((2, 3)), jac=True).x, TARGET, atol=1e-4)


def decay(x):
    t = np.linspace(0, 4, 40)
    return x[0] * np.exp(-x[1] * t) - 2 * np.exp(-1.3 * t)


def decay_slopes(x):
    t = np.linspace(0, 4, 40)
    return np.stack([np.exp(-x[1] * t), -x[0] * t * np.exp(-x[1] * t)], axis=1)


@pytest.mark.parametrize("jac", [decay_slopes, True, "2-point", "3-point"])
def test_residuals(jac):
    fun = Calls((lambda x: (decay(x), decay_slopes(x))) if jac is True else decay)
    result = minimize(fun, [1.0, 0.3], jac=jac, residuals=True)
    np.testing.assert_allclose(result.x, [2, 1.3], rtol=1e-5)
    assert result.evaluations.jacobians > 0, "a sum of squares is not treated as one"
    assert fun.count == result.nfev


def test_residuals_serve_methods_that_want_gradients():
    result = minimize(decay, [1.0, 0.3], "bfgs", jac=decay_slopes, residuals=True)
    np.testing.assert_allclose(result.x, [2, 1.3], rtol=1e-4)


# ---- torch


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_torch_function(dtype):
    target = torch.arange(6, dtype=dtype).reshape(2, 3)

    def fun(x):
        assert x.dtype == dtype and x.shape == (2, 3)
        return (x - target).square().sum() + (x - target).pow(4).sum()

    x0 = torch.zeros(2, 3, dtype=dtype, requires_grad=True)
    with torch.no_grad():  # the caller's mode does not matter
        result = minimize(fun, x0)
    assert isinstance(result.x, torch.Tensor)
    assert (result.x.dtype, result.x.shape, result.x.requires_grad) == (dtype, (2, 3), False)
    torch.testing.assert_close(result.x, target, atol=1e-3, rtol=0)
    assert result.fun == fun(result.x).item()
    assert not x0.any() and x0.grad is None


def test_torch_residuals():
    t = torch.linspace(0, 4, 40, dtype=torch.float64)
    result = minimize(
        lambda x: x[0] * torch.exp(-x[1] * t) - 2 * torch.exp(-1.3 * t),
        torch.tensor([1.0, 0.3], dtype=torch.float64),
        residuals=True,
    )
    torch.testing.assert_close(result.x, torch.tensor([2, 1.3], dtype=torch.float64), rtol=1e-6, atol=0)
    assert result.evaluations.jacobians > 0 and result.evaluations.gradients == 0


@pytest.mark.parametrize(
    ("fun", "said"),
    [
        (lambda x: x, "shape \\(2,\\)"),
        (lambda x: 1.0, "returned float"),
        (lambda x: torch.tensor(1.0), "does not depend on x"),
        (lambda x: x.detach().sum(), "does not depend on x"),
        (lambda x: torch.ones(1, requires_grad=True), "does not depend on x"),
    ],
)
def test_torch_functions_without_a_gradient(fun, said):
    with pytest.raises(InputError, match=said):
        minimize(fun, torch.zeros(2))


def test_torch_starts_that_cannot_be_used():
    with pytest.raises(InputError, match=r"dtype torch.int64"):
        minimize(torch.sum, torch.zeros(2, dtype=torch.int64))
    with pytest.raises(InputError, match="leave jac out"):
        minimize(torch.sum, torch.zeros(2), jac=True)
    with pytest.raises(InputError, match="empty"):
        minimize(torch.sum, torch.zeros(0))
    with pytest.raises(InputError, match="1 numbers that are not finite"):
        minimize(torch.sum, torch.tensor([1.0, torch.nan]))


# ---- callbacks


def test_scipy_callbacks():
    seen = []

    def callback(intermediate_result):
        seen.append(intermediate_result)
        if len(seen) == 3:
            raise StopIteration

    result = minimize(both, np.zeros((2, 3)), "bfgs", jac=True, callback=callback)
    assert (result.result, result.status, result.nit) == (Result.CALLBACK, 99, 3)
    assert [r.nit for r in seen] == [1, 2, 3]
    assert all(r.x.shape == (2, 3) and r.fun == bowl(r.x) and r.status == -1 and not r.success for r in seen)


def test_a_builtin_may_be_the_callback():
    seen: list = []
    minimize(both, np.zeros((2, 3)), "bfgs", jac=True, callback=seen.append, max_evaluations=3)
    assert [x.shape for x in seen] == [(2, 3), (2, 3)]


# ---- refusals


@pytest.mark.parametrize("jac", [None, False])
def test_no_gradient_is_said(jac):
    with pytest.raises(InputError, match="gradient is missing: give jac"):
        minimize(bowl, np.zeros(6), jac=jac)
    with pytest.raises(InputError, match="Jacobian is missing: give jac"):
        minimize(decay, np.zeros(2), jac=jac, residuals=True)


@pytest.mark.parametrize(
    ("fun", "jac", "said"),
    [
        (bowl, "cs", "jac is 'cs'"),
        (bowl, lambda x: np.ones(5), r"gradient has shape \(5,\)"),
        (bowl, True, "must return a value and its derivative"),
        (lambda x: x, slope, r"shape \(2, 3\): it must return one number"),
    ],
)
def test_functions_of_the_wrong_shapes(fun, jac, said):
    with pytest.raises(InputError, match=said):
        minimize(fun, np.zeros((2, 3)), jac=jac)


def test_a_jacobian_of_the_wrong_shape():
    with pytest.raises(InputError, match=r"shape \(2, 2\): 40 residuals of 2 unknowns"):
        minimize(decay, np.zeros(2), jac=lambda x: np.eye(2), residuals=True)


def test_starts_and_problems_that_cannot_be_used():
    from optimizer_problems import PROBLEMS

    with pytest.raises(InputError, match="give an array of numbers"):
        minimize(bowl, "start", jac=slope)
    with pytest.raises(InputError, match="empty"):
        minimize(bowl, [], jac=slope)
    with pytest.raises(InputError, match="leave jac, residuals and args out"):
        minimize(PROBLEMS[0], PROBLEMS[0].x0, jac=True)


def test_the_door_is_at_the_top_and_light():
    assert motionrecon.minimize is minimize
    code = "import sys, motionrecon; motionrecon.minimize; print({'scipy', 'torch', 'mujoco'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-P", "-c", code], text=True).strip() == "set()"


def test_a_numpy_function_may_use_torch_inside(optimus_weights):
    def squares(x):
        X = torch.tensor(x, requires_grad=True)
        value = (X**2).sum()
        value.backward()
        return value.item(), X.grad.numpy()

    assert minimize(squares, [1.0, 2.0], jac=True, max_evaluations=20).fun < 1e-12


@pytest.mark.parametrize("allowed", [2.5, float("nan"), 0, "many"])
def test_evaluations_are_a_whole_number(allowed):
    with pytest.raises(InputError, match="give a whole number"):
        minimize(lambda x: (x @ x, 2 * x), [1.0], jac=True, max_evaluations=allowed)


def test_weights_of_another_optimizer_are_refused():
    with pytest.raises(InputError, match="'adafactor' belong to AdafactorMLP"):
        minimize(lambda x: (x @ x, 2 * x), [1.0], jac=True, method="optimus-paper", weights="adafactor")


def test_built_in_rules_have_no_weights():
    with pytest.raises(InputError, match="without weights; leave them out"):
        minimize(lambda x: (x @ x, 2 * x), [1.0], jac=True, weights="adafactor")


@pytest.mark.parametrize("jac", [lambda x: A.T, lambda x: A.reshape(-1)], ids=["transposed", "flat"])
def test_a_jacobian_of_the_right_size_and_the_wrong_shape_is_refused(jac):
    with pytest.raises(InputError, match="need a row each"):
        motionrecon.minimize(lambda x: A @ x - 1, np.zeros(5), residuals=True, jac=jac)


def test_a_jacobian_may_have_the_shapes_of_residuals_and_start():
    map_ = np.random.default_rng(0).normal(size=(2, 4, 2, 3))
    result = motionrecon.minimize(
        lambda x: np.tensordot(map_, x, 2) - 1, np.zeros((2, 3)), residuals=True, jac=lambda x: map_, method="lm"
    )
    flat = map_.reshape(8, 6)
    best = np.linalg.lstsq(flat, np.ones(8), rcond=None)[0]
    np.testing.assert_allclose(result.x.reshape(-1), best, rtol=1e-6)


def test_what_cannot_be_called_back_is_refused():
    with pytest.raises(InputError, match="callback is 3"):
        motionrecon.minimize(bowl, np.zeros((2, 3)), jac=slope, callback=3)


class Object:
    """A sum of squares as an object, whose answers a test may spoil."""

    n = 3

    def residuals(self, x):
        return x - np.arange(3.0)

    def residuals_and_jacobian(self, x):
        return x - np.arange(3.0), np.eye(3)

    def value(self, x):
        return float(((x - np.arange(3.0)) ** 2).sum())

    def value_and_gradient(self, x):
        return self.value(x), 2 * (x - np.arange(3.0))


@pytest.mark.parametrize("method", ["optimus", "lm", "bfgs"])
@pytest.mark.parametrize(
    "name, answer, said",
    [
        (
            "residuals_and_jacobian",
            lambda x: (np.ones(5), np.ones((3, 5))),
            r"_and_jacobian gave .*\(3, 5\)",
        ),
        ("residuals_and_jacobian", lambda x: (np.ones((3, 1)), np.eye(3)), r"shapes \(3, 1\) and \(3, 3\)"),
        ("residuals", lambda x: np.ones((3, 1)), r"residuals gave an array of shape \(3, 1\)"),
        ("residuals_batch", lambda X: np.ones((3, len(X) + 1)), "residuals_batch gave"),
        (
            "residuals_and_factors",
            lambda x: (np.ones(3), np.eye(3)),
            "residuals_and_factors gave no Factors but a ndarray",
        ),
        (
            "residuals_and_factors",
            lambda x: (np.ones(3), Factors(np.ones((2, 2, 1)), np.ones((2, 1, 3)), np.zeros((0, 3)))),
            r"\(3,\) and factors of a \(4, 3\) matrix",
        ),
        ("value_and_gradient", lambda x: (1.0, np.ones(4)), r"gradient of shape \(4,\)"),
    ],
)
def test_an_object_whose_answers_do_not_fit(method, name, answer, said):
    asked = {
        "optimus": ("residuals", "residuals_and_jacobian", "residuals_batch", "residuals_and_factors"),
        "lm": ("residuals", "residuals_and_jacobian", "residuals_batch"),
        "bfgs": ("value_and_gradient",),
    }
    problem = Object()
    setattr(problem, name, answer)
    if name not in asked[method]:
        assert minimize(problem, np.zeros(3), method).fun < 1e-9
        return
    with pytest.raises(InputError, match=said):
        minimize(problem, np.zeros(3), method)


def test_an_object_is_told_what_it_lacks():
    class Half:
        n = 3

        def value(self, x):
            return 0.0

    with pytest.raises(InputError, match=r"it lacks value_and_gradient$"):
        minimize(Half(), np.zeros(3))


@pytest.mark.parametrize("residuals", [False, True])
@pytest.mark.parametrize("answer", [None, "text", [[1.0], [1.0, 2.0]]])
def test_answers_that_are_no_numbers(answer, residuals):
    with pytest.raises(InputError, match=r"fun (returned|is) "):
        minimize(lambda x: answer, np.ones(3), jac=lambda x: 2 * x, residuals=residuals)
    with pytest.raises(InputError, match=r"the (gradient|Jacobian) is "):
        minimize(lambda x: x if residuals else x.sum(), np.ones(3), jac=lambda x: answer, residuals=residuals)


@pytest.mark.parametrize(
    "option", [{"gtol": "a"}, {"ftol": None}, {"limit": "a"}, {"explore": "no"}, {"weights": None}, {"squares": 3}]
)
def test_options_of_another_kind(option):
    with pytest.raises(InputError, match=f"{next(iter(option))}="):
        minimize(lambda x: ((x**2).sum(), 2 * x), np.ones(3), "optimus", jac=True, **option)
