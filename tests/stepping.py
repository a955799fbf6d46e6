"""Drives an optimizer's rule by hand, so that a test sees every point that it proposes."""

import torch


@torch.no_grad()
def steps(rule, evaluate, x0, count, budget=None):
    """All points (count, P, n) proposed, and the last state."""
    state = rule.begin(x0, *evaluate(x0), budget or count + 1)
    points = []
    for _ in range(count):
        x, state = rule.propose(state)
        state = rule.observe(state, x, *evaluate(x))
        points.append(x)
    return torch.stack(points), state
