"""Windows as tasks of rules that see values and gradients only: equally many unknowns, exact gradients, and a start."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from optimizer_problems import Curved

from motionrecon.errors import InputError
from motionrecon.optimus.paper.rule import PaperRule
from motionrecon.research.training import window_family
from motionrecon.research.training.families import families
from motionrecon.research.training.settings import TrainingSettings
from motionrecon.research.training.train import Training
from motionrecon.research.training.unroll import Loss, run
from motionrecon.research.training.window_family import WindowEpisode, Windows

SETTINGS = TrainingSettings(
    rule="optimus-paper", tasks="physics", steps=3, slots=2, truncation=4, shortest=8, longest=8, growth=0, pairs=2,
    largest_batch=4,
)  # fmt: skip


def task(seed=0, n=8):
    """As a window, but small."""
    x0 = np.random.default_rng(seed).standard_normal(n)
    return SimpleNamespace(name=f"task-{seed}", problem=Curved(30, n), x0=x0)


@pytest.fixture
def small(monkeypatch):
    """Small problems, of which every third has other unknowns."""

    def sample(clips, rng, shortest, longest):
        assert shortest == longest
        return task(int(rng.integers(1000)), 6 if rng.integers(3) == 0 else 8)

    monkeypatch.setattr(window_family, "sample", sample)
    return Windows(clips=[], checked=[task(1), task(2)])


def test_values_and_gradients_are_the_windows_own():
    tasks = (task(0), task(1))
    episode = WindowEpisode(tasks)
    f, g = episode.value_and_gradient(episode.start.repeat(2, 1))
    for k in range(4):
        value, gradient = tasks[k % 2].problem.value_and_gradient(tasks[k % 2].x0)
        assert f[k] == value
        np.testing.assert_array_equal(g[k].numpy(), gradient)


def test_an_episode_has_windows_of_equally_many_unknowns_and_is_the_same_again(small):
    episodes = [small.sample(seed, 100, 4) for seed in range(4)]
    assert all(episode.P == 4 and len({t.problem.n for t in episode.tasks}) == 1 for episode in episodes)
    assert torch.equal(small.sample(2, 5, 4).start, episodes[2].start)


def test_a_step_on_windows_is_judged_by_their_gradients(small):
    torch.manual_seed(0)
    rule, episode = PaperRule(), small.sample(0, 8, 4)
    loss, state = run(rule, episode, episode.begin(rule, 10), 3, Loss())
    assert (state.best_log_gap < 0).all()
    assert any(g is not None and g.abs().max() > 0 for g in torch.autograd.grad(
        loss.sum(), list(rule.parameters()), allow_unused=True))  # fmt: skip


@pytest.mark.parametrize("pes", [0.0, 1.0])
def test_the_papers_form_trains_on_windows(pes, small, tmp_path, monkeypatch):
    monkeypatch.setattr(window_family, "CHECKED_WITH", 5)
    training = Training(replace(SETTINGS, pes=pes), tmp_path, tasks=[small])
    training.run()
    assert training.theta.isfinite().all() and training.step == 3
    assert training.summary().startswith("validation went from")


def test_the_settings_say_which_training_it_is():
    assert not SETTINGS.squares and replace(SETTINGS, rule="optimus", slots=6, truncation=20, shortest=20, longest=500,
        growth=0.5, largest_batch=64, pairs=8).squares  # fmt: skip
    assert [family.name for family in families("physics")] == ["windows"]
    with pytest.raises(InputError, match="a training with tasks=physics, rule=optimus does not have that"):
        replace(SETTINGS, rule="optimus")
