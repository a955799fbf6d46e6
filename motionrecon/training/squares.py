"""Train what Optimus learns for windows: back-propagation of the simulated value through the damped solve.

The network is met where it will be used: Optimus runs on a window of the training set, with the network so far, and at
each of its first steps the value of the step that the network advises, at the damping that won the search, is
differentiated. ``df/dx`` at the point reached is one exact gradient of the simulation; from there to the weights leads
the implicit derivative of the linear solve. The loss is the mean of log f(x - B s) / f(x), over the steps of a horizon:
later steps of a run start where the network has led it. A run costs a few Jacobians and as many gradients.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from motionrecon.blas import one_thread
from motionrecon.optimus import weights
from motionrecon.optimus.learned import SquaresNetwork, inputs, shape
from motionrecon.optimus.squares import SIGNS, Model, OptimusSquares
from motionrecon.tasks.windows import Clip, Window, load, sample

#: Jacobians, and steps of each, that a run is followed for.
JACOBIANS, STEPS = 2, 3
#: Runs that one update of the weights is averaged over.
BATCH = 4
#: A single state's share in the gradient is bounded: kinks make some of them huge.
LARGEST = 1.0


def step_of(network: SquaresNetwork, model: Model, scale: float, mu: float) -> Tensor:
    """(n,) the step that the network advises at damping ``mu``, as a differentiable function of its weights."""
    damping, factor, terms = (a.double() for a in network(*inputs(model, scale, mu)))
    gradient = torch.from_numpy(model.gradient)
    s = gradient * (1 + factor)
    damped = torch.from_numpy(model.normal.astype(float)) + torch.diag(mu * scale * torch.exp(damping))
    solved = torch.cholesky_solve(s[:, None], torch.linalg.cholesky(damped))[:, 0]
    return -solved - (torch.from_numpy(SIGNS) * (terms @ s)) @ terms


def learn_from(network: SquaresNetwork, window: Window) -> list[tuple[float, float]]:
    """Accumulate the gradients of one run's losses.

    Returns:
        For each state: the loss, and what the best of all trials there reached, log f / f(x).
    """
    problem, optimizer = window.problem, OptimusSquares()
    optimizer.__dict__["network"] = network
    state = optimizer.init(problem, window.x0)
    met: list[tuple[float, float]] = []
    since = 0
    while optimizer.terminate(problem, state) is None and state.evaluations.derivatives <= JACOBIANS:
        memory = state.memory
        after = optimizer.step(problem, state)
        if memory.model is None:  # the step evaluated its Jacobian itself, and did not keep it
            if state.evaluations.derivatives >= JACOBIANS:
                break
            since = 0
        elif since < STEPS and after.value < state.value:
            since += 1
            step = step_of(network, memory.model, memory.scale, after.memory.mu)
            value, gradient = problem.value_and_gradient(state.x + step.detach().numpy())
            if np.isfinite(value) and value > 0 and np.isfinite(gradient).all():
                loss = torch.from_numpy(gradient / value) @ step
                parts = torch.autograd.grad(loss / (BATCH * STEPS), list(network.parameters()), allow_unused=True)
                size = torch.sqrt(sum(((p**2).sum() for p in parts if p is not None), torch.zeros(())))
                shrink = min(1.0, LARGEST / (float(size) * BATCH * STEPS + 1e-30))
                for weight, part in zip(network.parameters(), parts, strict=True):
                    if part is not None and bool(torch.isfinite(part).all()):
                        weight.grad = shrink * part if weight.grad is None else weight.grad + shrink * part
                met.append((float(np.log(value / state.value)), float(np.log(after.value / state.value))))
        state = after
    return met


def train(
    clips: Sequence[Clip], folder: Path, minutes: float, seed: int, rate: float = 3e-3, attention: bool = True
) -> None:
    """Train for some minutes; ``folder`` gets ``weights.safetensors`` and a line of ``log.jsonl`` for each update."""
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 31])
    network = SquaresNetwork(shape(attention=attention))
    adam = torch.optim.Adam(network.parameters(), rate)
    folder.mkdir(parents=True, exist_ok=True)
    began, processor, update, windows = time.monotonic(), time.process_time(), 0, 0
    with (folder / "log.jsonl").open("w") as log:
        while time.monotonic() - began < 60 * minutes:
            met: list[tuple[float, float]] = []
            for _ in range(BATCH):
                window = sample(clips, rng)
                if np.isfinite(window.problem.value(window.x0)):
                    met += learn_from(network, window)
                    windows += 1
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            left = 1 - (time.monotonic() - began) / (60 * minutes)
            adam.param_groups[0]["lr"] = rate * max(left, 0.05)
            adam.step()
            adam.zero_grad()
            update += 1
            spent = time.process_time() - processor
            if met:
                loss, reached = np.mean(met, 0)
                row = {"update": update, "windows": windows, "loss": loss, "search": reached, "core_seconds": spent}
                log.write(json.dumps(row) + "\n")
                log.flush()
            if update % 5 == 0 or left <= 0:
                facts = {"seed": str(seed), "minutes": f"{minutes:g}", "rate": f"{rate:g}", "updates": str(update)}
                weights.save(network, folder / "weights.safetensors", facts | {"core_seconds": f"{spent:.0f}"})


def main() -> None:
    """``python -m motionrecon.training.squares FOLDER --minutes 30``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the weights and the log go")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clips", nargs="+", default=["train"], help="a set, or files of clips")
    parser.add_argument("--no-attention", action="store_true", help="the control without attention")
    args = parser.parse_args()
    torch.set_num_threads(1)
    clips = [clip for source in args.clips for clip in load(source)]
    with one_thread():
        train(clips, args.folder, args.minutes, args.seed, attention=not args.no_attention)


if __name__ == "__main__":
    main()
