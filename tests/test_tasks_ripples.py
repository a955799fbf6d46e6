"""Random bowls with ripples: what they say of themselves must be true, whichever is drawn."""

import numpy as np
import pytest
import torch

from motionrecon.research.tasks import functions
from motionrecon.research.tasks.ripples import HALF, random_bowl
from motionrecon.research.training.tasks import Functions


def bowl(seed):
    return random_bowl(torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seed", range(6))
def test_gradients_are_those_of_the_values(seed):
    batch = functions.sample(bowl(seed), 7, 3, seed)
    x = batch.start(torch.Generator().manual_seed(seed))
    _, g = batch.value_and_gradient(x)
    step = 1e-6 * batch.scale[:, None]
    for k in range(7):
        e = step * (torch.arange(7) == k)
        difference = (batch.value_and_gradient(x + e)[0] - batch.value_and_gradient(x - e)[0]) / (2 * step[:, 0])
        torch.testing.assert_close(difference, g[:, k], rtol=1e-4, atol=float(1e-5 * g.abs().max()))


@pytest.mark.parametrize("seed", range(6))
def test_the_minimum_is_0_and_nothing_is_lower(seed):
    batch = functions.sample(bowl(seed), 5, 400, seed)
    f, g = batch.value_and_gradient(batch.minimizer)
    assert f.abs().max() < 1e-12 * batch.height.max()
    assert g.abs().max() < 1e-9 * (batch.height / batch.scale_of_x).max()
    for spread in (1e-3, 0.1, 1.0):
        away = spread * HALF * torch.randn(400, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        assert (batch.value_and_gradient(batch.minimizer + batch.scale_of_x[:, None] * away)[0] > 0).all()


def test_numpy_and_torch_agree():
    chosen, z = bowl(3), np.linspace(-9, 9, 12).reshape(2, 6)
    f, g = chosen.value_and_gradient(z, np.arange(1.0, 7))
    tf, tg = chosen.value_and_gradient(torch.from_numpy(z), torch.arange(1.0, 7, dtype=torch.float64))
    np.testing.assert_allclose(f, tf.numpy())
    np.testing.assert_allclose(g, tg.numpy())


def test_bowls_are_drawn_anew_and_again():
    assert bowl(4).name == bowl(4).name
    assert len({bowl(seed).name for seed in range(8)}) == 8
    grows = ["grows" in bowl(seed).name for seed in range(30)]
    assert any(grows) and not all(grows)


def test_trainings_meet_bowls_and_test_functions():
    family = Functions(bowls=5)
    names = [name for seed in range(12) for name in family.sample(seed, 6, 8).name.split("+")]
    assert any(name.startswith("bowl") for name in names)
    assert set(names) & set(functions.TRAINED)
    assert not set(names) & set(functions.HELD_OUT)
