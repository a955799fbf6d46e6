"""Where meta-training gets its problems: families of tasks, and the episodes sampled from them.

A family is a kind of task (test functions, windows of motion); an episode is a batch of P of its problems that a rule
runs on from their starts. An episode is made from a seed and so can be made again when a training resumes. To train on
another kind of task, write a :class:`Family` and add it to :mod:`motionrecon.research.training.families`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor

from motionrecon.optimus.batched import Batched
from motionrecon.research.tasks import functions
from motionrecon.research.tasks.functions import FunctionBatch
from motionrecon.research.tasks.ripples import random_bowl

#: What a rule remembers: a tree of tensors (dictionaries, `Batched`), all with a row for each problem.
RuleMemory = Any

#: Decades by which a gap may shrink at most in a score and in a loss, and grow at most in a loss.
CAP, RISE = 6.0, 3.0
#: Random bowls beside the 13 test functions that may be trained on.
BOWLS = 5
#: Gradients with respect to a point that promise more decades than this over its last step are cut to that.
TRUST = 3.0


@dataclass(frozen=True)
class Unroll(Batched):
    """Where a rule stands on an episode; copies * P rows, copy by copy.

    Attributes:
        rule: what the rule remembers.
        x: the point evaluated last.
        start_gap: value of the start over the minimum.
        best_log_gap: logarithm of the lowest gap so far over that.
    """

    rule: RuleMemory
    x: Tensor
    start_gap: Tensor
    best_log_gap: Tensor


class Runner(Protocol):
    """A rule, or many copies of one with different weights: what an episode is run with."""

    def begin(self, x: Tensor, f: Tensor, g: Tensor, budget: int) -> RuleMemory:
        """The state after the start."""

    def propose(self, state: RuleMemory) -> tuple[Tensor, RuleMemory]:
        """The next points."""

    def observe(self, state: RuleMemory, x: Tensor, f: Tensor, g: Tensor) -> RuleMemory:
        """The state after an evaluation."""


class Episode(Protocol):
    """A batch of problems, run from their starts.

    Attributes:
        name: of the tasks in it, for the log.
        n: unknowns of each.
        P: problems.
    """

    @property
    def name(self) -> str: ...
    @property
    def n(self) -> int: ...
    @property
    def P(self) -> int: ...

    def begin(self, rule: Runner, budget: int, copies: int = 1) -> Unroll:
        """The state after the evaluation of the starts; its tensors begin with copies * P rows, copy by copy.

        Args:
            rule: what runs on it.
            budget: evaluations in all.
            copies: how often every problem is run.
        """

    def step(self, rule: Runner, state: Unroll) -> tuple[Tensor, Unroll]:
        """One more evaluation: the logarithms (copies * P,) of gap over gap at the start, and the state.

        They may be differentiated with respect to what ``rule.propose`` computed.
        """


class Family(Protocol):
    """A kind of task.

    Attributes:
        name: for the log.
    """

    @property
    def name(self) -> str: ...

    def sample(self, seed: int, n: int, P: int) -> Episode:
        """An episode of ``P`` problems of ``n`` unknowns, the same for the same seed.

        ``P`` is a multiple of 4, or P = 1; a family whose tasks have other dimensions gives the nearest.
        """

    def validation(self) -> Mapping[str, tuple[Episode, int]]:
        """Fixed episodes and their budgets, never trained on, by the name that their score has in the log."""


class _LogGap(torch.autograd.Function):
    """log10 of (f - minimum) / gap at the start, between ``-CAP`` and ``RISE``; differentiable with respect to x only.

    The gradient of f is a constant here. Where a linear model would promise more than ``TRUST`` decades over the last
    step, its slope is cut: a logarithm is steep near a minimum, and such slopes would drown all others.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, before: Tensor, f: Tensor, g: Tensor, minimum: Tensor, start_gap: Tensor
    ) -> Tensor:
        gap = f - minimum
        ratio = torch.where(gap.isfinite(), gap / start_gap, torch.inf)
        logarithm = ratio.clamp(10**-CAP, 10**RISE).log10()
        slope = g / (gap.clamp_min(1e-300) * 2.302585)[:, None]
        promised = slope.norm(dim=-1) * (x - before).norm(dim=-1)
        slope = slope * (TRUST / promised.clamp_min(1e-300)).clamp_max(1.0)[:, None]
        inside = (ratio > 10**-CAP) & (ratio < 10**RISE) & slope.isfinite().all(-1)
        ctx.save_for_backward(torch.where(inside[:, None], slope, 0.0))
        return logarithm

    @staticmethod
    def backward(ctx: Any, *outputs: Any) -> Any:
        (slope,) = ctx.saved_tensors
        return outputs[0][:, None] * slope, None, None, None, None, None


