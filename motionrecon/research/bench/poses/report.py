"""Tables and a picture of a comparison on poses, written into a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from motionrecon.body import BUILT_IN
from motionrecon.body.base import CAPSULES
from motionrecon.core.files import atomic
from motionrecon.errors import InputError
from motionrecon.research.bench.markdown import markdown_table
from motionrecon.research.bench.poses.figures import Row, rows_of
from motionrecon.research.bench.poses.measure import BUDGET, QUICK_TASKS, SPLITS, TASKS, SplitResult, measure, starts_of
from motionrecon.research.bench.poses.methods import PoseMethod, methods
from motionrecon.research.bench.poses.misses import draw_misses

#: The method that the others are compared with: it shares every line with the trained one.
CONTROL = "untrained"


def main(
    folder: Path,
    weights: dict[str, Path],
    *,
    splits: Sequence[str] = (),
    only: Sequence[str] = (),
    count: int | None = None,
    frames: int = 1,
    quick: bool = False,
    learned: bool = False,
    kind: str = CAPSULES,
    seed: int = 0,
    command: str = "motionrecon bench poses",
    say: Callable[[str], None] = lambda line: None,
) -> str:
    """Measure, and write poses.md, poses.json, poses.png and misses.png.

    Args:
        folder: for the result.
        weights: of trained networks, by the names that they get.
        splits: of `motionrecon.research.bench.poses.measure.SPLITS`; all where none is named.
        only: names of methods; all where none is named. The control always runs.
        count: tasks of a split.
        frames: of a run; 1 for single frames.
        quick: few tasks.
        learned: start from the learned bank of typical poses.
        kind: of the persons' bodies.
        seed: another one gives other tasks.
        command: that led here, for the head of the table.
        say: told what is done.

    Returns:
        What was written, as text.

    Raises:
        InputError: no split, method or body of such a name, a method that does not know runs, or no frames or tasks.
    """
    if kind not in BUILT_IN:
        raise InputError(f"body={kind} is unknown; choose one of {', '.join(BUILT_IN)}")
    known = methods(weights, kind)
    for name in only:
        if name not in known:
            raise InputError(f"no method is called {name!r} with body={kind}: choose from {', '.join(known)}")
        if known[name].frames and frames > 1:
            raise InputError(f"method {name!r} is for single frames: leave it out, or frames={frames}")
    for name in splits:
        if name not in SPLITS:
            raise InputError(f"no split is called {name!r}: choose from {', '.join(map(repr, SPLITS))}")
    if frames < 1 or (count is not None and count < 1):
        raise InputError("frames=..., tasks=...: give at least 1 of each")
    chosen = {name: known[name] for name in known if not only or name in only or name == CONTROL}
    count = (QUICK_TASKS if quick else TASKS) if count is None else count
    results = {}
    for split in splits or SPLITS:
        results[split] = measure(split, chosen, count, frames, seed, learned, kind, say)
    folder.mkdir(parents=True, exist_ok=True)
    text = _text(results, chosen, command, count, frames)
    with atomic(folder / "poses.md") as path:
        path.write_text(text, encoding="utf-8")
    with atomic(folder / "poses.json") as path:
        path.write_text(json.dumps(_numbers(results), indent=1) + "\n", encoding="utf-8")
    _draw(results, chosen, folder / "poses.png")
    draw_misses(results, folder / "misses.png")
    return text


def files_of(given: Sequence[str]) -> dict[str, Path]:
    """Files of weights by name: what is given as NAME=FILE.

    Raises:
        InputError: something is given otherwise, or a name twice.
    """
    files = {}
    for text in given:
        name, _, file = text.partition("=")
        if not name or not file:
            raise InputError(f"--weights {text}: give NAME=FILE")
        if name in files:
            raise InputError(f"--weights {text}: {name} is given already; give each file a name of its own")
        files[name] = Path(file)
    return files


def _text(results: dict[str, SplitResult], chosen: dict[str, PoseMethod], command: str, count: int, frames: int) -> str:
    unit = "frames" if frames == 1 else f"runs of {frames} frames"
    parts = [
        f"# Optimizers on poses\n\n`{command}`\n\n{count} {unit} of each split, all methods from the same starts. "
        "Evaluations (residuals and Jacobian) until the value is within 1.5, 1.25 and 1.1 of the best known, which is "
        f"the best of all methods and of Levenberg-Marquardt from {starts_of(frames)} more starts; a miss counts "
        f"{BUDGET + 1}. Errors are standard errors of tasks that are alike within a clip; pairs are with the untrained "
        f"control. MPJPE and PA: mm, after {BUDGET} evaluations, which cost so many ms of the processor per frame."
    ]
    for split, result in results.items():
        rows = rows_of(result, CONTROL)
        table = pd.DataFrame([_cells(row) for row in rows.values()], index=[chosen[name].label for name in rows])
        table.index.name = f"{split} (start {1000 * result.started.mean():.0f} mm)"
        parts.append(markdown_table(table))
    return "\n\n".join(parts) + "\n"


def _cells(row: Row) -> dict[str, str]:
    return {
        "to 1.5": row.evaluations[0].text(),
        "to 1.25": row.evaluations[1].text(),
        "to 1.1": row.evaluations[2].text(),
        "get there": f"{100 * row.share:.0f} %",
        "paired": row.paired.text(sign=True),
        "ratio": row.ratio.text(3),
        "MPJPE": f"{row.mpjpe:.0f}",
        "PA": f"{row.pa:.0f}",
        "MPJPE paired": row.mpjpe_paired.text(1, sign=True),
        "PA paired": row.pa_paired.text(1, sign=True),
        "ms per frame": f"{1000 * row.seconds:.1f}",
    }


def _numbers(results: dict[str, SplitResult]) -> dict[str, dict[str, object]]:
    return {split: {k: asdict(row) for k, row in rows_of(r, CONTROL).items()} for split, r in results.items()}


def _draw(results: dict[str, SplitResult], chosen: dict[str, PoseMethod], picture: Path) -> None:
    """Decades above the best value known, after each evaluation."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(results), 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (split, result) in zip(
        np.atleast_1d(figure.subplots(1, len(results), sharey=True)), results.items(), strict=True
    ):
        for name, found in result.by_method.items():
            above = np.log10(np.maximum(found.history / result.best[:, None], 1.0)).mean(0)
            axes.plot(np.arange(1, BUDGET + 2), above, label=chosen[name].label)
        axes.set_title(split)
        axes.set_xlabel("evaluations")
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("decades above the best value known")
    figure.axes[0].legend(fontsize=7)
    with atomic(picture) as path:
        figure.savefig(path, dpi=110, format="png")
