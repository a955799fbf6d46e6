"""Lines and vanishing points: signs, what lies on a line, and derivatives against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from test_manhattan import room, seen
from test_verticals import camera_up

from motionrecon.cameras import manhattan
from motionrecon.cameras.default import LENS_ERROR
from motionrecon.cameras.vanishing import angles, beyond, linearized, middles_and_halves
from motionrecon.core import so3
from motionrecon.core.vectors import unit


def some(seed: int, count: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Middles and halves of lines anywhere in a picture."""
    random = np.random.default_rng(seed)
    middle = random.uniform(-0.6, 0.6, (count, 2))
    half = 0.08 * random.standard_normal((count, 2))
    return middles_and_halves(np.stack([middle - half, middle + half], axis=1))


def test_a_line_is_told_from_the_way_to_a_vanishing_point_whichever_end_is_first() -> None:
    middle, half = middles_and_halves(np.array([[[-0.1, 0.0], [0.1, 0.0]], [[0.1, 0.0], [-0.1, 0.0]]]))
    to = np.array([[1.0, 0.1, 1.0], [-1.0, -0.1, -1.0], [0.0, 1.0, 0.0], [5.0, 0.0, 1.0]])
    found = angles(middle, half, to)
    np.testing.assert_allclose(found[0], [np.arctan(0.1), np.arctan(0.1), np.pi / 2, 0.0], atol=1e-12)
    np.testing.assert_allclose(np.cos(2 * found[1]), np.cos(2 * found[0]), atol=1e-12)
    np.testing.assert_allclose(found[1, [0, 1, 3]], found[0, [0, 1, 3]], atol=1e-12)


def test_a_vanishing_point_is_beyond_a_line_from_its_ends_on() -> None:
    middle, half = middles_and_halves(np.array([[[0.2, 0.1], [0.4, 0.1]]]))
    to = np.array([[0.35, 0.1, 1.0], [-0.35, -0.1, -1.0], [0.45, 0.1, 1.0], [0.15, 0.1, 1.0], [1.0, 0.0, 0.0]])
    assert beyond(middle, half, to)[0].tolist() == [False, False, True, True, True]


@pytest.mark.parametrize("to", [[0.3, -0.9, 0.2], [-0.5, 0.1, -0.8], [2.0, 1.0, 0.0]])
def test_derivatives_of_angles_match_finite_differences(to: list[float]) -> None:
    (middle, half), at, h = some(0), np.array(to), 1e-6
    angle, by_to = linearized(middle, half, at)
    np.testing.assert_array_equal(angle, angles(middle, half, at[None])[:, 0])
    steps = h * np.eye(3)
    numeric = (angles(middle, half, at + steps) - angles(middle, half, at - steps)) / (2 * h)
    np.testing.assert_allclose(by_to, numeric, rtol=1e-5, atol=1e-7)
    assert np.abs(by_to).max(axis=0).min() > 0.1
    np.testing.assert_allclose(by_to @ at, 0.0, atol=1e-9)  # its length does not matter


@pytest.mark.parametrize("lens_error", [LENS_ERROR, 0.05])
def test_the_gradient_by_axes_and_lens_matches_finite_differences(
    lens_error: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the lines' likelihood and what was expected; an error that all lines have in common only damps the steps."""
    monkeypatch.setattr(manhattan, "_COMMON", 0.0)
    random, up = np.random.default_rng(1), camera_up(-0.4, 0.1)
    rays = seen(random, room(up, 0.6), (20, 15, 8), 15, lens=0.1)
    middle, half = middles_and_halves(rays)
    expected = unit(up + 0.03 * random.standard_normal(3))
    lines = manhattan._Lines(middle, half, np.full(len(rays), 0.02), expected, 0.3, lens_error)
    axes, lens, h = room(up, 0.6) @ so3.matrix(np.array([0.004, -0.006, 0.005])).T, 0.08, 1e-6

    def likely(step: np.ndarray) -> float:
        return lines.likely(axes @ so3.matrix(step[:3]).T, lens + float(step[3]))

    numeric = np.array([likely(step) - likely(-step) for step in h * np.eye(4)]) / (2 * h)
    normal, gradient = manhattan._normal(lines, axes, lens)
    np.testing.assert_allclose(gradient, -numeric, rtol=1e-4, atol=1e-4 * np.abs(numeric).max())
    assert np.abs(gradient).min() > 1.0
    np.testing.assert_allclose(normal, normal.T)
    assert np.linalg.eigvalsh(normal)[0] > 0


def test_the_table_of_votes_has_each_direction_where_it_is_looked_up() -> None:
    (middle, half), cell = some(2), manhattan._CELL
    lines = manhattan._Lines(middle, half, np.full(len(half), 0.03), np.array([0.0, -1.0, 0.0]), 0.3, LENS_ERROR)
    grid = np.array([[1.0, 0.3, -0.52], [0.3, 1.0, -0.52], [-0.52, 0.3, 1.0], [0.1, -1.0, 0.04], [-0.7, 0.0, -1.0]])
    wanted = np.log1p(manhattan._OF_AXIS / manhattan._OF_NONE * lines.odds(grid, 0.5 * cell)).sum(0) / manhattan._ALIKE
    for length in (1.0, -1.0, 2.5):
        np.testing.assert_allclose(manhattan._looked_up(manhattan._votes(lines), length * grid), wanted, rtol=1e-6)
    assert [len(few.sigma) for few in lines.parts(8)] == [8, 8, 8, 6]
    assert np.ptp(wanted) > 0.1
