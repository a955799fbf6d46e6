"""The log of a training as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from motionrecon.core.files import atomic
from motionrecon.errors import InputError


def draw(folder: Path) -> Path:
    """Draw ``log.jsonl`` of a training's folder into ``curves.png``: loss, gradient and validation.

    Raises:
        InputError: the folder has no log, or an empty one.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = read_log(folder / "log.jsonl")
    steps = [line for line in lines if line.get("loss") is not None]
    checks = [line for line in lines if "validation" in line]
    figure = Figure(figsize=(9, 9), layout="constrained")
    FigureCanvasAgg(figure)
    losses, gradients, scores = figure.subplots(3, 1, sharex=True)
    for stage, colour in (("backprop", "tab:blue"), ("pes", "tab:orange")):
        mine = [line for line in steps if line["stage"] == stage]
        if not mine:
            continue
        minutes = np.array([line["cpu_seconds"] for line in mine]) / 60
        loss = np.array([line["loss"] for line in mine])
        losses.plot(minutes, loss, ".", markersize=1, alpha=0.3, color=colour)
        losses.plot(minutes, _smooth(loss), color=colour, label=stage)
        gradients.semilogy(minutes, [max(line["gradient"], 1e-12) for line in mine], ".", markersize=1, color=colour)
    for name in checks[0]["validation"] if checks else []:
        scores.plot([c["cpu_seconds"] / 60 for c in checks], [c["validation"][name] for c in checks], ".-", label=name)
    losses.set_ylabel("loss of a truncation (decades)")
    gradients.set_ylabel("norm of the gradient")
    scores.set_ylabel("validation: decades gained")
    scores.set_xlabel("minutes of processor time")
    for axes in (losses, gradients, scores):
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend()
    picture = folder / "curves.png"
    with atomic(picture) as path:
        figure.savefig(path, dpi=120)
    return picture


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; :class:`InputError` if there are none."""
    if not path.exists():
        raise InputError(f"{path} does not exist: give the folder of a training")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if not lines:
        raise InputError(f"{path} is empty: the training has not made a step yet")
    return lines


def _smooth(values: np.ndarray, width: int = 101) -> np.ndarray:
    """A running mean, over fewer values at the ends."""
    kernel = np.ones(min(width, len(values)))
    return np.convolve(values, kernel, "same") / np.convolve(np.ones(len(values)), kernel, "same")
