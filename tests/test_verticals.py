"""Up from straight lines: exact scenes with known cameras, clutter, ties, and nothing to see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionrecon.cameras.lines import lines
from motionrecon.cameras.up import Direction
from motionrecon.cameras.verticals import verticals
from motionrecon.core import so3
from motionrecon.core.vectors import across

#: Pixels to a metre at one metre's distance in a picture 960 wide, and how exactly up is expected.
FOCAL, EXPECTED = 800.0, 0.1


def seen(
    random: np.random.Generator, up: np.ndarray, upright: int, clutter: int, noise: float = 0.5, leaning: float = 0.0
) -> np.ndarray:
    """Ends of upright edges before a camera, and of lines turned anyhow, on the image plane."""
    middle = random.uniform([-0.5, -0.3], [0.5, 0.3], (upright + clutter, 2))
    to = up[:2] - middle * up[2]
    angle = np.arctan2(to[:, 1], to[:, 0]) + leaning * random.standard_normal(len(middle))
    angle[upright:] = random.uniform(0, np.pi, clutter)
    half = random.uniform(0.03, 0.12, len(middle))[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ends = np.stack([middle - half, middle + half], axis=1)
    return np.asarray(ends + noise / FOCAL * random.standard_normal(ends.shape))


def camera_up(pitch: float, roll: float) -> np.ndarray:
    """Up in the axes of a camera that looks up by `pitch` and whose verticals lean right by `roll`, radians."""
    return np.array([np.cos(pitch) * np.sin(roll), -np.cos(pitch) * np.cos(roll), np.sin(pitch)])


def near(up: np.ndarray, away: float, random: np.random.Generator, sigma: float = EXPECTED) -> Direction:
    """An expectation that is off by an angle."""
    axis = across(up).T @ random.standard_normal(2)
    turned = so3.matrix(away * axis / np.linalg.norm(axis)) @ up
    return Direction(turned, sigma**2 * (np.eye(3) - np.outer(turned, turned)))


def angle(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(one @ other, -1.0, 1.0))))


@settings(deadline=None, max_examples=25)
@given(
    pitch=st.floats(-0.6, 0.4), roll=st.floats(-0.5, 0.5), clutter=st.integers(0, 40), seed=st.integers(0, 2**32 - 1)
)
def test_edges_of_houses_tell_up_whatever_stands_about(pitch, roll, clutter, seed):
    random = np.random.default_rng(seed)
    up = camera_up(pitch, roll)
    found = verticals(seen(random, up, 16, clutter), FOCAL, near(up, 0.15, random))
    assert found is not None and found.count >= 12
    assert angle(found.up, up) < 2.5
    np.testing.assert_allclose(found.covariance @ found.up, 0.0, atol=1e-9)


def test_the_uncertainty_is_honest():
    """Of lines that lean, the error is as large as it is said to be, and not much smaller."""
    chi2 = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        up = camera_up(random.uniform(-0.5, 0.2), random.uniform(-0.2, 0.2))
        found = verticals(seen(random, up, 30, 20, leaning=0.04), FOCAL, near(up, 0.1, random))
        if found is not None:
            tangent = across(found.up)
            away = tangent @ (up - found.up)
            chi2.append(away @ np.linalg.solve(tangent @ found.covariance @ tangent.T, away))
    assert len(chi2) > 40
    assert 0.3 < np.mean(chi2) < 3.0  # 2 would be exact


def test_lines_turned_anyhow_or_too_few_say_nothing():
    random = np.random.default_rng(0)
    up = camera_up(-0.2, 0.0)
    said = [verticals(seen(random, up, 0, n), FOCAL, near(up, 0.05, random)) for n in (0, 2, 30, 100) for _ in range(5)]
    assert sum(one is not None for one in said) <= 1
    assert verticals(seen(random, up, 2, 0), FOCAL, near(up, 0.05, random)) is None


def test_two_agreements_tie_unless_one_is_expected():
    random = np.random.default_rng(1)
    one, other = camera_up(0.0, 0.17), camera_up(0.0, -0.17)
    both = np.concatenate([seen(random, one, 12, 0), seen(random, other, 12, 0)])
    between = Direction(camera_up(0.0, 0.0), 0.3**2 * np.diag([1.0, 0.0, 1.0]))
    assert verticals(both, FOCAL, between) is None
    found = verticals(both, FOCAL, near(one, 0.02, random, sigma=0.03))
    assert found is not None and angle(found.up, one) < 2


def test_lines_of_a_picture_leave_people_and_double_edges_out():
    picture = np.full((540, 960, 3), 200, np.uint8)
    picture[100:400, 200:206] = 40  # a pole, whose two sides are one line
    picture[50:500, 600:] = 90  # the edge of a wall
    picture[150:450, 400:440] = 20  # somebody
    picture[300:308, 400:440] = 250
    found = lines(picture, [np.array([400.0, 150.0, 440.0, 450.0])])
    upright = found[np.abs(found[:, 1, 0] - found[:, 0, 0]) < 3]
    assert sorted(np.round(upright[:, :, 0].mean(1), -1).tolist()) == [200, 600]
    assert ((found[:, :, 0] < 390) | (found[:, :, 0] > 450)).all()
    lengths = np.linalg.norm(found[:, 1] - found[:, 0], axis=1)
    assert (np.diff(lengths) <= 1e-9).all()


@pytest.mark.parametrize("size", [(2, 2), (540, 960), (1080, 1920)])
def test_an_empty_picture_has_no_lines(size):
    assert lines(np.full((*size, 3), 128, np.uint8), []).shape == (0, 2, 2)
