"""Residuals by points: their values, and their derivatives against central differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import people
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionrecon.residuals.base import PointResidual
from motionrecon.residuals.directions import END, START, Directions
from motionrecon.residuals.positions import Positions
from motionrecon.residuals.reprojection import Reprojection
from motionrecon.residuals.robust import (
    _shrink,
    cauchy,
    cauchy_with_jacobian,
    geman_mcclure,
    of_cauchy,
    reweighted,
)

FRAMES = 3
RNG = np.random.default_rng(0)
POINTS = RNG.uniform(-0.6, 0.6, (FRAMES, 33, 3)) + np.array([0.0, 0.0, 0.9])
WEIGHT = RNG.uniform(0.2, 1.0, (FRAMES, 33))


def reprojection(points: np.ndarray) -> Reprojection:
    pixels = people.camera().project(POINTS) + 20 * np.random.default_rng(1).standard_normal((FRAMES, 33, 2))
    pixels[1, 12], pixels[2] = np.nan, np.nan
    return Reprojection(people.camera(), points, pixels, WEIGHT, 0.02, np.full(FRAMES, 4.0))


def positions(points: np.ndarray) -> Positions:
    return Positions(points, POINTS + 0.1 * np.random.default_rng(1).standard_normal(POINTS.shape), WEIGHT, 0.04)


def directions(points: np.ndarray) -> Directions:
    guess = people.camera().to_camera(POINTS) + 0.1 * np.random.default_rng(1).standard_normal(POINTS.shape)
    guess[1, 14], guess[2] = np.nan, np.nan
    return Directions(people.camera(), points, guess, WEIGHT, sigma=0.1, across=0.3)


@pytest.mark.parametrize("of", [reprojection, positions])
def test_the_derivative_by_points_matches_central_differences(of: Callable[[np.ndarray], PointResidual]):
    along, h = np.random.default_rng(2).standard_normal((*POINTS.shape, 4)), 1e-6
    found = of(POINTS).chain(along)
    for i in range(4):
        ahead, behind = (of(POINTS + s * h * along[..., i]).value for s in (1, -1))
        np.testing.assert_allclose(found[..., i], (ahead - behind) / (2 * h), atol=2e-5)


def test_directions_change_as_bones_turn():
    """The bone's length, to which the guess is scaled, is taken as given: so turn all bones about the vertical."""
    turning = np.cross([0.0, 0.0, 1.0], POINTS)
    h = 1e-6
    ahead, behind = (directions(POINTS + s * h * turning).value for s in (1, -1))
    found = directions(POINTS).chain(turning[..., None])[..., 0]
    np.testing.assert_allclose(found, (ahead - behind) / (2 * h), atol=2e-5)


def test_what_nobody_saw_says_nothing():
    assert not reprojection(POINTS).value[2].any() and not directions(POINTS).value[2].any()
    assert not reprojection(POINTS).chain(np.ones((*POINTS.shape, 1)))[1, 12].any()
    lost = (START == 14) | (END == 14)
    value = directions(POINTS).value
    assert lost.any() and not value[1, lost].any() and value[1, ~lost].all()


def test_one_standard_deviation_counts_as_one():
    camera = people.camera()
    pixels = camera.project(POINTS)
    one = np.zeros((FRAMES, 33))
    one[0, 15] = 1.0
    pixels[0, 15, 0] += 0.02 / 4.0 * 1000.0
    assert (Reprojection(camera, POINTS, pixels, one, 0.02, np.full(FRAMES, 4.0)).value ** 2).sum() == pytest.approx(1)
    moved = POINTS + np.array([0.0, 0.04, 0.0])
    assert (Positions(moved, POINTS, one, 0.04).value ** 2).sum() == pytest.approx(1)
    ahead = camera.axes[0, 2]
    away = POINTS.copy()
    away[:, END[0]] += 0.1 * ahead
    both = np.zeros((FRAMES, 33))
    both[0, [START[0], END[0]]] = 1.0
    guess = camera.to_camera(POINTS)
    length = np.linalg.norm(guess[0, END[0]] - guess[0, START[0]])
    error = Directions(camera, away, guess, both, sigma=0.1).value
    assert 0.5 < (error[0, 0] ** 2).sum() < 1.5 and length > 0.05
    assert not error[..., :2].any(), "only the depth is asked"


@given(
    error=st.lists(st.floats(-30, 30), min_size=2, max_size=2),
    scale=st.floats(0.3, 5),
)
def test_the_robust_residual_and_its_derivative(error, scale):
    e = np.array(error)
    assert (cauchy(e, scale) ** 2).sum() == pytest.approx(scale**2 * np.log1p(e @ e / scale**2), abs=1e-9)
    value, jacobian = cauchy_with_jacobian(e, np.eye(2), scale)
    np.testing.assert_array_equal(value, cauchy(e, scale))
    h = 1e-6
    reference = np.stack([(cauchy(e + h * d, scale) - cauchy(e - h * d, scale)) / (2 * h) for d in np.eye(2)], axis=1)
    np.testing.assert_allclose(jacobian, reference, atol=1e-6)


def test_the_robust_residual_is_smooth_where_its_formula_changes():
    s = np.array([0.9999e-4, 1.0001e-4])
    factor, slope = _shrink(s)
    assert factor[1] - factor[0] == pytest.approx(-0.25 * 2e-8, rel=0.3)
    np.testing.assert_allclose(slope, -0.25, rtol=1e-3)
    np.testing.assert_allclose(_shrink(np.zeros(1)), [[1.0], [-0.25]])


def test_the_robust_cost_bends():
    error = np.array([[0.1, 0.0], [3.0, 4.0], [300.0, 400.0]])
    root, cost = reweighted(error, 2.0)
    squares = (error**2).sum(1)
    assert cost == pytest.approx(4.0 * np.log1p(squares / 4.0).sum())
    np.testing.assert_allclose(root[:, 0] ** 2, 1 / (1 + squares / 4.0))


@pytest.mark.parametrize("cost", [of_cauchy, geman_mcclure])
def test_the_weight_of_a_square_is_how_its_cost_grows(cost):
    square = np.geomspace(1e-3, 1e3, 40)
    step = 1e-4 * square
    weight, value = cost(square)
    np.testing.assert_allclose(weight, (cost(square + step)[1] - cost(square - step)[1]) / (2 * step), rtol=1e-5)
    np.testing.assert_allclose(value[:3], square[:3], rtol=0.01)  # small ones count as in least squares
