"""Finds the best values known of windows, by which optimizers are measured: ``python -m motionrecon.data.make_known``.

Each window is minimized by Levenberg-Marquardt from twenty starts: the main job's own, the kinematic controls, and both
of them disturbed, by noise at every knot or by angles that are off throughout the window. The best go on, as in a
tournament. The main job's own optimizer counts too. What is found is frozen: a method that is made later is measured
by the same values.

About 30 seconds of one core for each window; what is finished in the folder ``--work`` is not done again. Contact makes
simulations sensitive to rounding, so another machine finds values that differ a little.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.core.blas import one_thread
from motionrecon.core.files import atomic
from motionrecon.data.make_windows import write_sums
from motionrecon.optimizers import minimize
from motionrecon.optimizers.base import Optimizer, State
from motionrecon.optimizers.lm import LM
from motionrecon.optimizers.problem import Problem
from motionrecon.optimizers.turns import Beside
from motionrecon.research.bench.parallel import parallel_map
from motionrecon.research.tasks.known import KnownWindow, known_path, save_known
from motionrecon.research.tasks.windows import WindowTask, choose, load, path_of

#: Windows of each set.
COUNTS = {"tune": 8, "test": 50}
#: Starts, and standard deviations of what disturbs them, radians.
STARTS, DISTURBED = 20, (0.05, 0.1, 0.2)
#: The tournament: Jacobians in all, and how many of the best runs get that far.
ROUNDS = ((3, STARTS), (10, 3), (24, 1))
#: Jacobians of the main job's optimizer.
MAIN_JOB = 24


def starts(window: WindowTask, seed: int = 0) -> Iterator[tuple[str, Float[np.ndarray, " n"]]]:
    """The starts (n,) of a window, and what to call them."""
    points = [start for start in window.starts if not isinstance(start, Beside)]
    kinematic = points[int(np.isfinite(window.clip.began[window.place]))]  # the first where nothing came before
    yield "main job's start", window.x0
    yield "kinematic", kinematic
    rng = np.random.default_rng([seed, window.place])
    for k in range(STARTS - 2):
        around, name = ((window.x0, "main job's start"), (kinematic, "kinematic"))[k % 2]
        size = DISTURBED[k // 2 % len(DISTURBED)]
        knots = window.problem.knots(window.x0)
        throughout = k // 6 % 2 == 1
        noise = rng.standard_normal(knots.shape[1:] if throughout else knots.shape)
        step = window.problem.unknowns(np.broadcast_to(size * noise, knots.shape))
        yield f"{name}, {'all of it' if throughout else 'knots'} disturbed by {size:g}", around + step


def _run_on(problem: Problem, optimizer: Optimizer[Any], state: State[Any], budget: int) -> State[Any]:
    """The state after so many Jacobians in all, or where the optimizer is done."""
    while optimizer.terminate(problem, state) is None:
        if state.evaluations.derivatives >= budget and optimizer.needs_derivative(state):
            break
        state = optimizer.step(problem, state)
    return state


def tournament(window: WindowTask) -> tuple[float, Float[np.ndarray, " n"], str]:
    """The lowest value that is found, where (n,), and by which run."""
    problem, optimizer = window.problem, LM(mu=1e-2)
    runs = [(name, optimizer.init(problem, x)) for name, x in starts(window)]
    for budget, best in ROUNDS:
        runs = sorted(runs, key=lambda run: run[1].best_value)[:best]
        runs = [(name, _run_on(problem, optimizer, state, budget)) for name, state in runs]
    found = [(state.best_value, state.best_x, f"lm, {name}") for name, state in runs]
    end = minimize(problem, window.x0, max_evaluations=MAIN_JOB)
    found.append((end.fun, end.x, "optimus, main job's start"))
    return min(found, key=lambda run: run[0])


def solve(task: tuple[str, str, int, float], folder: Path) -> KnownWindow:
    """The best known of window (set, clip, place, seconds); what is written in the folder is not done again."""
    name, clip, place, seconds = task
    path = folder / f"{name}-{clip}-{place:02d}-{seconds:.4f}.json"
    if not path.exists():
        with one_thread():
            window = next(c for c in load(name) if c.name == clip).window(place, seconds)
            _, x, found_by = tournament(window)
            rounded = x.astype(np.float32).astype(float)
            found = {"value": window.problem.value(rounded), "x": rounded.tolist(), "found_by": found_by}
        with atomic(path) as temporary:
            temporary.write_text(json.dumps(found))
    read = json.loads(path.read_text())
    return KnownWindow(clip, place, seconds, read["value"], np.array(read["x"]), read["found_by"])


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Finds the best values known of windows.")
    parser.add_argument("sets", nargs="*", default=list(COUNTS), help=f"which of {', '.join(COUNTS)} (default: both)")
    parser.add_argument("--count", type=int, help="windows of a set (default: those of the benchmark)")
    parser.add_argument("--output", type=Path, default=path_of("test").parent, help="folder (default: %(default)s)")
    parser.add_argument("--work", type=Path, help="folder for finished windows, to go on from after a stop")
    parser.add_argument("--processes", type=int, default=1, help="windows solved at once (default: 1)")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        work: Path = args.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        for name in args.sets:
            chosen = choose(load(name), args.count or COUNTS[name])
            todo = [(name, clip.name, place, seconds) for clip, place, seconds in chosen]
            found: dict[Any, KnownWindow] = {}
            for task, known in parallel_map(partial(solve, folder=work), todo, args.processes):
                found[task] = known
                print(
                    f"{name} {len(found)}/{len(todo)}: {known.clip} {known.value:.4g} by {known.found_by}", flush=True
                )
            save_known(args.output / known_path(name).name, [found[task] for task in todo])
    write_sums(args.output)


if __name__ == "__main__":
    main()
