"""Optimizers on window problems of motions that none of them was trained or tuned on: who needs how many evaluations?

Each method minimizes the same windows from the main job's own starts. After every step it is noted how many gradients
or Jacobians (alike: a window's cost the same) and bare rollouts were used, and how low the value got. The best values
known of the windows were found once and are frozen (`motionrecon.research.tasks.known`), so that figures of different
days compare. `report` makes tables and pictures of the notes.

One file for each window is written as soon as it is done, so that an interrupted run goes on where it was; a method
that is added later runs alone.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from motionrecon.core.blas import one_thread
from motionrecon.core.files import atomic
from motionrecon.errors import InputError
from motionrecon.optimizers import minimize
from motionrecon.optimizers.problem import Evaluations
from motionrecon.optimizers.turns import Budget, in_turn
from motionrecon.physics.windows.course import budget_of
from motionrecon.research.bench.parallel import parallel_map
from motionrecon.research.bench.windows.figures import Record, evaluations_to
from motionrecon.research.bench.windows.methods import METHODS, Method
from motionrecon.research.bench.windows.report import write
from motionrecon.research.tasks.known import load_known
from motionrecon.research.tasks.windows import FittedClip, WindowTask, load

#: Gradients and Jacobians that a method may take on a window; what misses a tolerance counts as this many.
BUDGET = 40
#: Windows compared with ``--quick``; otherwise all whose best value is known.
QUICK_COUNT = 12
#: Windows on which hyperparameters are tuned.
TUNED_ON = 6


@dataclass(frozen=True)
class Task:
    """Which window; small enough to be sent to another process.

    Attributes:
        source: a set or a file of clips.
        clip, place, seconds: a window of it.
        best: the best value known; None where the lowest of the methods compared has to do.
    """

    source: str
    clip: str
    place: int
    seconds: float
    best: float | None = None

    def window(self) -> WindowTask:
        """The window itself, simulated on one thread."""
        return _clips(self.source)[self.clip].window(self.place, self.seconds, threads=1)


@cache
def _clips(source: str) -> dict[str, FittedClip]:
    return {clip.name: clip for clip in load(source)}


def tasks(source: str, count: int | None = None) -> list[Task]:
    """The windows of a set whose best values are known, or the first `count` of them."""
    return [Task(source, w.clip, w.place, w.seconds, w.value) for w in load_known(source)[:count]]


def follow(window: WindowTask, method: Method, budget: int = BUDGET) -> list[list[float]]:
    """Minimize a window.

    Returns:
        A row for the start and for each step that got lower: derivatives used, bare rollouts used, processor seconds,
        lowest value so far.
    """
    rows = [[0.0, 0.0, 0.0, window.problem.value(window.x0)]]
    began = time.process_time()

    def note(used: Evaluations, value: float) -> None:
        if value < rows[-1][3]:
            rows.append([used.derivatives, used.values, time.process_time() - began, value])

    if method.in_turn:
        # It goes on where the main job would have enough, so that it is seen when it comes nearer still.
        limits = Budget(budget, budget, budget_of("optimus").patience, least=budget)
        search = in_turn(window.problem, window.starts, method.build(), limits, window.will_do, watch=note)
        used, value = search.evaluations, search.found[0].value if search.found else rows[0][3]
    else:
        end = minimize(
            window.problem,
            window.x0,
            method.build(),
            max_evaluations=budget,
            callback=lambda state: note(state.evaluations, state.best_value),
        )
        used, value = end.evaluations, end.fun
    # What was spent in all, also where the last steps gained nothing.
    return [*rows, [used.derivatives, used.values, time.process_time() - began, value]]


def price(window: WindowTask, repeats: int = 3) -> tuple[float, float]:
    """Processor seconds of a bare rollout and of a rollout with its Jacobian, medians."""
    seconds = np.empty((repeats, 2))
    for row in seconds:
        for i, evaluate in enumerate((window.problem.residuals, window.problem.residuals_and_jacobian)):
            began = time.process_time()
            evaluate(window.x0)
            row[i] = time.process_time() - began
    rollout, derivative = np.median(seconds, axis=0).tolist()
    return rollout, derivative


def solve(task: Task, methods: Sequence[Method], folder: Path, budget: int = BUDGET) -> Record:
    """All methods on one window; what is already written in `folder` is not done again.

    Returns:
        The record of the window: where it comes from, its size and prices, its best value known, and ``runs``: for each
        `Method.key` the rows of `follow`.
    """
    mark = hashlib.sha256(f"{replace(task, best=None)} {budget}".encode()).hexdigest()[:8]
    path = folder / f"{task.clip}-{task.place:02d}-{mark}.json"
    record: Record | None = json.loads(path.read_text()) if path.exists() else None
    if record is not None:
        record["best"] = task.best
    todo = [m for m in methods if record is None or m.key not in record["runs"]]
    if record is not None and not todo:
        return record
    with one_thread():
        window = task.window()
        if record is None:
            clip, (rollout, derivative) = window.clip, price(window)
            record = {"window": window.name, "clip": clip.name, "motion": clip.motion, "real": clip.real}
            record |= {"unknowns": window.problem.n, "seconds": task.seconds, "budget": budget}
            record |= {"rollout_s": rollout, "derivative_s": derivative, "best": task.best, "runs": {}}
        for method in todo:
            record["runs"][method.key] = follow(window, method, budget)
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(record))
    return record


def solve_all(
    todo: Sequence[Task],
    methods: Sequence[Method],
    folder: Path,
    *,
    budget: int = BUDGET,
    processes: int = 1,
    say: Callable[[str], None] = print,
) -> list[Record]:
    """`solve` on every window, `processes` at once (0: one on each core)."""
    work = partial(_solve, methods=methods, folder=folder, budget=budget)
    records: dict[Task, Record] = {}
    for task, record in parallel_map(work, todo, processes):
        records[task] = record
        say(f"{len(records)}/{len(todo)} {record['window']}: {record['unknowns']} unknowns")
    return [records[task] for task in todo]


def _solve(task: Task, methods: Sequence[Method], folder: Path, budget: int) -> Record:
    return solve(task, methods, folder, budget)


def tune(
    methods: Sequence[Method],
    folder: Path,
    *,
    count: int = TUNED_ON,
    processes: int = 1,
    say: Callable[[str], None] = print,
) -> tuple[list[Method], list[Record]]:
    """The methods with those of their `tried` options that do best on windows of the set "tune".

    Best is the lowest mean over the windows of the evaluations to 1.25 times the best value known.

    Returns:
        the methods; and a row for each trial: method, options, mean evaluations.
    """
    trials = {
        method.name: [
            replace(method, hyper={**method.hyper, **dict(zip(method.tried, values, strict=True))})
            for values in product(*method.tried.values())
        ]
        for method in methods
        if method.tried
    }
    every = [trial for group in trials.values() for trial in group]
    records = solve_all(tasks("tune", count), every, folder, processes=processes, say=say)
    rows: list[dict[str, Any]] = []
    chosen = []
    for method in methods:
        group = trials.get(method.name, [method])
        if method.name in trials:
            needed = [np.mean([evaluations_to(record, trial.key, 1.25) for record in records]) for trial in group]
            rows += [
                {"method": trial.name, "options": dict(trial.hyper), "evaluations": float(count)}
                for trial, count in zip(group, needed, strict=True)
            ]
            group = [group[int(np.argmin(needed))]]
        chosen += group
    return chosen, rows


def main(output: Path, *, quick: bool = False, processes: int = 0, only: Sequence[str] = ()) -> Path:
    """Compare all methods on the test windows and write tables, pictures and data into a folder.

    Args:
        output: the folder; an interrupted run goes on there.
        quick: fewer windows, with the options that are written in `METHODS` instead of tuning.
        processes: windows solved at once; 0 for one on each core.
        only: names of methods; empty for all.

    Returns:
        The report, in Markdown.

    Raises:
        InputError: an unknown method.
    """
    names = [method.name for method in METHODS]
    if unknown := sorted(set(only) - set(names)):
        raise InputError(f"no method is called {unknown[0]!r}: choose among {', '.join(names)}")
    methods = [method for method in METHODS if not only or method.name in only]
    trials: list[dict[str, Any]] = []
    if not quick:
        methods, trials = tune(methods, output / "tuning", processes=processes)
    chosen = tasks("test", QUICK_COUNT if quick else None)
    records = solve_all(chosen, methods, output / "windows", processes=processes)
    return write(records, methods, trials, output)
