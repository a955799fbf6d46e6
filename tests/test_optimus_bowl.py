"""The fit of a bowl under ripples: exact without ripples, and as sure of itself as it may be with them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from motionrecon.optimus.exploration import bowl


def samples(n, K, P=1, seed=0, ripple=0.0, wave=6.0, grows=0, near=1.0, stiffness=3.0):
    """K samples of h/2 |x - m|^2 + 7 + waves along every unknown, which are larger the farther they are from m."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.randn(*shape, dtype=torch.float64, generator=generator)  # noqa: E731
    m = draw(P, n)
    x = 3 * near * draw(P, K, n)
    phase = 6.3 * draw(P, 1, n)
    d = x - m[:, None]
    size, slope = ripple * d.abs() ** grows, ripple * grows * d.abs() ** max(grows - 1, 0) * d.sign()
    f = 0.5 * stiffness * d.square().sum(-1) + 7 + (size * (1 - torch.cos(wave * d + phase))).sum(-1)
    g = stiffness * d + size * wave * torch.sin(wave * d + phase) + slope * (1 - torch.cos(wave * d + phase))
    return m, x, f, g


def fitted(x, f, g, used=None, guess=None, grain=1e-3, doubt=0.05, prior=10.0):
    """What the fit says, in tensors."""
    P, K, n = x.shape
    used = np.ones((P, K), dtype=bool) if used is None else used.numpy()
    origin = np.zeros((P, n))
    full = lambda value: np.full(P, value)  # noqa: E731
    guess = origin if guess is None else guess.numpy()
    seen = (x.numpy(), f.numpy(), g.numpy(), used, guess)
    found = bowl.fit_bowl(*seen, full(prior**2), origin, full(prior), full(grain), doubt)
    return bowl.Bowl(*map(torch.from_numpy, found))


@pytest.mark.parametrize("n, K", [(1, 3), (4, 3), (4, 20), (30, 5), (30, 60)])
def test_a_bowl_without_ripples_is_found_exactly(n, K):
    m, x, f, g = samples(n, K, P=3)
    found = fitted(x, f, g)
    assert found.sound.all()
    torch.testing.assert_close(found.minimum, m, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "n, K, grows",
    [(1, 20, 0), (2, 12, 0), (4, 8, 0), (10, 40, 0), (10, 8, 0), (60, 30, 0), (60, 100, 0), (10, 40, 2), (60, 30, 2)],
)
def test_the_error_is_as_large_as_it_is_said_to_be(n, K, grows):
    m, x, f, g = samples(n, K, P=150, ripple=1.0 if grows == 0 else 0.2, grows=grows)
    found = fitted(x, f, g, grain=0.3)
    assert found.sound.double().mean() > 0.95
    error = (found.minimum - m).square().mean(-1)
    ratio = (error / found.variance)[found.sound]
    # The mean where many unknowns make it steady, the median elsewhere; a sixth to thrice of what was said.
    middle = float(ratio.mean() if n >= 10 else ratio.median())
    assert 0.15 < middle < 3


def test_an_offset_of_all_samples_counts_for_the_error():
    """Seen from one side only, an error of the stiffness moves the minimum."""
    m, x, f, g = samples(10, 20, P=150, ripple=1.0)
    shift = 15.0
    d = x + shift - m[:, None]
    f = 1.5 * d.square().sum(-1) + (1 - torch.cos(6 * d)).sum(-1)
    g = 3 * d + 6 * torch.sin(6 * d)
    found = fitted(x + shift, f, g, prior=50.0)
    ratio = ((found.minimum - m).square().mean(-1) / found.variance)[found.sound]
    assert 0.1 < float(ratio.median()) < 3


def test_too_few_samples_say_nothing():
    for n, K in ((1, 1), (5, 1), (1, 2)):
        _, x, f, g = samples(n, K, P=20, ripple=1.0)
        assert not fitted(x, f, g).sound.any()


