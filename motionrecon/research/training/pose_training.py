"""Training of what Optimus learns for poses: a few steps from the start, each differentiated by itself.

From the weights to a step leads the damped solve; from a step to the value and to the landmarks' error the exact
gradient at the point reached, which the next step needs anyway. The state is detached between steps, so a step answers
for where it leads, not for what later steps make of it. The loss is the sum over the steps, later ones counting more,
of log10 of the value and of the landmarks' error.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from motionrecon.body.pose import pose
from motionrecon.core.blas import one_thread
from motionrecon.errors import InputError
from motionrecon.optimus.poses import files
from motionrecon.optimus.poses.network import initial, says
from motionrecon.optimus.poses.step import step_of
from motionrecon.poses import facts
from motionrecon.poses.damped import shortened
from motionrecon.poses.learned import LEARNED_STEPS, LONGEST, PoseOptimus, sizes_for, told
from motionrecon.poses.problem import PoseProblem
from motionrecon.poses.runs import RunProblem
from motionrecon.research.tasks.poses.articulated import ModelPoses
from motionrecon.research.tasks.poses.people import training_source, tuning_source
from motionrecon.research.tasks.poses.tasks import PoseTasks, TaskSource, problem_of
from motionrecon.research.training import folder as folder_of
from motionrecon.research.training.loop import Loop
from motionrecon.research.training.settings import TrainingSettings

#: Frames that one update of the weights is averaged over.
BATCH = 64
#: Weight of the landmarks' error, per metre, beside log10 of the value.
ERROR = 5.0
#: Share of the tasks with a detector's own 3D: of single frames, and of runs, which are for following it.
GUESS = {False: 0.3, True: 0.7}
#: Share of the updates of a training on runs that runs have; the others have single frames.
OF_RUNS = 0.75
#: Updates over which the learning rate rises.
RISE = 40
#: What can be trained, by name: what a control lacks.
RULES: dict[str, dict[str, bool]] = {
    "optimus": {},
    "optimus-no-attention": {"attention": False},
    "optimus-no-rank-one": {"rank_one": False},
    "optimus-no-keypoints": {"facts_shown": False},
    "optimus-identity": {"gauss_newton": False},
}
#: Frames on which a training is looked at.
CHECKED = 256


class PoseTraining(Loop):
    """A training on poses in a folder: new, or as far as the folder's checkpoint got.

    Args:
        settings: how to train; of a rule in `RULES`.
        folder: where everything is written.
        source: of the tasks, instead of the training poses.
        checked: what the training is looked at with, instead of the tuning poses.
        say: told a line of progress with every validation.

    Raises:
        InputError: the rule is not in `RULES`, or the folder holds another training.
    """

    validations_wanted = 10
    noted_every = 10

    def __init__(
        self,
        settings: TrainingSettings,
        folder: Path,
        source: TaskSource | None = None,
        checked: TaskSource | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        if settings.tasks != "poses":
            raise InputError(f"tasks={settings.tasks!r}: a training on poses has tasks=poses")
        if int(os.environ.get("WORLD_SIZE", 1)) > 1:
            raise InputError("tasks=poses trains in one process: start it without torchrun")
        super().__init__(settings, folder, say)
        torch.set_num_threads(settings.threads)
        if source is None and settings.model is not None:
            source = checked = ModelPoses.read(Path(settings.model))
        self.source = training_source(GUESS[settings.frames > 1], settings.body) if source is None else source
        self.rng = np.random.default_rng([settings.seed, 14])
        self.sizes = sizes_for(self.source.articulation, runs=settings.frames > 1, **RULES[settings.rule])
        weights = initial(self.sizes, self.rng)
        if settings.start is not None:
            weights = weights | self._started(settings.start)
        self.weights = {name: torch.from_numpy(value).requires_grad_() for name, value in weights.items()}
        self.mean = {name: value.detach().clone() for name, value in self.weights.items()}
        self.adam = torch.optim.AdamW(list(self.weights.values()), lr=settings.lr, weight_decay=1e-3)
        self.looked_at = checked
        self._begin_or_go_on()

    def run(self) -> None:
        with one_thread():
            super().run()

    def network(self) -> files.PoseNetwork:
        """The mean weights so far."""
        return files.PoseNetwork(self.sizes, {name: value.numpy() for name, value in self.mean.items()}, self._about())

    def save(self) -> None:
        tensors = {f"weights.{name}": value for name, value in self.weights.items()}
        tensors |= {f"mean.{name}": value for name, value in self.mean.items()}
        for name, weight in self.weights.items():
            tensors |= {f"adam.{name}/{key}": value for key, value in self.adam.state[weight].items()}
        counts = self._counts() | {"rng": self.rng.bit_generator.state}
        folder_of.save_checkpoint(self._checkpoint, self.settings, counts, tensors)
        files.save(self.network(), self.folder / "weights.safetensors")

    def _advance(self, done: float) -> dict[str, Any]:
        """One update of the weights; its line of the log."""
        s = self.settings
        length = s.frames if s.frames == 1 or self.rng.random() < OF_RUNS else 1
        tasks = self.source.draw(max(1, BATCH // length), self.rng, length)
        self.adam.zero_grad()
        losses = self._learn(tasks)
        norm = float(torch.nn.utils.clip_grad_norm_(list(self.weights.values()), s.clip))
        rate = s.lr * min(1.0, (self.step + 1) / RISE) * (0.5 + 0.5 * math.cos(math.pi * min(1.0, done)) + 0.02)
        if math.isfinite(norm):
            self.adam.param_groups[0]["lr"] = rate
            self.adam.step()
        with torch.no_grad():
            for name, weight in self.weights.items():
                self.mean[name].lerp_(weight, 1 - min(s.ema, (1 + self.step) / (10 + self.step)))
        self.step += 1
        loss = round(losses[-1][0], 4)
        line = {"step": self.step, "stage": "backprop", "loss": loss, "values": [round(v, 3) for v, _ in losses]}
        return line | {"errors": [round(e, 4) for _, e in losses], "gradient": norm, "lr": rate}

    def _learn(self, tasks: PoseTasks) -> list[tuple[float, float]]:
        """Add the gradients of all steps; log10 of the value and the landmarks' error after each."""
        problem, x = problem_of(tasks)
        frames = tasks.problem
        articulation, R = frames.articulation, len(problem)
        reach = torch.from_numpy(np.tile(facts.reach_of(articulation), tasks.length)).float()
        now, before = problem.normal(x), np.zeros((R, len(problem.turns)))
        reached = []
        for k in range(LEARNED_STEPS):
            given = told(problem, x, now, before, k)
            said = says(self.weights, self.sizes, torch.from_numpy(given.tokens), torch.from_numpy(given.facts), torch)
            gradient, matrix, scale = (torch.from_numpy(a).float() for a in (now.gradient, now.matrix, given.scale))
            if not self.sizes.gauss_newton:
                matrix = torch.zeros_like(matrix)
            step = step_of(said, gradient, matrix, scale, reach, torch)
            taken = step.detach().double().numpy()
            taken = np.where(np.isfinite(taken).all(1, keepdims=True), taken, 0.0)
            short = shortened(taken, problem.turns, LONGEST)
            there = problem.moved(x, short)
            new = problem.normal(there)
            posed = pose(articulation.model, there.reshape(len(frames), -1))
            error, pull = tasks.errors(posed.at(articulation.points))
            by_pose = np.einsum("npi,npij->nj", pull, posed.jacobian(articulation.points))
            usable = np.isfinite(new.value) & (short == taken).all(1)
            slope = new.gradient * (2 / math.log(10) / np.maximum(new.value, 1e-3))[:, None]
            slope = slope + ERROR / tasks.length * by_pose.reshape(R, -1)
            by_step = articulation.by_step(short.reshape(len(frames), -1), slope.reshape(len(frames), -1)).reshape(
                R, -1
            )
            by_step = np.where(usable[:, None] & np.isfinite(by_step), by_step, 0.0)
            weight = (k + 1) / LEARNED_STEPS / R
            (torch.from_numpy(by_step).float() * torch.nan_to_num(step)).sum().mul(weight).backward()  # type: ignore[no-untyped-call]
            reached.append((float(np.log10(np.maximum(new.value, 1e-3)).mean()), float(error.mean())))
            fine = np.isfinite(new.value)
            x = np.where(fine.reshape(-1, *[1] * (x.ndim - 1)), there, x)
            now, before = new.where(fine, now), short
        return reached

    def _validate(self) -> dict[str, float]:
        """Decades that the mean weights gain on tuning poses in their own steps."""
        problem, start = self._checked
        optimus = PoseOptimus(self.network())
        found = optimus.descend(problem, start, LEARNED_STEPS)
        before, after = (np.maximum(value, 1e-3) for value in (found.history[:, 0], found.value))
        gained = float(np.log10(before / after).mean())
        self.say(f"{self.seconds:.0f} s, {self.step} updates: poses lowered by {gained:.3f} decades")
        return {"poses": round(gained, 4)}

    @cached_property
    def _checked(self) -> tuple[PoseProblem | RunProblem, Float[np.ndarray, "R ..."]]:
        """What the training is looked at with: the same every time."""
        source, frames = self.looked_at or tuning_source(self.settings.body), self.settings.frames
        return problem_of(source.draw(max(1, CHECKED // frames), np.random.default_rng(7), frames))

    def _started(self, start: str) -> dict[str, np.ndarray]:
        """Weights of a name or a file, of those that this network has too; `say` is told which it has not."""
        found = files.read(files.SHIPPED.find(start))
        fits = initial(self.sizes, np.random.default_rng(0))
        same = {k: np.asarray(v).copy() for k, v in found.weights.items() if k in fits and fits[k].shape == v.shape}
        if new := sorted(fits.keys() - same.keys()):
            self.say(f"{start} has no weights for {', '.join(new)}: these begin untrained")
        return same

    def _restore(self, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.rng.bit_generator.state = facts["rng"]
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(tensors[f"weights.{name}"])
                self.mean[name] = tensors[f"mean.{name}"]
                moments = {
                    key.partition("/")[2]: value for key, value in tensors.items() if key.startswith(f"adam.{name}/")
                }
                if moments:
                    self.adam.state[weight] = moments
