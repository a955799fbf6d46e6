"""``motionrecon.minimize`` as users of SciPy and torch call it: callbacks, options, names, items, torch's modes."""

import pickle
import threading

import numpy as np
import pytest
import torch
from scipy.optimize import rosen, rosen_der
from support import HANGS

from motionrecon.errors import InputError
from motionrecon.optimizers import Result, State, get, minimize
from motionrecon.optimizers.lbfgs import LBFGS

pytestmark = pytest.mark.usefixtures("optimus_weights")


def fun(x):
    return float(((x - 3) ** 2).sum())


def jac(x):
    return 2 * (x - 3)


def curved(x):
    return rosen(x), rosen_der(x)


START = np.array([-1.2, 1.0])


# ---- callbacks


def test_callbacks_by_the_name_of_their_parameter():
    points, results, states = [], [], []
    minimize(curved, START, "bfgs", jac=True, callback=lambda xk: points.append(xk))
    minimize(curved, START, "bfgs", jac=True, callback=lambda intermediate_result: results.append(intermediate_result))
    minimize(curved, START, "bfgs", jac=True, callback=lambda state: states.append(state))
    assert len(points) == len(results) == len(states) > 5
    assert all(isinstance(state, State) for state in states)
    for x, result in zip(points, results, strict=True):
        np.testing.assert_array_equal(x, result.x)
        assert result.fun == rosen(x)
    points[0][:] = np.nan  # each is a copy of its own
    assert np.isfinite(points[1]).all()


class Called:
    def __init__(self):
        self.seen = []

    def __call__(self, intermediate_result):
        self.seen.append(intermediate_result.fun)

    def method(self, xk, *rest, verbose=False):
        self.seen.append(xk.copy())


def test_callbacks_that_are_objects_and_methods():
    called = Called()
    minimize(fun, np.zeros(2), jac=jac, callback=called)
    minimize(fun, np.zeros(2), jac=jac, callback=called.method)
    assert isinstance(called.seen[0], float) and called.seen[-1].shape == (2,)


def test_torch_points_come_as_tensors():
    seen = []
    minimize(lambda x: (x - 3).square().sum(), torch.zeros(2, 2), callback=lambda xk: seen.append(xk))
    assert all(isinstance(x, torch.Tensor) and x.shape == (2, 2) and x.dtype == torch.float32 for x in seen)


@pytest.mark.parametrize("answer", [np.array([1.0, 2.0]), "text", 1, np.float64(1), None, False, np.False_])
def test_what_a_callback_returns_says_nothing(answer):
    result = minimize(curved, START, "bfgs", jac=True, callback=lambda xk: answer)
    assert result.success


@pytest.mark.parametrize("answer", [True, np.True_])
def test_true_and_stop_iteration_end(answer):
    def stop(xk):
        raise StopIteration

    for callback in (lambda xk: answer, stop):
        result = minimize(curved, START, "bfgs", jac=True, callback=callback)
        assert (result.result, result.status, result.nit) == (Result.CALLBACK, 99, 1)


def test_callbacks_of_two_arguments_are_refused_at_once():
    with pytest.raises(InputError, match=r"callback takes \(xk, state\): give a function of one argument"):
        minimize(fun, np.zeros(2), jac=jac, callback=lambda xk, state: None)


def test_what_functions_raise_goes_through():
    class Own(Exception):
        pass

    def failing(x):
        raise Own("here")

    for call in (
        lambda: minimize(failing, np.zeros(2), jac=jac),
        lambda: minimize(fun, np.zeros(2), jac=failing),
        lambda: minimize(fun, np.zeros(2), jac=jac, callback=failing),
        lambda: minimize(failing, torch.zeros(2)),
        lambda: minimize(failing, np.zeros(2), jac=jac, bounds=[(-1, 1)] * 2),
        lambda: minimize(failing, np.zeros(2), "lm", jac=jac, residuals=True),
    ):
        with pytest.raises(Own) as caught:
            call()
        assert caught.value.args == ("here",)

    def ended(x):
        raise StopIteration

    with pytest.raises(StopIteration):  # only a callback ends a run by it
        minimize(ended, np.zeros(2), jac=jac)


# ---- args


