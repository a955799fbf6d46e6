"""Windows of motion as a family of tasks, for rules that see values and gradients only.

A window is a sum of squares to Gauss-Newton, and what Optimus learns for that is trained by
:mod:`motionrecon.research.training.window_training`. A rule such as ``optimus-paper`` takes it as a function like any
other, and is trained on it as on those. The lowest value of a window is not known: gaps are counted from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from motionrecon.core.blas import one_thread
from motionrecon.research.tasks.windows import (
    LONGEST,
    SHORTEST,
    FittedClip,
    WindowTask,
    choose,
    load,
    sample,
)
from motionrecon.research.training.tasks import Runner, Unroll, log_gap

#: Windows of one episode have equally many unknowns; so many are drawn at most for each that fits.
TRIES = 50
#: Windows of the set "tune" on which a training is looked at, and evaluations for each: those of the main job.
CHECKED_ON, CHECKED_WITH = 8, 40


@dataclass(frozen=True)
class WindowEpisode:
    """Windows with equally many unknowns."""

    tasks: Sequence[WindowTask]

    @property
    def name(self) -> str:
        return "+".join(task.name for task in self.tasks)

    @property
    def n(self) -> int:
        return self.tasks[0].problem.n

    @property
    def P(self) -> int:
        return len(self.tasks)

    @cached_property
    def start(self) -> Tensor:
        """Where the problems start (P, n)."""
        return torch.from_numpy(np.stack([task.x0 for task in self.tasks]))

    def value_and_gradient(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Values and gradients at x (copies * P, n), one rollout after the other."""
        with one_thread():
            found = [self.tasks[k % self.P].problem.value_and_gradient(row) for k, row in enumerate(x.numpy())]
        f = torch.tensor([value for value, _ in found], dtype=torch.float64)
        return f, torch.from_numpy(np.stack([gradient for _, gradient in found]))

    def begin(self, rule: Runner, budget: int, copies: int = 1) -> Unroll:
        with torch.no_grad():
            x = self.start.repeat(copies, 1)
            f, g = self.value_and_gradient(x)
            return Unroll(rule.begin(x, f, g, budget), x, f.clamp_min(1e-300), torch.zeros_like(f))

    def step(self, rule: Runner, state: Unroll) -> tuple[Tensor, Unroll]:
        x, memory = rule.propose(state.rule)
        at = x.detach()
        f, g = self.value_and_gradient(at)
        logarithm = log_gap(x, state.x, f, g, torch.zeros_like(f), state.start_gap)
        return logarithm, state.replace(rule=rule.observe(memory, at, f, g), x=at)


@dataclass(frozen=True)
class Windows:
    """The family of the windows of the set "train"; those looked at are of the set "tune".

    Attributes:
        clips: instead of the set "train".
        checked: windows instead of some of the set "tune".
    """

    clips: Sequence[FittedClip] | None = None
    checked: Sequence[WindowTask] | None = None
    name: str = "windows"

    def sample(self, seed: int, n: int, P: int) -> WindowEpisode:
        """Windows about as long as each other; their number of unknowns is not ``n``, but what their length gives."""
        rng = np.random.default_rng(seed)
        clips, seconds = self._clips, float(rng.uniform(SHORTEST, LONGEST))
        found: list[WindowTask] = []
        for _ in range(TRIES * P):
            task = sample(clips, rng, seconds, seconds)
            if np.isfinite(task.problem.value(task.x0)) and (not found or task.problem.n == found[0].problem.n):
                found.append(task)
            if len(found) == P:
                break
        return WindowEpisode(tuple(found))

    def validation(self) -> dict[str, tuple[WindowEpisode, int]]:
        return {f"window {k + 1}": (WindowEpisode((task,)), CHECKED_WITH) for k, task in enumerate(self._to_check)}

    @cached_property
    def _clips(self) -> Sequence[FittedClip]:
        return load("train") if self.clips is None else self.clips

    @cached_property
    def _to_check(self) -> Sequence[WindowTask]:
        if self.checked is not None:
            return self.checked
        return [clip.window(place, seconds) for clip, place, seconds in choose(load("tune"), CHECKED_ON, 0)]
