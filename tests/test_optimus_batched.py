"""States of the rule as values of tensors: changes, names, and torch's tree functions."""

import pytest
import torch
from torch.utils._pytree import tree_map

from motionrecon.optimus.network.rule import OptimusRule
from motionrecon.optimus.state import History, RuleState


def begun(P=3, n=4, **kinds):
    x = torch.arange(P * n, dtype=torch.float64).reshape(P, n)
    return OptimusRule(**kinds).begin(x, x.square().sum(-1), 2 * x, 50)


def test_a_change_leaves_the_rest_and_the_old_value():
    state = begun()
    marked = torch.tensor([True, False, True])
    changed = state.search.where(marked, x=-state.search.x, mode=3.0, unscaled=False)
    assert torch.equal(changed.x[1], state.search.x[1]) and torch.equal(changed.x[2], -state.search.x[2])
    assert changed.mode.tolist() == [3.0, 0.0, 3.0] and changed.unscaled.tolist() == [False, True, False]
    assert changed.B is state.search.B and state.search.mode.tolist() == [0.0, 0.0, 0.0]
    B = state.search.where(marked, B=0.0).B
    assert not B[0].any() and torch.equal(B[1], state.search.B[1])


def test_fields_that_are_none():
    with pytest.raises(TypeError, match="LocalSearch has no field owed"):
        begun().search.replace(owed=torch.ones(3))
    with pytest.raises(AttributeError, match="owed"):
        begun().search.where(torch.ones(3, dtype=torch.bool), owed=1.0)


@pytest.mark.parametrize("kinds", [{}, {"explore": False}, {"along_axes": False}])
def test_tensors_by_name_make_the_state_again(kinds):
    state = begun(**kinds)
    named = dict(state.tensors())
    assert {"search.x", "history.momentum", "trend.base.f", "trend.samples.count", "axes.Q", "dials"} <= set(named)
    again = RuleState.from_tensors(named)
    assert isinstance(again.trend.base, type(state.trend.base)) and isinstance(again.history, History)
    assert all(value is named[name] for name, value in again.tensors())
    del named["trend.base.f"]
    with pytest.raises(KeyError, match=r"trend\.base\.f"):
        RuleState.from_tensors(named)


def test_every_tensor_has_a_row_for_each_problem():
    assert all(len(value) == 3 for _, value in begun().tensors())


def test_torchs_tree_functions_go_over_it():
    state = begun()
    doubled = tree_map(lambda a: torch.cat([a, a]), {"rule": state})["rule"]
    assert isinstance(doubled, RuleState) and len(doubled.search.x) == 6

    def first(search):
        return search.x.sum() + search.f

    assert torch.func.vmap(first)(state.search).shape == (3,)