def test_further_arguments():
    def value(x, a, b):
        return b * np.sum((x - a) ** 2)

    def slope(x, a, b):
        return 2 * b * (x - a)

    for kind in (slope, "3-point"):
        assert minimize(value, np.zeros(2), args=(3.0, 2.0), jac=kind).x == pytest.approx([3, 3], abs=1e-6)
    both = minimize(lambda x, a: (np.sum((x - a) ** 2), 2 * (x - a)), np.zeros(2), args=4.0, jac=True)
    assert both.x == pytest.approx([4, 4])
    result = minimize(lambda x, a: x - a, np.zeros(2), args=(5.0,), jac=lambda x, a: np.eye(2), residuals=True)
    assert result.x == pytest.approx([5, 5])
    result = minimize(lambda x, a: (x - a).square().sum(), torch.zeros(2), args=(torch.ones(2),))
    torch.testing.assert_close(result.x, torch.ones(2))
    result = minimize(lambda x, a: x - a, torch.zeros(2), args=(torch.ones(2),), residuals=True)
    torch.testing.assert_close(result.x, torch.ones(2))


# ---- budgets, tolerances, options


def test_maxiter_limits_steps_and_max_evaluations_gradients():
    result = minimize(curved, START, "bfgs", jac=True, maxiter=7)
    assert (result.nit, result.njev, result.status, result.result) == (7, 8, 1, Result.MAX_STEPS)
    assert not result.success and "maxiter" in result.message
    by_options = minimize(curved, START, "bfgs", jac=True, options={"maxiter": 7})
    np.testing.assert_array_equal(result.x, by_options.x)
    both = minimize(curved, START, "bfgs", jac=True, maxiter=7, max_evaluations=5)
    assert (both.nit, both.njev, both.result) == (4, 5, Result.MAX_EVALUATIONS)
    long = minimize(curved, START, "gd", jac=True, maxiter=300)
    assert (long.nit, long.njev) == (300, 301)
    assert minimize(curved, START, "gd", jac=True).njev == 200


@pytest.mark.parametrize("name", ["max_evaluations", "maxfun", "maxfev"])
def test_options_for_evaluations(name):
    assert minimize(curved, START, "gd", jac=True, options={name: 30}).njev == 30


def test_optimus_plans_with_what_it_may_spend():
    seen = []

    def ripples(x):
        seen.append(x)
        return float(np.sum(x**2 + 10 * (1 - np.cos(3 * x)))), 2 * x + 30 * np.sin(3 * x)

    result = minimize(ripples, np.linspace(-4, 5, 6), jac=True, maxiter=59)
    assert (len(seen), result.nit) == (60, 59)
    other = minimize(ripples, np.linspace(-4, 5, 6), jac=True, max_evaluations=60)
    np.testing.assert_array_equal(result.x, other.x)


@pytest.mark.parametrize("method", ["optimus", "bfgs", "lbfgs", "gd"])
def test_tol(method):
    more = {"max_evaluations": 2000} | ({"explore": False} if method == "optimus" else {})
    loose = minimize(curved, START, method, jac=True, tol=1e-2, **more)
    tight = minimize(curved, START, method, jac=True, tol=1e-7, **more)
    assert loose.fun > tight.fun
    own = minimize(curved, START, method, jac=True, tol=1e-2, options={"gtol": 0.5}, **more)
    assert own.nit <= loose.nit


def test_options_are_hyperparameters_too(capsys):
    seen = {}
    LBFGS_learn = LBFGS.learn

    def learn(self, *pair):
        seen[self.pairs, self.probes, self.gtol] = True
        return LBFGS_learn(self, *pair)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LBFGS, "learn", learn)
        options = {"maxcor": 5, "maxls": 9, "gtol": 1e-3, "disp": True, "maxiter": 50}
        result = minimize(curved, START, "L-BFGS-B", jac=True, options=options)
    assert set(seen) == {(5, 9, 1e-3)}
    said = capsys.readouterr().out
    assert said.startswith(result.message) and f"{result.nit} steps" in said
    minimize(curved, START, "L-BFGS-B", jac=True, options={"disp": False})
    assert capsys.readouterr().out == ""


def test_what_wrappers_pass_empty():
    result = minimize(fun, np.zeros(2), jac=jac, constraints=(), hess=None, hessp=None, options={}, bounds=None)
    assert result.x == pytest.approx([3, 3])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"constraints": {"type": "eq"}}, "no constraints.*SLSQP"),
        ({"hess": lambda x: np.eye(2)}, "no hess: "),
        ({"options": {"iprint": 3}}, "no option iprint: its options are"),
        ({"options": [("maxiter", 3)]}, "give a dictionary"),
        ({"maxiter": 3, "options": {"maxiter": 4}}, "maxiter is given twice, as 3 and 4"),
        ({"max_evaluations": 3, "options": {"maxfun": 4}}, "max_evaluations is given twice"),
        ({"maxiter": 2.5}, "maxiter is 2.5: give a whole number"),
        ({"maxiter": True}, "maxiter is True: give a whole number"),
        ({"options": {"maxiter": "many"}}, "maxiter is 'many'"),
        ({"max_evaluations": float("inf")}, "max_evaluations is inf"),
        ({"tol": "tight"}, "gtol='tight'"),
        ({"method": (3.0, 2.0)}, r"is \(3.0, 2.0\): give args=\(3.0, 2.0\)"),
        ({"method": LBFGS}, "give a name, or an optimizer"),
        ({"method": LBFGS(), "tol": 1e-3}, "made already: give tol to LBFGS itself"),
        ({"method": "Nelder-Mead"}, "called 'Nelder-Mead': choose one of optimus"),
    ],
)
def test_what_cannot_be_is_said(given, said):
    with pytest.raises(InputError, match=said):
        minimize(fun, np.zeros(2), jac=jac, **given)


