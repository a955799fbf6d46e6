"""Meta-training: from tasks, a rule and a seed to trained weights, with a log, curves and checkpoints.

Truncations of back-propagation first, since their gradients have little noise, then persistent evolution strategies
(PES), since theirs have no bias. Several unrolls of different length are under way at once, each in a slot, and every
outer step advances one of them by a truncation. An unroll that ends is replaced by a fresh one; the curriculum lets
dimensions and lengths grow. The outer optimizer is Adam on clipped gradients; what is shipped is a running mean of the
weights.

The folder of a training:

- ``settings.json``: what was asked for;
- ``log.jsonl``: a line for each outer step and each validation;
- ``checkpoint.safetensors``: all that is needed to go on to the bit (one more for each further process);
- ``weights.safetensors``, ``best.safetensors``: the mean weights, latest and best in validation;
- ``curves.png``: the log as a picture.

Under ``torchrun``, every process runs its own unrolls, and gradients are averaged over the processes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch import distributed as dist
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten

from motionrecon.errors import InputError
from motionrecon.optimus import weights as files_of_weights
from motionrecon.research.tasks.functions import stream
from motionrecon.research.training import folder as folder_of
from motionrecon.research.training import pes
from motionrecon.research.training.families import families
from motionrecon.research.training.loop import Loop
from motionrecon.research.training.rules import build
from motionrecon.research.training.settings import TrainingSettings
from motionrecon.research.training.tasks import Episode, Family, Unroll
from motionrecon.research.training.unroll import Loss, Particles, detached, run, score, set_weights, weights_of


@dataclass
class Slot:
    """An unroll under way.

    Attributes:
        family, seed, n, P, budget: what it was made from.
        until: evaluations after which it ends: the budget, or less for the first ones, which shall not end together.
        taken: evaluations so far.
        episode: its problems.
        state: of the rule and the episode.
        accumulated: PES's sum of perturbations (pairs, D); None in back-propagation.
    """

    family: int
    seed: int
    n: int
    P: int
    budget: int
    until: int
    taken: int
    episode: Episode
    state: Unroll
    accumulated: Tensor | None

    FACTS = ("family", "seed", "n", "P", "budget", "until", "taken")

    def facts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.FACTS}


class Training(Loop):
    """A training in a folder: new, or as far as the folder's checkpoint got.

    Args:
        settings: how to train.
        folder: where everything is written.
        tasks: families of tasks instead of those that the settings name.
        say: told a line of progress with every validation.
    """

    validations_wanted = 8
    counted = (*Loop.counted, "unrolls", "stage", "best")

    def __init__(
        self,
        settings: TrainingSettings,
        folder: Path,
        tasks: list[Family] | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        super().__init__(settings, folder, say)
        self.rank, self.world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        # Processes that end in different outer steps would wait for each other forever.
        self.logs, self.stoppable = self.rank == 0, self.world == 1
        self.device = _device()
        if self.world > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")
        torch.set_num_threads(settings.threads)
        self.families = tasks or families(settings.tasks, str(self.device))
        torch.manual_seed(settings.seed)  # the same untrained weights in every process
        self.rule: Any = build(settings.rule).to(self.device)
        if settings.start is not None:
            load_weights(self.rule, settings.start)
        self.theta = weights_of(self.rule).requires_grad_()
        self.perturbed = _marked(self.rule, settings.evolved).to(self.device)
        self.mean = self.theta.detach().clone()
        self.adam = torch.optim.Adam([self.theta], lr=settings.lr)
        self.generator = torch.Generator().manual_seed(stream("train").seed(settings.seed, self.rank))
        self.slots: list[Slot] = []
        self.unrolls, self.stage, self.best = 0, "", -math.inf
        self._begin_or_go_on()

    def close(self) -> None:
        """Leave the other processes, once all of them are done; their threads may abort one that just ends."""
        if self.world > 1 and dist.is_initialized():
            dist.barrier()
            dist.destroy_process_group()

    def save(self) -> None:
        moments = self.adam.state[self.theta]
        tensors = {"theta": self.theta, "mean": self.mean, "generator": self.generator.get_state()}
        tensors |= {f"adam.{name}": value for name, value in moments.items()}
        for i, slot in enumerate(self.slots):
            tensors |= {f"slot.{i}.{j}": value for j, value in enumerate(tree_leaves(slot.state))}
            if slot.accumulated is not None:
                tensors[f"accumulated.{i}"] = slot.accumulated
        facts = self._counts() | {"slots": [slot.facts() for slot in self.slots]}
        folder_of.save_checkpoint(self._checkpoint, self.settings, facts, tensors)
        if self.rank == 0:
            self._save_weights("weights.safetensors")

    def _done(self) -> float:
        """The share of the training that is over, the same in every process."""
        done = super()._done()
        if self.world == 1:
            return done
        share = torch.tensor(done, dtype=torch.float64, device=self.device)
        dist.broadcast(share, 0)
        return float(share)

    def _advance(self, done: float) -> dict[str, Any]:
        """One outer step; its line of the log."""
        settings = self.settings
        stage = "pes" if done >= 1 - settings.pes else "backprop"
        if stage != self.stage:  # Adam's moments belong to the other kind of gradient
            self.stage, self.slots = stage, []
            self.adam = torch.optim.Adam([self.theta], lr=settings.lr)
        while len(self.slots) < settings.slots:
            self.slots.append(self._slot(done, staggered=True))
        at = self.step % settings.slots
        if self.slots[at].taken >= self.slots[at].until:
            self.slots[at] = self._slot(done)
        slot = self.slots[at]
        count = min(settings.truncation, slot.until - slot.taken)
        gradient, loss = (self._by_pes if stage == "pes" else self._by_backprop)(slot, count)
        slot.taken += count
        usable = bool(gradient.isfinite().all()) and math.isfinite(loss)
        if not usable:  # whatever went wrong there would go wrong again
            slot.taken = slot.until
        gradient = self._averaged(torch.where(torch.tensor(usable, device=self.device), gradient, 0.0), usable)
        norm = float(gradient.norm())
        rate = self._rate(done, stage)
        if norm > 0:
            self.theta.grad = gradient * min(1.0, settings.clip / norm)
            self.adam.param_groups[0]["lr"] = rate
            self.adam.step()
            set_weights(self.rule, self.theta)
            decay = min(settings.ema, (1 + self.step) / (10 + self.step))
            self.mean.lerp_(self.theta.detach(), 1 - decay)
        self.step += 1
        return {
            "step": self.step,
            "stage": stage,
            "loss": loss if usable else None,
            "gradient": norm,
            "lr": rate,
            "task": f"{self.families[slot.family].name}: {slot.episode.name}",
            "n": slot.n,
            "P": slot.P,
            "unroll": slot.budget,
            "taken": slot.taken,
        }

    def _by_backprop(self, slot: Slot, count: int) -> tuple[Tensor, float]:
        s = self.settings
        loss = Loss(s.softness, s.every, s.end)
        losses, state = run(self.rule, slot.episode, slot.state, count, loss, s.carry)
        slot.state = detached(state)
        finite = losses.isfinite()
        mean = torch.where(finite, losses, 0.0).sum() / finite.sum()
        weights = list(self.rule.parameters())
        found = torch.autograd.grad(mean, weights, allow_unused=True)
        gradient = [torch.zeros_like(w) if g is None else g for w, g in zip(weights, found, strict=True)]
        return torch.cat([g.flatten() for g in gradient]), mean.item()

    def _by_pes(self, slot: Slot, count: int) -> tuple[Tensor, float]:
        s = self.settings
        loss = Loss(0.0, s.every, s.end)

        def truncation(theta: Tensor) -> Tensor:
            losses, slot.state = run(Particles(self.rule, theta), slot.episode, slot.state, count, loss)
            return losses.reshape(2 * s.pairs, -1).mean(1)

        assert slot.accumulated is not None
        found = pes.estimate(
            self.theta.detach(), slot.accumulated, truncation, s.sigma, self.generator, perturbed=self.perturbed
        )
        slot.accumulated = found.accumulated
        return found.gradient, found.loss.item()

    def _averaged(self, gradient: Tensor, usable: bool) -> Tensor:
        """The mean gradient of the processes with a usable one."""
        if self.world == 1:
            return gradient
        joined = torch.cat([gradient, gradient.new_tensor([float(usable)])])
        dist.all_reduce(joined)
        return joined[:-1] / joined[-1].clamp_min(1)

    def _rate(self, done: float, stage: str) -> float:
        """The learning rate: a short rise in each stage, and one long fall to a twentieth of it."""
        s = self.settings
        peak, began = (s.pes_lr, 1 - s.pes) if stage == "pes" else (s.lr, 0.0)
        rise = min(1.0, (done - began) / 0.02 + 0.01)
        return peak * rise * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))

    def _slot(self, done: float, staggered: bool = False) -> Slot:
        """A fresh unroll."""
        s = self.settings
        grown = min(1.0, done / s.growth) if s.growth else 1.0
        n = self._log_uniform(s.smallest_n, _between(max(10, s.smallest_n), s.largest_n, grown))
        budget = self._log_uniform(s.shortest, _between(max(50, s.shortest), s.longest, grown))
        family = int(torch.randint(len(self.families), (), generator=self.generator))
        until = budget
        if staggered:
            until = max(2, math.ceil(budget * float(torch.rand((), generator=self.generator))))
        seed = stream("train").seed("unroll", s.seed, self.rank, self.unrolls)
        self.unrolls += 1
        P = max(4, min(s.largest_batch, s.tokens // n) // 4 * 4)
        if self.stage == "pes":  # all the pairs together have the batch of a back-propagation, each at least 4
            P = s.pairs * max(4, P // s.pairs // 4 * 4)
        return self._made({"family": family, "seed": seed, "n": n, "P": P, "budget": budget, "until": until})

    def _made(self, facts: dict[str, int]) -> Slot:
        """The slot with these facts, at its beginning."""
        episode = self.families[facts["family"]].sample(facts["seed"], facts["n"], facts["P"])
        copies, accumulated = 1, None
        if self.stage == "pes":
            copies, accumulated = 2, torch.zeros(self.settings.pairs, len(self.theta), device=self.device)
        with torch.no_grad():
            state = episode.begin(self.rule, facts["budget"], copies)
        return Slot(**{"taken": 1, **facts}, episode=episode, state=state, accumulated=accumulated)

    def _log_uniform(self, low: float, high: float) -> int:
        drawn: float = low * (high / low) ** float(torch.rand((), generator=self.generator))
        return round(drawn)

    def _validate(self) -> dict[str, float]:
        """Scores of the mean weights on fixed tasks."""
        set_weights(self.rule, self.mean)
        found = {}
        for family in self.families:
            for name, (episode, budget) in family.validation().items():
                found[name] = round(float(score(self.rule, episode, budget).mean()), 4)
        set_weights(self.rule, self.theta)
        total = sum(found.values()) / max(1, len(found))
        if total > self.best:
            self.best = total
            if self.rank == 0:
                self._save_weights("best.safetensors")
        line = ", ".join(f"{name}: {value:.2f} decades" for name, value in found.items())
        self.say(f"{self.seconds:.0f} s, {self.step} outer steps: {line}")
        return found

    def _save_weights(self, name: str) -> None:
        set_weights(self.rule, self.mean)
        files_of_weights.save(self.rule, self.folder / name, self._about(self.world))
        set_weights(self.rule, self.theta)

    @property
    def _checkpoint(self) -> Path:
        return self.folder / ("checkpoint.safetensors" if self.rank == 0 else f"checkpoint-{self.rank}.safetensors")

    def _restore(self, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.generator.set_state(tensors["generator"])
        with torch.no_grad():
            self.theta.copy_(tensors["theta"])
        self.mean = tensors["mean"].to(self.device)
        set_weights(self.rule, self.theta)
        moments = {key.removeprefix("adam."): value for key, value in tensors.items() if key.startswith("adam.")}
        self.adam.state[self.theta] = {
            name: value if name == "step" else value.to(self.device) for name, value in moments.items()
        }
        for i, slot_facts in enumerate(facts["slots"]):
            slot = self._made(slot_facts)
            leaves, tree = tree_flatten(slot.state)
            if f"slot.{i}.{len(leaves) - 1}" not in tensors:
                raise InputError(f"{self._checkpoint} is of another version of motionrecon: train in another folder")
            slot.state = tree_unflatten([tensors[f"slot.{i}.{j}"].to(self.device) for j in range(len(leaves))], tree)
            if f"accumulated.{i}" in tensors:
                slot.accumulated = tensors[f"accumulated.{i}"].to(self.device)
            self.slots.append(slot)


def load_weights(rule: torch.nn.Module, path: str | Path) -> None:
    """Give ``rule`` the weights of a file that a training of the same rule has written.

    Raises:
        InputError: there is no such file, or it holds the weights of another kind of network.
    """
    from safetensors.torch import load_file

    try:
        rule.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        text = " ".join(str(error).split())
        raise InputError(f"{path} does not hold weights of {type(rule).__name__}: {text[:200]}") from error


def _between(low: float, high: float, share: float) -> float:
    value: float = min(low, high) * (high / min(low, high)) ** share
    return value


def _device() -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    torch.cuda.set_device(device)
    return device


def _marked(rule: torch.nn.Module, prefixes: str) -> Tensor:
    """(D,) of 0 and 1: the weights of ``rule`` whose names begin with one of ``prefixes``; all for none."""
    starts = tuple(filter(None, prefixes.split(",")))
    named = list(rule.named_parameters())
    for start in starts:
        if not any(name.startswith(start) for name, _ in named):
            known = ", ".join(sorted({name.rpartition(".")[0] for name, _ in named}))
            raise InputError(f"evolved={start!r}: no weights begin with that; there are {known}")
    parts = [torch.full((w.numel(),), float(not starts or name.startswith(starts))) for name, w in named]
    return torch.cat(parts)
