"""Directions of vectors."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from motionrecon.core.vectors import across, around, unit


@given(arrays(float, (4, 3), elements=st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)))
def test_a_direction_has_length_one_and_points_the_same_way(vectors: np.ndarray) -> None:
    length = np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose(np.linalg.norm(unit(vectors), axis=1), np.where(length > 0, 1.0, 0.0), atol=1e-12)
    np.testing.assert_allclose(unit(vectors) * length[:, None], vectors, rtol=1e-12)


def test_what_has_no_direction_is_zero_and_warns_of_nothing() -> None:
    with np.errstate(all="raise"):
        assert unit(np.zeros((2, 3))).tolist() == [[0, 0, 0], [0, 0, 0]]


@given(arrays(float, 3, elements=st.floats(-1, 1)).filter(lambda x: np.linalg.norm(x) > 0.1))
def test_a_grid_about_a_direction_reaches_as_far_as_it_should_and_leaves_no_hole(direction: np.ndarray) -> None:
    middle = unit(direction)
    np.testing.assert_allclose(
        across(middle) @ np.vstack([middle, across(middle)]).T, [[0, 1, 0], [0, 0, 1]], atol=1e-9
    )
    grid = around(middle, 0.5, 0.05)
    assert np.isclose(np.linalg.norm(grid, axis=1), 1.0).all()
    assert 0.45 < np.arccos(np.clip(grid @ middle, -1, 1)).max() < 0.52
    for away in np.random.default_rng(0).uniform(-0.3, 0.3, (20, 2)):
        assert np.arccos(np.clip(grid @ unit(middle + away @ across(middle)), -1, 1)).min() < 0.05
