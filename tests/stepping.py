"""Drives an optimizer's rule by hand, so that a test sees every point that it proposes."""

import numpy as np
import torch

from motionrecon.optimus.rule import OptimusRule
from motionrecon.optimus.state import RuleState
from motionrecon.research.bench.functions.learned import OnTensors


@torch.no_grad()
def steps(rule, evaluate, x0, count, budget=None):
    """All points (count, P, n) proposed, and the last state. The built-in rule's state is told in tensors, too."""
    runner = OnTensors(rule) if isinstance(rule, OptimusRule) else rule
    state = runner.begin(x0, *evaluate(x0), budget or count + 1)
    points = []
    for _ in range(count):
        x, state = runner.propose(state)
        state = runner.observe(state, x, *evaluate(x))
        points.append(x)
    return torch.stack(points), in_tensors(state) if isinstance(rule, OptimusRule) else state


def in_tensors(state):
    """A state of the built-in rule with tensors, for assertions."""
    return RuleState.from_arrays({name: torch.from_numpy(np.array(array)) for name, array in state.arrays()})


def in_arrays(state):
    """The state that :func:`in_tensors` has told."""
    return RuleState.from_arrays({name: tensor.numpy() for name, tensor in state.arrays()})
