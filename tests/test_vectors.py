"""Directions of vectors."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from motionrecon.core.vectors import unit


@given(arrays(float, (4, 3), elements=st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)))
def test_a_direction_has_length_one_and_points_the_same_way(vectors: np.ndarray) -> None:
    length = np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose(np.linalg.norm(unit(vectors), axis=1), np.where(length > 0, 1.0, 0.0), atol=1e-12)
    np.testing.assert_allclose(unit(vectors) * length[:, None], vectors, rtol=1e-12)


def test_what_has_no_direction_is_zero_and_warns_of_nothing() -> None:
    with np.errstate(all="raise"):
        assert unit(np.zeros((2, 3))).tolist() == [[0, 0, 0], [0, 0, 0]]