def test_without_ripples_they_are_of_one_size():
    _, x, f, g = samples(4, 12, P=20)
    assert (fitted(x, f, g).power == 0).all()


@pytest.mark.parametrize("grows, power", [(0, 0.0), (2, 2.0)])
def test_how_ripples_grow_is_seen(grows, power):
    near = torch.linspace(0.2, 2, 30, dtype=torch.float64)[:, None]  # distances must differ
    _, x, f, g = samples(40, 30, P=20, ripple=1.0 if grows == 0 else 0.2, grows=grows, near=near)
    found = fitted(x, f, g)
    assert (found.power == power).double().mean() > 0.7


def test_waves_have_their_wavenumber():
    _, x, f, g = samples(20, 80, P=20, ripple=5.0, wave=6.0)
    found = fitted(x, f, g)
    flat = found.power == 0
    assert flat.double().mean() > 0.8
    assert 3 < float(found.wavenumber[flat].median()) < 12


def test_a_hill_is_no_bowl():
    _, x, f, g = samples(5, 10, P=2)
    found = fitted(x, -f, -g)
    assert not found.sound.any()


def test_what_is_not_used_does_not_count():
    _, x, f, g = samples(6, 12, P=2, ripple=1.0)
    used = torch.ones(2, 12, dtype=torch.bool)
    used[:, 9:] = False
    f, g = f.clone(), g.clone()
    f[:, 9:], g[:, 9:] = torch.inf, torch.nan
    whole, part = fitted(x, f, g, used), fitted(x[:, :9], f[:, :9], g[:, :9])
    torch.testing.assert_close(whole.minimum, part.minimum)
    torch.testing.assert_close(whole.variance, part.variance)


def test_both_ways_to_invert_agree():
    """With as many samples as unknowns or more the matrix of unknowns is inverted, with fewer that of samples."""
    _, x, f, g = samples(8, 7, P=3, ripple=1.0)
    padded = [torch.cat([a, torch.zeros_like(a[:, :3])], 1) for a in (x, f, g)]
    used = torch.arange(10).expand(3, 10) < 7
    torch.testing.assert_close(fitted(*padded, used).minimum, fitted(x, f, g).minimum)
    torch.testing.assert_close(fitted(*padded, used).variance, fitted(x, f, g).variance)


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(1, 12),
    K=st.integers(2, 20),
    seed=st.integers(0, 1000),
    length=st.floats(-4, 4),
    size=st.floats(-4, 4),
)
def test_units_and_orders_do_not_matter(n, K, seed, length, size):
    _, x, f, g = samples(n, K, seed=seed, ripple=1.0)
    plain = fitted(x, f, g)
    a, b = 10**length, 10**size
    scaled = fitted(a * x, b * f, b / a * g, prior=10 * a, grain=1e-3 * a)
    assert torch.equal(plain.sound, scaled.sound)
    if not plain.sound.all():
        return
    torch.testing.assert_close(scaled.minimum / a, plain.minimum, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(scaled.variance / a**2, plain.variance, rtol=1e-4, atol=1e-12)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(n))
    torch.testing.assert_close(
        fitted(x[..., order], f, g[..., order]).minimum, plain.minimum[:, order], rtol=1e-5, atol=1e-6
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 6), K=st.integers(1, 9), size=st.floats(0, 150))
def test_what_has_no_value_spoils_nothing(seed, n, K, size):
    generator = torch.Generator().manual_seed(seed)
    x, g = torch.randn(2, 2, K, n, dtype=torch.float64, generator=generator)
    f = torch.randn(2, K, dtype=torch.float64, generator=generator) * 10**size
    g = g * 10**size
    alone = fitted(x, f, g)
    bad_f, bad_g = f.clone(), g.clone()
    bad_f[1, 0], bad_g[1, -1, 0] = torch.inf, torch.nan
    found = fitted(x, bad_f, bad_g)
    assert not found.sound[1]
    assert torch.equal(found.sound[0], alone.sound[0])
    assert torch.equal(found.minimum[0], alone.minimum[0]) or not alone.sound[0]
