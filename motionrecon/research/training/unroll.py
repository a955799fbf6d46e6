"""Running rules on episodes: losses of truncations, many copies of a rule with different weights, and scores."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from motionrecon.research.training.tasks import CAP, Episode, RuleMemory, Runner, Unroll


@dataclass(frozen=True)
class Loss:
    """What a truncation costs, from the logarithms of gap over gap at the start after each of its evaluations.

    The loss is the mean over the evaluations of the best so far, in decades: it asks for low values early and late.

    Attributes:
        softness: decades; evaluations this much above the best still count for it. 0 is the best itself.
        every: weight of the mean over all evaluations, the best or not, which teaches steps that lead nowhere.
        end: weight of the decades gained within the truncation, which over an unroll sum up to its score.
    """

    softness: float = 0.0
    every: float = 0.0
    end: float = 0.0

    def best(self, best: Tensor, log_gap: Tensor) -> Tensor:
        """The best so far (P,) after an evaluation."""
        if self.softness == 0:
            return torch.minimum(best, log_gap)
        return -self.softness * torch.logaddexp(-best / self.softness, -log_gap / self.softness)


class _Fade(torch.autograd.Function):
    """The same values; gradients that come back through it are multiplied by a number."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *outputs: Any) -> Any:
        return ctx.factor * outputs[0], None


def _faded(value: Tensor, carry: float) -> Tensor:
    """A value of whose gradient ``carry`` passes back."""
    faded: Tensor = _Fade.apply(value, carry)  # type: ignore[no-untyped-call]
    return faded


def run(
    rule: Runner, episode: Episode, state: Unroll, steps: int, loss: Loss, carry: float = 1.0
) -> tuple[Tensor, Unroll]:
    """One truncation: its loss for each row of the state (copies * P,), and the state after it.

    Args:
        rule: what runs.
        episode: where it runs.
        state: of the episode's beginning, or of an earlier truncation.
        steps: evaluations.
        loss: what they cost.
        carry: how much of a gradient passes from each step back to the one before, 0 to 1. A step is judged by what
            came after it as if nothing had reacted to it, which is the less true the longer ago it was.
    """
    best = start = state.best_log_gap
    total = torch.zeros_like(best)
    for _ in range(steps):
        log_gap, state = episode.step(rule, state)
        if carry < 1 and log_gap.requires_grad:
            state = tree_map(lambda v: _faded(v, carry) if v.requires_grad else v, state)
        best = loss.best(best, log_gap)
        total = total + best + loss.every * log_gap
    return total / steps + loss.end * (best - start), state.replace(best_log_gap=best)


def detached(state: Unroll) -> Unroll:
    """The state without what it was computed from."""
    found: Unroll = tree_map(lambda value: value.detach(), state)
    return found


def score(rule: Runner, episode: Episode, budget: int) -> Tensor:
    """Decades gained (P,) on each problem of an episode within ``budget`` evaluations, 0 to 6."""
    with torch.no_grad():
        state = episode.begin(rule, budget)
        _, state = run(rule, episode, state, budget - 1, Loss())
    return (-state.best_log_gap).clamp(0, CAP)


class Particles:
    """Copies of one rule with different weights, as one rule for all their problems.

    Where a rule keeps its weights in ``network`` only, and does nothing with it but call it with tensors, this alone
    runs for every copy by itself (``torch.func.vmap``), and everything else is one batch. Other rules run under vmap in
    ``propose``, the only place that reads weights.

    Args:
        rule: the rule, whose own weights are not used.
        theta: the weights (N, D) of the copies, each as :func:`weights_of` lays them out.
    """

    def __init__(self, rule: Any, theta: Tensor) -> None:
        self._count = len(theta)
        self._rule, self._whole = rule, None
        if all(name.startswith("network.") for name, _ in rule.named_parameters()):
            self._rule = copy.copy(rule)
            self._rule._modules = {**rule._modules, "network": _Copies(rule.network, theta)}
        else:
            self._whole = _Copies(_Propose(rule), theta)

    def begin(self, x: Tensor, f: Tensor, g: Tensor, budget: int) -> RuleMemory:
        return self._rule.begin(x, f, g, budget)

    def propose(self, state: RuleMemory) -> tuple[Tensor, RuleMemory]:
        found: tuple[Tensor, RuleMemory] = (self._whole or self._rule.propose)(state)
        return found

    def observe(self, state: RuleMemory, x: Tensor, f: Tensor, g: Tensor) -> RuleMemory:
        return self._rule.observe(state, x, f, g)


class _Copies(nn.Module):
    """Copies of a module with different weights (N, D); inputs and outputs have N times as many rows, copy by copy."""

    def __init__(self, module: nn.Module, theta: Tensor) -> None:
        super().__init__()
        self._count, self._call = len(theta), [module]  # in a list: its weights are not this module's
        self._weights, place = {}, 0
        for name, weight in module.named_parameters():
            self._weights[name] = theta[:, place : place + weight.numel()].reshape(-1, *weight.shape).to(weight.dtype)
            place += weight.numel()

    def forward(self, *inputs: Any) -> Any:
        def one(weights: dict[str, Tensor], inputs: tuple[Any, ...]) -> Any:
            return torch.func.functional_call(self._call[0], weights, inputs)

        split = tree_map(lambda a: a.unflatten(0, (self._count, -1)), inputs)
        return tree_map(lambda a: a.flatten(0, 1), torch.func.vmap(one)(self._weights, split))


class _Propose(nn.Module):
    """``rule.propose`` as the call of a module, which ``functional_call`` asks for."""

    def __init__(self, rule: Any) -> None:
        super().__init__()
        self.rule = rule

    def forward(self, state: RuleMemory) -> tuple[Tensor, RuleMemory]:
        found: tuple[Tensor, RuleMemory] = self.rule.propose(state)
        return found


def weights_of(rule: nn.Module) -> Tensor:
    """All weights of a rule as one vector (D,)."""
    return torch.cat([weight.detach().flatten() for weight in rule.parameters()])


def set_weights(rule: nn.Module, theta: Tensor) -> None:
    """Give a rule the weights (D,)."""
    place = 0
    with torch.no_grad():
        for weight in rule.parameters():
            weight.copy_(theta[place : place + weight.numel()].reshape(weight.shape))
            place += weight.numel()