def log_gap(x: Tensor, before: Tensor, f: Tensor, g: Tensor, minimum: Tensor, start_gap: Tensor) -> Tensor:
    """Logarithms (P,) of the gap at ``x`` (P, n) over that at the start, for losses; only ``x`` has a gradient.

    Args:
        x: the points.
        before: where the steps to them began (P, n).
        f, g: values (P,) and gradients (P, n) at ``x``.
        minimum, start_gap: lowest values (P,), and the gaps at the start (P,).
    """
    found: Tensor = _LogGap.apply(x, before, f, g, minimum, start_gap)  # type: ignore[no-untyped-call]
    return found


@dataclass(frozen=True)
class FunctionEpisode:
    """Test functions of one dimension, the same number of instances of each, function by function in turn.

    Attributes:
        batches: one for each function.
        seed: of the starts.
    """

    batches: Sequence[FunctionBatch]
    seed: int

    @property
    def name(self) -> str:
        return "+".join(batch.function.name for batch in self.batches)

    @property
    def n(self) -> int:
        return self.batches[0].n

    @property
    def P(self) -> int:
        return sum(batch.P for batch in self.batches)

    @cached_property
    def start(self) -> Tensor:
        """Where the problems start (P, n)."""
        generator = torch.Generator().manual_seed(self.seed)
        return torch.stack([batch.start(generator) for batch in self.batches], 1).flatten(0, 1)

    @cached_property
    def minimum(self) -> Tensor:
        """Their lowest values (P,)."""
        return torch.stack([batch.minimum for batch in self.batches], 1).flatten()

    def value_and_gradient(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Values and gradients at x (copies * P, n)."""
        split = x.reshape(-1, self.P // len(self.batches), len(self.batches), self.n).unbind(2)
        found = [batch.value_and_gradient(part) for batch, part in zip(self.batches, split, strict=True)]
        return torch.stack([f for f, _ in found], 2).flatten(), torch.stack([g for _, g in found], 2).flatten(0, 2)

    def begin(self, rule: Runner, budget: int, copies: int = 1) -> Unroll:
        with torch.no_grad():
            x = self.start.repeat(copies, 1)
            f, g = self.value_and_gradient(x)
            gap = (f - self.minimum.repeat(copies)).clamp_min(1e-300)
            return Unroll(rule.begin(x, f, g, budget), x, gap, torch.zeros_like(gap))

    def step(self, rule: Runner, state: Unroll) -> tuple[Tensor, Unroll]:
        x, memory = rule.propose(state.rule)
        with torch.no_grad():
            f, g = self.value_and_gradient(x)
            minimum = self.minimum.repeat(len(f) // self.P)
        logarithm = log_gap(x, state.x, f, g, minimum, state.start_gap)
        return logarithm, state.replace(rule=rule.observe(memory, x, f, g), x=x.detach())


@dataclass(frozen=True)
class Functions:
    """The family of the test functions that may be trained on, and of random bowls with ripples.

    Attributes:
        names: the test functions.
        bowls: how many random bowls there are to choose from besides.
        mixed: how many functions are in one episode.
        device: where they are evaluated.
    """

    names: tuple[str, ...] = functions.TRAINED
    bowls: int = 0
    mixed: int = 4
    device: str = "cpu"
    name: str = "functions"

    def sample(self, seed: int, n: int, P: int) -> FunctionEpisode:
        generator = torch.Generator().manual_seed(seed)
        choice = len(self.names) + self.bowls
        count = min(self.mixed, choice)
        drawn = torch.randperm(choice, generator=generator)[:count].tolist()
        chosen = [self.names[i] if i < len(self.names) else random_bowl(generator) for i in drawn]
        each = max(1, P // count)
        return FunctionEpisode([functions.sample(f, n, each, generator, device=self.device) for f in chosen], seed)

    def validation(self) -> dict[str, tuple[FunctionEpisode, int]]:
        # Tables are made from the stream "test"; peers are tuned on other seeds of "tune".
        tune = functions.stream("tune")
        found = {}
        for n in (10, 50):
            batches = [
                functions.sample(name, n, 4, tune.seed("validation", name, n), device=self.device)
                for name in self.names
            ]
            found[f"functions n={n}"] = (FunctionEpisode(batches, tune.seed("validation start", n)), 100)
        return found
