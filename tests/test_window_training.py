"""Training on windows: what is differentiated is what runs, and a training can be stopped and goes on."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from optimizer_problems import Curved
from support import killed

from motionrecon.errors import InputError
from motionrecon.optimus import weights
from motionrecon.optimus.gauss_newton.model import GaussNewtonModel
from motionrecon.optimus.gauss_newton.optimizer import _Damped
from motionrecon.optimus.network.squares_network import SquaresNetwork
from motionrecon.optimus.weighted_squares import with_weights
from motionrecon.research.tasks.windows import load, sample
from motionrecon.research.training import window_training
from motionrecon.research.training.settings import TrainingSettings
from motionrecon.research.training.unroll import set_weights, weights_of
from motionrecon.research.training.window_training import WindowTraining, learn_from, step_of

SMALL = TrainingSettings(tasks="physics", steps=6, lr=3e-3)


def speaking(seed=0, std=0.2):
    """A network that says something."""
    torch.manual_seed(seed)
    network = SquaresNetwork(trust=1.0)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=std)
    return network


def problem_and_model(seed=3):
    problem = Curved(30, 8)
    x = 0.3 * np.random.default_rng(seed).standard_normal(8)
    r, J = problem.residuals_and_jacobian(x)
    return problem, x, GaussNewtonModel.at(r, J)


def task(seed=0):
    """As a window, but small."""
    return SimpleNamespace(problem=Curved(30, 8), x0=np.random.default_rng(seed).standard_normal(8))


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(window_training, "sample", lambda clips, rng: task(int(rng.integers(1000))))


def train(folder, settings=SMALL, steps=None):
    """Train for some of the steps that the settings ask for, as a run that is then killed."""
    training = WindowTraining(settings, folder, clips=[], checked=[task(7)])
    if steps is not None:
        return killed(training, steps)
    training.run()
    return training


def test_the_step_that_is_differentiated_is_the_optimizers_at_full_trust():
    network = speaking()
    _, _, model = problem_and_model()
    mu, scale = 1e-2, float(model.normal.diagonal().max())
    advice = network.advice(model, scale, mu)
    used = _Damped.of(model, mu, 0.0, mu * scale * np.exp(advice.damping), advice)
    np.testing.assert_allclose(step_of(network, model, scale, mu).detach(), used.step, rtol=1e-5)


def test_its_derivative_is_that_of_the_value_reached():
    network = speaking()
    problem, x, model = problem_and_model()
    scale, theta = float(model.normal.diagonal().max()), weights_of(network)
    direction = torch.randn(len(theta), generator=torch.Generator().manual_seed(1))

    def reached(t):
        set_weights(network, theta + t * direction)
        return np.log(problem.value(x + step_of(network, model, scale, 1e-2).detach().numpy()))

    set_weights(network, theta)
    step = step_of(network, model, scale, 1e-2)
    value, gradient = problem.value_and_gradient(x + step.detach().numpy())
    parts = torch.autograd.grad(torch.from_numpy(gradient / value) @ step, list(network.parameters()))
    slope = float(torch.cat([p.flatten() for p in parts]) @ direction)
    assert slope == pytest.approx((reached(1e-3) - reached(-1e-3)) / 2e-3, rel=2e-2)


def test_a_window_of_motion_teaches_something():
    window = sample(load("train"), np.random.default_rng(1))
    gradient, met = learn_from(SquaresNetwork(), window)
    assert len(met) >= 2 and gradient.isfinite().all() and float(gradient.norm()) > 0
    advised, best = np.array(met).T
    assert (best < 0).all()
    assert advised.mean() < 0  # what is learned from is a descent too


def test_training_on_a_problem_lowers_what_its_steps_reach(monkeypatch, tmp_path):
    monkeypatch.setattr(window_training, "sample", lambda clips, rng: task(5))
    before = np.mean([advised for advised, _ in learn_from(SquaresNetwork(), task(5))[1]])
    training = train(tmp_path, TrainingSettings(tasks="physics", steps=16, lr=1e-2))
    after = np.mean([advised for advised, _ in learn_from(training.network, task(5))[1]])
    assert after < before - 0.01


def test_a_resumed_training_ends_as_one_that_was_never_stopped(small, tmp_path):
    whole = train(tmp_path / "whole")
    train(tmp_path / "stopped", steps=3).save()
    train(tmp_path / "stopped", steps=4)  # goes on and is killed before its next checkpoint
    resumed = train(tmp_path / "stopped")
    assert torch.equal(whole.theta, resumed.theta) and torch.equal(whole.mean, resumed.mean)
    logs = [[json.loads(line) for line in (tmp_path / n / "log.jsonl").open()] for n in ("whole", "stopped")]
    clocks = ("seconds", "cpu_seconds")
    without = [[{k: v for k, v in line.items() if k not in clocks} for line in log] for log in logs]
    assert without[0] == without[1]
    assert (tmp_path / "whole" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_its_weights_run_by_their_path(small, tmp_path):
    training = train(tmp_path)
    saved = weights.read(tmp_path / "weights.safetensors")
    assert torch.equal(weights_of(saved), training.mean)
    problem, x, _ = problem_and_model()
    optimizer = with_weights(str(tmp_path / "weights.safetensors"))
    state = optimizer.step(problem, optimizer.init(problem, x))
    assert state.value < problem.value(x)


@pytest.mark.parametrize("wrong", [{"rule": "adafactor"}, {"rule": "optimus-identity"}])
def test_rules_without_a_network_for_windows_are_refused(wrong, tmp_path):
    with pytest.raises(InputError, match="choose from optimus, optimus-no-attention"):
        WindowTraining(TrainingSettings(tasks="physics", **wrong), tmp_path, clips=[], checked=[])


def test_flags_of_functions_are_refused():
    with pytest.raises(InputError, match=r"largest_n=\.\.\., pairs=\.\.\.: .* tasks=physics, rule=optimus does not"):
        TrainingSettings(tasks="physics", pairs=3, largest_n=7)
