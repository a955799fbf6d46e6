"""Training of what Optimus learns for windows: back-propagation of the simulated value through the damped solve.

Optimus runs on a window of the training set, with the network so far, fully trusted. At its first steps (but for the
first of each further Jacobian, whose model the run does not keep) the value of the step that the network advises, at
the damping that won the search, is differentiated. ``df/dx`` at the point reached is one exact gradient of the
simulation; from there to the weights leads the implicit derivative of the linear solve. The loss is the sum of
log10 f(x - B s) / f(x) over the steps of a horizon, each with a bounded gradient: later steps of a run start where the
network has led it. A run costs a few Jacobians and as many gradients.

The folder of a training is that of `motionrecon.research.training.train`, but for ``best.safetensors``: the
validation windows are few, and choosing by them would choose noise.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from motionrecon.core.blas import one_thread
from motionrecon.errors import InputError
from motionrecon.optimizers import minimize
from motionrecon.optimus import weights as files_of_weights
from motionrecon.optimus.gauss_newton.advice import SIGNS
from motionrecon.optimus.gauss_newton.model import GaussNewtonModel
from motionrecon.optimus.gauss_newton.optimizer import OptimusSquares
from motionrecon.optimus.network.squares_network import SquaresNetwork, default_sizes, inputs
from motionrecon.research.tasks.windows import FittedClip, WindowTask, choose, load, sample
from motionrecon.research.training import folder as folder_of
from motionrecon.research.training.loop import Loop
from motionrecon.research.training.settings import TrainingSettings
from motionrecon.research.training.train import load_weights
from motionrecon.research.training.unroll import set_weights, weights_of

#: Jacobians, and steps of each, that a run is followed for.
JACOBIANS, STEPS = 2, 3
#: Runs that one update of the weights is averaged over.
BATCH = 4
#: A single state's share in the gradient is bounded: kinks make some of them huge.
LARGEST = 1.0
#: Windows of the set "tune" on which a training is looked at, and evaluations for each.
CHECKED_ON, CHECKED_WITH = 8, 3
#: What can be trained, by name: whether its encoders have attention.
RULES = {"optimus": True, "optimus-no-attention": False}


def step_of(network: SquaresNetwork, model: GaussNewtonModel, scale: float, mu: float) -> Tensor | None:
    """(n,) the step that the network advises at damping ``mu``, at full trust, differentiable in its weights.

    None where the damped normal matrix is not positive definite.
    """
    damping, factor, terms = (a.double() for a in network(*inputs(model, scale, mu)))
    gradient = torch.from_numpy(model.gradient)
    s = gradient * (1 + factor)
    damped = torch.from_numpy(model.normal.astype(float)) + torch.diag(mu * scale * torch.exp(damping))
    factor_of, failed = torch.linalg.cholesky_ex(damped)
    if failed:  # B is not positive: the optimizer leaves such a step out too
        return None
    solved = torch.cholesky_solve(s[:, None], factor_of)[:, 0]
    step: Tensor = -solved - (torch.from_numpy(SIGNS) * (terms @ s)) @ terms
    return step


def learn_from(network: SquaresNetwork, window: WindowTask) -> tuple[Tensor, list[tuple[float, float]]]:
    """Follow one run.

    Returns:
        The sum of the gradients (D,) of its states' losses, each bounded; and for each state, in decades, how far the
        advised step lowered the value and how far the best of all trials did (both negative where lower).
    """
    problem, optimizer = window.problem, OptimusSquares(advise=network.advice)
    state = optimizer.init(problem, window.x0)
    total = torch.zeros_like(weights_of(network))
    met: list[tuple[float, float]] = []
    since = 0
    while optimizer.terminate(problem, state) is None:
        memory = state.memory
        if memory.model is None and state.evaluations.derivatives >= JACOBIANS:
            break
        after = optimizer.step(problem, state)
        if memory.model is None:  # the step evaluated its Jacobian itself, and did not keep it
            since = 0
        elif since < STEPS and after.value < state.value:
            since += 1
            step = step_of(network, memory.model, memory.scale, after.memory.mu)
            if step is None:
                state = after
                continue
            value, gradient = problem.value_and_gradient(state.x + step.detach().numpy())
            if np.isfinite(value) and value > 0 and np.isfinite(gradient).all():
                loss = torch.from_numpy(gradient / value) @ step / math.log(10)
                weights = list(network.parameters())
                parts = torch.autograd.grad(loss, weights, allow_unused=True)
                flat = torch.cat(
                    [(torch.zeros_like(w) if p is None else p).flatten() for w, p in zip(weights, parts, strict=True)]
                )
                if bool(flat.isfinite().all()):
                    total += flat * min(1.0, LARGEST / (float(flat.norm()) + 1e-30))
                    met.append((math.log10(value / state.value), math.log10(after.value / state.value)))
        state = after
    return total, met


class WindowTraining(Loop):
    """A training on windows in a folder: new, or as far as the folder's checkpoint got.

    Args:
        settings: how to train; of a rule in `RULES`.
        folder: where everything is written.
        clips: what to train on, instead of the set "train".
        checked: windows to look at the training with, instead of some of the set "tune".
        say: told a line of progress with every validation.

    Raises:
        InputError: the rule is not in `RULES`, or the folder holds another training.
    """

    validations_wanted = 5

    def __init__(
        self,
        settings: TrainingSettings,
        folder: Path,
        clips: Sequence[FittedClip] | None = None,
        checked: Sequence[WindowTask] | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        if settings.tasks != "physics":
            raise InputError(f"tasks={settings.tasks!r}: a training on windows has tasks=physics")
        if int(os.environ.get("WORLD_SIZE", 1)) > 1:
            raise InputError("tasks=physics trains in one process: start it without torchrun")
        super().__init__(settings, folder, say)
        self.clips = load("train") if clips is None else clips
        self.checked = _to_check() if checked is None else checked
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.network = SquaresNetwork(default_sizes(attention=RULES[settings.rule]), trust=1.0)
        if settings.start is not None:
            load_weights(self.network, settings.start)
        self.theta = weights_of(self.network).requires_grad_()
        self.mean = self.theta.detach().clone()
        self.adam = torch.optim.Adam([self.theta], lr=settings.lr)
        self.rng = np.random.default_rng([settings.seed, 31])
        self._begin_or_go_on()

    def run(self) -> None:
        with one_thread():
            super().run()

    def save(self) -> None:
        tensors = {"theta": self.theta, "mean": self.mean}
        tensors |= {f"adam.{name}": value for name, value in self.adam.state[self.theta].items()}
        facts = self._counts() | {"rng": self.rng.bit_generator.state}
        folder_of.save_checkpoint(self._checkpoint, self.settings, facts, tensors)
        set_weights(self.network, self.mean)
        files_of_weights.save(self.network, self.folder / "weights.safetensors", self._about())
        set_weights(self.network, self.theta)

    def _advance(self, done: float) -> dict[str, Any]:
        """One update of the weights; its line of the log."""
        s = self.settings
        gradient, met = torch.zeros_like(self.theta), []
        for _ in range(BATCH):
            window = sample(self.clips, self.rng)
            if np.isfinite(window.problem.value(window.x0)):
                part, reached = learn_from(self.network, window)
                gradient += part / (BATCH * STEPS)
                met += reached
        norm, rate = float(gradient.norm()), s.lr * max(1 - done, 0.05)
        if norm > 0:
            self.theta.grad = gradient * min(1.0, s.clip / norm)
            self.adam.param_groups[0]["lr"] = rate
            self.adam.step()
            set_weights(self.network, self.theta)
            self.mean.lerp_(self.theta.detach(), 1 - min(s.ema, (1 + self.step) / (10 + self.step)))
        self.step += 1
        loss, search = np.mean(met, 0).tolist() if met else (None, None)
        return {"step": self.step, "stage": "backprop", "loss": loss, "search": search, "gradient": norm, "lr": rate}

    def _validate(self) -> dict[str, float]:
        """How far the mean weights come on windows of other motions."""
        set_weights(self.network, self.mean)
        decades = []
        for window in self.checked:
            optimizer = OptimusSquares(advise=self.network.advice)
            end = minimize(window.problem, window.x0, optimizer, max_evaluations=CHECKED_WITH)
            decades.append(math.log10(window.problem.value(window.x0) / end.fun))
        set_weights(self.network, self.theta)
        mean = float(np.mean(decades))
        self.say(f"{self.seconds:.0f} s, {self.step} updates: windows lowered by {mean:.3f} decades")
        return {"windows": round(mean, 4)}

    def _restore(self, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.rng.bit_generator.state = facts["rng"]
        with torch.no_grad():
            self.theta.copy_(tensors["theta"])
        self.mean = tensors["mean"]
        set_weights(self.network, self.theta)
        moments = {key.removeprefix("adam."): value for key, value in tensors.items() if key.startswith("adam.")}
        if moments:
            self.adam.state[self.theta] = moments


def _to_check() -> list[WindowTask]:
    return [clip.window(place, seconds) for clip, place, seconds in choose(load("tune"), CHECKED_ON, 0)]
