"""Learned and hand-made optimizers on the classical test functions, at equal numbers of gradient evaluations.

Every method meets the same random instances from the same starts, none of which was trained or tuned on. Results of one
method on one function, dimension and budget are one file under ``cells/``, so an interrupted run goes on where it
stopped, and a method that is added later costs its own time only. Tables and pictures are made from those files.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from motionrecon.core.files import atomic, read_arrays
from motionrecon.core.progress import Progress, Silent
from motionrecon.errors import InputError
from motionrecon.research.bench import learned, peers
from motionrecon.research.bench.peers import FIRST_ORDER, PEERS, QUASI_NEWTON, VERSIONS, Instances, Tuned
from motionrecon.research.tasks.functions import FUNCTIONS, function

#: The settings of peers that come with motionrecon; made by ``motionrecon bench optimizers --retune``.
SHIPPED_SETTINGS = Path(__file__).with_name("tuned_peers.json")
DIMS = (10, 50, 100, 200, 500)
EVALUATIONS = (100, 500)
#: SciPy multiplies full matrices in each step, n^3; ours, with the same formula in n^2, stands for it beyond this n.
SCIPY_BFGS_LIMIT = 200
#: Part of every cell's key: raise it when results of earlier versions no longer count.
_FORMAT = 2


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        functions: names of test functions.
        dims: numbers of unknowns.
        evaluations: budgets.
        instances: of each function and dimension, at most; see :meth:`count`.
        seed: another seed gives other instances and starts.
        methods: names of peers and learned optimizers.
        weights: names of learned optimizers with files to be measured instead of their shipped weights, one for each
            training seed.
    """

    functions: tuple[str, ...] = tuple(FUNCTIONS)
    dims: tuple[int, ...] = DIMS
    evaluations: tuple[int, ...] = EVALUATIONS
    instances: int = 64
    seed: int = 0
    methods: tuple[str, ...] = field(default_factory=lambda: (*PEERS, *learned.available()))
    weights: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for name in self.functions:
            function(name)
        for name in self.methods:
            if name not in PEERS and name not in learned.LEARNED:
                known = ", ".join((*PEERS, *learned.LEARNED))
                raise InputError(f"no optimizer called {name!r} can be measured: choose from {known}")
        for name, _ in self.weights:
            learned.get(name)
        for what, numbers, least in (
            ("--dims", self.dims, 1),
            ("--evaluations", self.evaluations, 2),
            ("--instances", (self.instances,), 2),
        ):
            if not numbers or min(numbers) < least:
                raise InputError(f"{what} has {', '.join(map(str, numbers)) or 'nothing'}: give numbers from {least}")

    def count(self, n: int) -> int:
        """Instances in n unknowns: fewer for many unknowns, to save time, but not below 8 unless asked for."""
        return min(self.instances, max(8, 2400 // n))

    def labels(self, method: str) -> tuple[str, ...]:
        """The trainings of a learned method; one without a name for a peer."""
        if method in PEERS:
            return ("",)
        return tuple(path for name, path in self.weights if name == method) or learned.get(method).labels()

    def methods_for(self, n: int) -> tuple[str, ...]:
        """The methods that are run in n unknowns."""
        return tuple(m for m in self.methods if m != "scipy-bfgs" or n <= SCIPY_BFGS_LIMIT)


#: The quick plan keeps the order of the full table's methods at n = 10.
QUICK: dict[str, Any] = {"dims": (10,), "evaluations": (100,), "instances": 16}


@dataclass(frozen=True)
class Cell:
    """Results of one method (and training seed) on one function, dimension and budget.

    Attributes:
        log_gap: version -> log10 of the gap over that at the start (P, budget), after each evaluation.
        objective: version -> lowest value of the base function found (P,), without the instance's factor.
    """

    log_gap: dict[str, np.ndarray]
    objective: dict[str, np.ndarray]


@dataclass(frozen=True)
class Job:
    """One cell to be computed.

    Attributes:
        label: shipped name or file of the weights of a learned method; "" where it has none.
        settings: version -> what was tuned, for peers.
        key: what the result depends on besides the job's own names; a cell with another key is computed anew.
    """

    method: str
    label: str
    function: str
    n: int
    budget: int
    instances: int
    seed: int
    settings: tuple[tuple[str, Tuned], ...]
    key: str

    def path(self, folder: Path) -> Path:
        name = self.method
        if self.label:  # files of several folders may have one name
            name += f"@{Path(self.label).stem}-{hashlib.sha256(self.label.encode()).hexdigest()[:6]}"
        return folder / "cells" / f"{name}_{self.function}_n{self.n}_{self.budget}.npz"

    def read(self, folder: Path) -> Cell | None:
        """The finished cell, or None if there is none of this key."""
        try:
            arrays = read_arrays(self.path(folder))
        except (OSError, ValueError):
            return None
        if str(arrays.get("key")) != self.key:
            return None
        versions = [name.removeprefix("log_gap_") for name in arrays if name.startswith("log_gap_")]
        return Cell({v: arrays[f"log_gap_{v}"] for v in versions}, {v: arrays[f"objective_{v}"] for v in versions})

    def compute(self, folder: Path) -> None:
        """Run, and write the cell."""
        instances = Instances.draw("test", self.function, self.n, self.instances, self.seed)
        arrays: dict[str, Any] = {"key": np.array(self.key)}
        for version, best in self._runs(instances):
            arrays[f"log_gap_{version}"] = np.round(instances.log_gaps(best), 3).astype(np.float32)
            arrays[f"objective_{version}"] = best[:, -1] / instances.batch.height.numpy()
        with atomic(self.path(folder)) as path:
            np.savez_compressed(path, **arrays)

    def _runs(self, instances: Instances) -> Iterable[tuple[str, np.ndarray]]:
        if self.method not in PEERS:
            yield "plain", learned.run(learned.get(self.method).make(self.label), instances, self.budget)
            return
        for version, tuned in self.settings:
            if self.method in FIRST_ORDER:
                patience = None if tuned.patience is None else np.array([tuned.patience])
                rates = np.array([tuned.rate])
                yield version, peers.first_order(self.method, instances, self.budget, rates, patience)[0]
            else:
                yield version, peers.quasi_newton(self.method, instances, self.budget, tuned.rate, tuned.patience)


class Settings:
    """Tuned settings of peers, by method, function, dimension, version and budget, in a JSON file."""

    def __init__(self, *paths: Path) -> None:
        """Those of all ``paths`` that exist, later ones winning."""
        self._table: dict[str, dict[str, list[float | int | None]]] = {}
        for path in paths:
            try:
                found = json.loads(path.read_text())["settings"]
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise InputError(f"{path} is no file of tuned settings ({error}): delete it and repeat") from error
            for method, table in found.items():
                self._table.setdefault(method, {}).update(table)

    @staticmethod
    def _place(name: str, n: int, version: str, budget: int) -> str:
        return f"{name} n={n} {version} {budget}"

    def find(self, method: str, name: str, n: int, budget: int) -> tuple[tuple[str, Tuned], ...] | None:
        """The settings of every version, or None if one is missing."""
        table = self._table.get(_tuned_as(method), {})
        found = [(v, table.get(self._place(name, n, v, budget))) for v in VERSIONS]
        if any(entry is None for _, entry in found):
            return None
        return tuple((v, Tuned(*entry)) for v, entry in found)  # type: ignore[misc]

    def add(self, method: str, name: str, n: int, tuned: dict[tuple[str, int], Tuned]) -> None:
        table = self._table.setdefault(method, {})
        for (version, budget), settings in tuned.items():
            table[self._place(name, n, version, budget)] = [settings.rate, settings.patience]

    def write(self, path: Path, command: str) -> None:
        about = (
            "tuned settings of the peers: function, unknowns, version, budget -> [learning rate or first step in half "
            "widths of the domain, evaluations without progress before a restart]; those of lbfgs serve bfgs and SciPy"
        )
        methods = []
        for method, rows in sorted(self._table.items()):
            lines = [f"{json.dumps(place)}: {json.dumps(entry)}" for place, entry in sorted(rows.items())]
            methods.append(f"{json.dumps(method)}: {{\n" + ",\n".join(lines) + "\n}")
        head = f'"about": {json.dumps(about)},\n"command": {json.dumps(command)},\n'
        text = "{\n" + head + '"settings": {\n' + ",\n".join(methods) + "\n}\n}"
        with atomic(path) as temporary:
            temporary.write_text(text + "\n")


def _tuned_as(method: str) -> str:
    """The method whose settings serve ``method``."""
    return "lbfgs" if method in QUASI_NEWTON else method


def _tune(task: tuple[str, str, int, tuple[int, ...]]) -> dict[tuple[str, int], Tuned]:
    return peers.tune(*task)


def _compute(task: tuple[Job, Path]) -> None:
    job, folder = task
    job.compute(folder)


def _quiet_worker() -> None:
    """One thread for each worker process: more would wait for each other."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)


def _map(work: Callable[[Any], Any], tasks: Sequence[Any], workers: int, done: Callable[[Any, Any], None]) -> None:
    """``done(task, work(task))`` for each task, in the order in which they end. One worker means this process."""
    if workers <= 1 or len(tasks) <= 1:
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            for task in tasks:
                done(task, work(task))
        finally:
            torch.set_num_threads(threads)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_quiet_worker) as pool:
        futures = {pool.submit(work, task): task for task in tasks}
        try:
            for future in as_completed(futures):
                done(futures[future], future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def measure(
    plan: Plan,
    folder: Path,
    *,
    workers: int = 2,
    retune: bool = False,
    progress: Progress | None = None,
    shipped: Path = SHIPPED_SETTINGS,
) -> dict[Job, Cell]:
    """Tune peers where that was not done yet, run what is missing in ``folder``, and give all results of ``plan``.

    Args:
        workers: processes.
        retune: do not use the settings that come with motionrecon.
        shipped: the file of those.
    """
    progress = progress or Silent()
    own = folder / "tuned_peers.json"
    settings = Settings(own) if retune else Settings(shipped, own)
    tuning = [
        (method, name, n, tuple(sorted(plan.evaluations)))
        for n in plan.dims
        for name in plan.functions
        for method in dict.fromkeys(_tuned_as(m) for m in plan.methods_for(n) if m in PEERS)
        if any(settings.find(method, name, n, b) is None for b in plan.evaluations)
    ]
    if tuning:
        kept = Settings(own)
        with progress.stage("tune", len(tuning)) as advance:

            def tuned(task: tuple[str, str, int, tuple[int, ...]], found: dict[tuple[str, int], Tuned]) -> None:
                for table in (settings, kept):
                    table.add(task[0], task[1], task[2], found)
                kept.write(own, "motionrecon bench optimizers --retune")
                advance(1)

            _map(_tune, tuning, workers, tuned)

    jobs = _jobs(plan, settings)
    missing = [job for job in jobs if job.read(folder) is None]
    with progress.stage("measure", len(missing)) as advance:
        _map(_compute, [(job, folder) for job in missing], workers, lambda task, _: advance(1))
    cells = {job: job.read(folder) for job in jobs}
    lost = [job.path(folder) for job, cell in cells.items() if cell is None]
    if lost:
        raise InputError(f"{lost[0]} vanished or changed while the benchmark ran: repeat it")
    return {job: cell for job, cell in cells.items() if cell is not None}


def _jobs(plan: Plan, settings: Settings) -> list[Job]:
    """Every cell of the plan."""
    prints = {
        (method, label): learned.fingerprint(learned.get(method).make(label))
        for method in plan.methods
        if method not in PEERS
        for label in plan.labels(method)
    }
    jobs = []
    for n in plan.dims:
        for budget in plan.evaluations:
            for name in plan.functions:
                for method in plan.methods_for(n):
                    tuned = settings.find(method, name, n, budget) if method in PEERS else ()
                    assert tuned is not None
                    for label in plan.labels(method):
                        what = prints.get((method, label)) or [(v, t.as_list()) for v, t in tuned]
                        key = json.dumps([_FORMAT, plan.count(n), plan.seed, what])
                        jobs.append(Job(method, label, name, n, budget, plan.count(n), plan.seed, tuned, key))
    return jobs


def versions() -> dict[str, str]:
    """What the figures depend on besides the plan."""
    import scipy
    import torch

    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "torch": torch.__version__,
        "machine": platform.machine(),
    }


def chosen(
    *,
    quick: bool = False,
    functions: Sequence[str] = (),
    dims: Sequence[int] = (),
    evaluations: Sequence[int] = (),
    instances: int | None = None,
    methods: Sequence[str] = (),
    weights: Sequence[str] = (),
    seed: int = 0,
) -> Plan:
    """The plan of the command line's flags; what is not given is as in the quick or in the full plan.

    Args:
        weights: ``NAME=FILE`` each.

    Raises:
        InputError: for a flag that cannot be used.
    """
    given: dict[str, Any] = {
        "functions": tuple(functions),
        "dims": tuple(dict.fromkeys(dims)),
        "evaluations": tuple(sorted(set(evaluations))),
        "instances": instances,
    }
    pairs = []
    for pair in weights:
        name, equals, path = pair.partition("=")
        if not equals:
            raise InputError(f"--weights {pair}: write NAME=FILE, for example optimus=training/best.safetensors")
        pairs.append((name, path))
    if not methods:
        added = [name for name, _ in pairs if name in learned.LEARNED]
        methods = tuple(name for name in learned.LEARNED if name in (*learned.available(), *added))
        methods = (*PEERS, *methods)
    elif missing := [m for m in methods if m in learned.LEARNED and m not in (*learned.available(), *dict(pairs))]:
        raise InputError(f"{missing[0]} has no weights yet: train some and give them with --weights {missing[0]}=FILE")
    quick_plan = QUICK if quick else {}
    return Plan(
        **{**quick_plan, **{key: value for key, value in given.items() if value}},
        seed=seed,
        methods=tuple(methods),
        weights=tuple(pairs),
    )


def write(plan: Plan, cells: dict[Job, Cell], folder: Path, command: str) -> str:
    """Write ``optimizers.json``, ``optimizers.md`` and pictures to ``folder``; returns the lines for the terminal."""
    from motionrecon.research.bench import profiles, tables

    record = {
        "command": command,
        "plan": {**vars(plan), "trainings": {m: plan.labels(m) for m in plan.methods if m not in PEERS}},
        "score": f"-log10(gap at the end / gap at the start), from 0 to {peers.CAP:g}",
        "tolerance": tables.TOLERANCE,
        "versions": versions(),
        "results": tables.as_json(plan, cells),
    }
    with atomic(folder / "optimizers.json") as path:
        path.write_text(json.dumps(record, indent=1) + "\n")
    with atomic(folder / "optimizers.md") as path:
        path.write_text(tables.as_markdown(plan, cells, command))
    lines = []
    for n in plan.dims:
        for budget in plan.evaluations:
            results = tables.table(cells, n, budget)
            title = f"{len(plan.functions)} functions, n = {n}, {budget} evaluations, {plan.count(n)} instances of each"
            profiles.draw_profile(results, title, folder / f"profile_n{n}_{budget}.png")
            profiles.draw_curves(results, title, folder / f"curves_n{n}_{budget}.png")
            means = {m: tables.mean_score(entries, plan.functions) for m, entries in results.items()}
            lines += [title] + [
                f"  {m:<20}{mean:5.2f}  {tables.role(m)}" for m, mean in sorted(means.items(), key=lambda kv: -kv[1])
            ]
    return "\n".join([*lines, f"tables and pictures: {folder}"])
