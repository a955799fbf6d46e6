"""Some frames of many."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from motionrecon.rig.sampling import spread_out


@given(st.integers(0, 500), st.integers(2, 80))
def test_they_are_few_and_evenly_spread_from_the_first_to_the_last(count, most):
    found = spread_out(count, most)
    assert len(found) == min(count, most)
    if count:
        assert found[0] == 0 and found[-1] == count - 1
        assert np.ptp(np.diff(found)) <= 1 if count > 1 else True
