"""States as values of arrays: changes, names, and torch's tree functions where they are of tensors."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch.utils._pytree import tree_map

from motionrecon.optimus.batched import Batched
from motionrecon.optimus.rule import OptimusRule
from motionrecon.optimus.state import RuleState


def begun(P=3, n=4, **kinds):
    x = np.arange(P * n, dtype=float).reshape(P, n)
    return OptimusRule(**kinds).begin(x, (x**2).sum(-1), 2 * x, 50)


def test_a_change_leaves_the_rest_and_the_old_value():
    state = begun()
    marked = np.array([True, False, True])
    changed = state.search.where(marked, x=-state.search.x, mode=3.0, unscaled=False)
    assert np.array_equal(changed.x[1], state.search.x[1]) and np.array_equal(changed.x[2], -state.search.x[2])
    assert changed.mode.tolist() == [3.0, 0.0, 3.0] and changed.unscaled.tolist() == [False, True, False]
    assert changed.B is state.search.B and state.search.mode.tolist() == [0.0, 0.0, 0.0]
    B = state.search.where(marked, B=0.0).B
    assert not B[0].any() and np.array_equal(B[1], state.search.B[1])


def test_fields_that_are_none():
    with pytest.raises(TypeError, match="LocalSearch has no field owed"):
        begun().search.replace(owed=np.ones(3))
    with pytest.raises(AttributeError, match="owed"):
        begun().search.where(np.ones(3, dtype=bool), owed=1.0)


@pytest.mark.parametrize("kinds", [{}, {"explore": False}, {"along_axes": False}])
def test_arrays_by_name_make_the_state_again(kinds):
    state = begun(**kinds)
    named = dict(state.arrays())
    assert {"search.x", "trend.base.f", "trend.samples.count", "axes.Q"} <= set(named)
    again = RuleState.from_arrays(named)
    assert isinstance(again.trend.base, type(state.trend.base))
    assert all(value is named[name] for name, value in again.arrays())
    del named["trend.base.f"]
    with pytest.raises(KeyError, match=r"trend\.base\.f"):
        RuleState.from_arrays(named)


def test_every_array_has_a_row_for_each_problem():
    assert all(len(value) == 3 for _, value in begun().arrays())


@dataclass(frozen=True)
class Place(Batched):
    x: torch.Tensor
    f: torch.Tensor


def test_torchs_tree_functions_go_over_tensors():
    place = Place(torch.arange(6.0).reshape(3, 2), torch.ones(3))
    doubled = tree_map(lambda a: torch.cat([a, a]), {"place": place})["place"]
    assert isinstance(doubled, Place) and len(doubled.x) == 6
    assert torch.func.vmap(lambda p: p.x.sum() + p.f)(place).shape == (3,)
    changed = place.where(torch.tensor([True, False, True]), f=0.0)
    assert changed.f.tolist() == [0.0, 1.0, 0.0] and changed.x is place.x