def test_whole_numbers_of_any_kind():
    for allowed in (1e1, np.int32(10), np.float32(10)):
        assert minimize(curved, START, "gd", jac=True, max_evaluations=allowed).njev == 10


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("BFGS", "bfgs"),
        ("L-BFGS-B", "lbfgs"),
        ("l-bfgs", "lbfgs"),
        ("LM", "lm"),
        ("Optimus", "optimus"),
        ("Adam", "adam"),
    ],
)
def test_names_in_any_case_and_as_scipy_spells_them(name, plain):
    assert get(name) is get(plain)


# ---- results


def test_fields_are_items_too():
    result = minimize(curved, START, "bfgs", jac=True)
    assert result["x"] is result.x and result["nfev"] == result.nfev and "jac" in result
    assert {"x", "fun", "jac", "success", "status", "message", "nit", "nfev", "njev"} <= set(result.keys())
    assert dict(result)["fun"] == result.fun and result.get("hess_inv", 3) == 3
    with pytest.raises(KeyError):
        result["hess_inv"]
    assert f"success: {result.success}" in repr(result)
    again = pickle.loads(pickle.dumps(result))
    np.testing.assert_array_equal(again.x, result.x)


@pytest.mark.parametrize("method", ["optimus", "bfgs", "lbfgs", "adam"])
def test_the_gradient_at_the_best_point(method):
    result = minimize(curved, START, method, jac=True, max_evaluations=25)
    np.testing.assert_allclose(result.jac, rosen_der(result.x), rtol=1e-12)
    tensor = minimize(lambda x: ((x - 3) ** 4).sum(), torch.zeros(2, 2), method, max_evaluations=5)
    assert tensor.jac.shape == (2, 2) and tensor.jac.dtype == torch.float32
    torch.testing.assert_close(tensor.jac, 4 * (tensor.x - 3) ** 3, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("method", ["optimus", "lm"])
def test_the_gradient_of_a_sum_of_squares(method):
    A = np.random.default_rng(0).normal(size=(8, 3))
    result = minimize(lambda x: A @ np.sin(x) - 1, np.zeros(3), method, jac=lambda x: A * np.cos(x), residuals=True)
    assert result.success
    if result.jac is not None:
        expected = 2 * (A * np.cos(result.x)).T @ (A @ np.sin(result.x) - 1)
        np.testing.assert_allclose(result.jac, expected, atol=1e-12)
    at_start = minimize(
        lambda x: A @ np.sin(x) - 1, np.zeros(3), method, jac=lambda x: A * np.cos(x), residuals=True, maxiter=1
    )
    assert at_start.jac is None, "a trial has residuals only"


# ---- starts and answers of every kind


@pytest.mark.parametrize(
    "x0", [[0, 1], np.array([0, 1]), np.zeros(3, np.float32), np.zeros((2, 2)), 0, np.float32(1), np.array(1)]
)
def test_starts_of_every_kind(x0):
    result = minimize(fun, x0, jac=jac)
    assert result.x.dtype == np.float64 and result.x.shape == np.shape(x0)
    np.testing.assert_allclose(result.x, 3, atol=1e-6)


def test_a_read_only_start_and_functions_that_write_to_theirs():
    start = np.zeros(2)
    start.setflags(write=False)

    def rude(x):
        value = fun(x)
        x += 100
        return value

    def rude_slope(x):
        slope = jac(x)
        x[...] = np.nan
        return slope

    assert minimize(rude, start, jac=rude_slope).x == pytest.approx([3, 3])

    def rude_torch(x):
        value = (x - 3).square().sum()
        x.data += 100
        return value

    torch.testing.assert_close(minimize(rude_torch, torch.zeros(2), "bfgs").x, torch.full((2,), 3.0))


@pytest.mark.parametrize(
    "x0",
    [
        None,
        "text",
        ["a"],
        np.zeros(2, complex),
        np.ma.array([0.0, 1.0], mask=[0, 1]),
        [],
        [torch.zeros(2), torch.ones(3)],
    ],
)
def test_starts_that_are_none(x0):
    with pytest.raises(InputError, match="start x0"):
        minimize(fun, x0, jac=jac)


@pytest.mark.parametrize(
    "answer", [np.array, np.float32, lambda v: np.array([v]), lambda v: [v], lambda v: np.array([[v]]), torch.tensor]
)
def test_values_of_every_kind(answer):
    np.testing.assert_allclose(minimize(lambda x: answer(fun(x)), np.zeros(2), "bfgs", jac=jac).x, 3, atol=1e-3)


@pytest.mark.parametrize("answer", [list, lambda g: g[:, None], lambda g: g[None], torch.from_numpy])
def test_gradients_of_every_kind(answer):
    np.testing.assert_allclose(minimize(fun, np.zeros(2), "bfgs", jac=lambda x: answer(jac(x))).x, 3, atol=1e-6)


# ---- torch's modes and defaults


def ripples(x):
    assert torch.is_grad_enabled() or not x.requires_grad
    return (x**2 + 10 * (1 - torch.cos(3 * x))).sum()


@pytest.fixture
def fresh_weights():
    """Weights are loaded anew in the test, and again after it."""
    from motionrecon.optimus import weights

    weights._loaded.cache_clear()
    yield
    weights._loaded.cache_clear()


def _ripples(**options):
    return minimize(ripples, torch.linspace(-4, 5, 4, dtype=torch.float64), max_evaluations=50, **options)


def test_float64_as_torchs_default(fresh_weights):
    from motionrecon.optimus import weights

    expected = _ripples(method="optimus-paper")
    weights._loaded.cache_clear()
    torch.set_default_dtype(torch.float64)
    try:
        found = _ripples(method="optimus-paper")
        assert found.nfev > 10
        x = torch.nn.Parameter(torch.zeros(3))
        assert minimize(lambda x: (x - 3).square().sum(), x).x.dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.fun == pytest.approx(expected.fun, abs=1e-6)


def test_another_default_device(fresh_weights):
    with torch.device("meta"):
        result = minimize(lambda x: (x @ x, 2 * x), np.ones(3), jac=True)
    assert result.fun < 1e-12


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_the_callers_mode_does_not_matter(mode, fresh_weights):
    expected = _ripples()
    with mode():
        inside = _ripples()
        squares = minimize(lambda x: x - 3, torch.zeros(3), residuals=True)
    torch.testing.assert_close(inside.x, expected.x, rtol=0, atol=0)
    torch.testing.assert_close(squares.x, torch.full((3,), 3.0))
    assert not inside.x.is_inference() or mode is torch.inference_mode
    from motionrecon.optimus import weights

    with mode():
        minimize(lambda x: (x @ x, 2 * x), np.ones(3), jac=True, method="optimus-paper", max_evaluations=5)
    assert not any(p.is_inference() for p in weights.load("optimus-paper").parameters())


# ---- threads


def test_the_network_runs_on_one_thread_and_the_users_function_on_the_users(monkeypatch):
    from motionrecon.optimus.paper.rule import PaperRule

    inside, outside, propose = [], [], PaperRule.propose

    def watched(self, state):
        inside.append(torch.get_num_threads())
        return propose(self, state)

    def seen(x):
        outside.append(torch.get_num_threads())
        return ripples(x)

    monkeypatch.setattr(PaperRule, "propose", watched)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        minimize(seen, torch.linspace(-4, 5, 4), "optimus-paper", max_evaluations=10)
        assert set(inside) == {1} and set(outside) == {2} and torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError):
            minimize(lambda x: 1 / 0, torch.zeros(2), "optimus-paper")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_two_runs_in_two_threads_leave_each_others_setting():
    """Each thread has its own number; a third one that begins meanwhile has torch's."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    numbers, gate = {}, threading.Barrier(2, timeout=HANGS)

    def work(name, own):
        torch.get_num_threads()  # what a thread asks first gives it torch's number: before its own is set
        torch.set_num_threads(own)

        def fun(x):
            if len(numbers.setdefault(name, [])) < 20:
                gate.wait()  # both are in the middle of a run
            numbers[name].append(torch.get_num_threads())
            return ripples(x)

        minimize(fun, torch.linspace(-4, 5, 4), "optimus-paper", max_evaluations=30)
        numbers[name].append(torch.get_num_threads())

    threads = [threading.Thread(target=work, args=(name, own)) for name, own in (("a", 2), ("b", 4))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert set(numbers["a"]) == {2} and set(numbers["b"]) == {4}
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
