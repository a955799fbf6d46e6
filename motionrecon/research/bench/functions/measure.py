"""Learned and hand-made optimizers on the classical test functions, at equal numbers of gradient evaluations.

Every method meets the same random instances from the same starts, none of which was trained or tuned on. Results of one
method on one function, dimension and budget are one file under ``cells/``, so an interrupted run goes on where it
stopped, and a method that is added later costs its own time only. Tables and pictures are made from those files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.core.files import atomic
from motionrecon.core.progress import Progress, Silent
from motionrecon.errors import InputError
from motionrecon.research.bench.functions import learned
from motionrecon.research.bench.functions.peers import FIRST_ORDER, HOPPING, PEERS
from motionrecon.research.bench.functions.peers.all_at_once import first_order
from motionrecon.research.bench.functions.peers.instances import Instances
from motionrecon.research.bench.functions.peers.one_by_one import hopping, quasi_newton
from motionrecon.research.bench.functions.peers.tuning import Tuned, tune
from motionrecon.research.bench.functions.plan import Cell, CellJob, Plan
from motionrecon.research.bench.functions.settings import SHIPPED, TunedSettings, tuned_as
from motionrecon.research.bench.parallel import parallel_map

#: Part of every cell's key: raise it when results of earlier versions no longer count.
_FORMAT = 2


def measure(
    plan: Plan,
    folder: Path,
    *,
    workers: int = 2,
    retune: bool = False,
    progress: Progress | None = None,
    shipped: Path = SHIPPED,
) -> dict[CellJob, Cell]:
    """Tune peers where that was not done yet, run what is missing in ``folder``, and give all results of ``plan``.

    Args:
        workers: processes.
        retune: do not use the settings that come with motionrecon.
        shipped: the file of those.
    """
    progress = progress or Silent()
    own = folder / "tuned_peers.json"
    settings = TunedSettings(own) if retune else TunedSettings(shipped, own)
    tuning = [
        (method, name, n, tuple(sorted(plan.evaluations)))
        for n in plan.dims
        for name in plan.functions
        for method in dict.fromkeys(tuned_as(m) for m in plan.methods_for(n) if m in PEERS)
        if any(settings.find(method, name, n, b) is None for b in plan.evaluations)
    ]
    if tuning:
        kept = TunedSettings(own)
        with progress.stage("tune", len(tuning)) as advance:
            for (method, name, n, _), found in parallel_map(_tune, tuning, workers):
                for table in (settings, kept):
                    table.add(method, name, n, found)
                kept.write(own, "motionrecon bench optimizers --retune")
                advance(1)

    jobs = _jobs(plan, settings)
    missing = [job for job in jobs if job.read(folder) is None]
    with progress.stage("measure", len(missing)) as advance:
        for _ in parallel_map(_compute, [(job, folder) for job in missing], workers):
            advance(1)
    cells = {job: job.read(folder) for job in jobs}
    lost = [job.path(folder) for job, cell in cells.items() if cell is None]
    if lost:
        raise InputError(f"{lost[0]} vanished or changed while the benchmark ran: repeat it")
    return {job: cell for job, cell in cells.items() if cell is not None}


def _jobs(plan: Plan, settings: TunedSettings) -> list[CellJob]:
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
                        jobs.append(CellJob(method, label, name, n, budget, plan.count(n), plan.seed, tuned, key))
    return jobs


def _tune(task: tuple[str, str, int, tuple[int, ...]]) -> dict[tuple[str, int], Tuned]:
    return tune(*task)


def _compute(task: tuple[CellJob, Path]) -> None:
    """Run a job, and write its cell."""
    job, folder = task
    instances = Instances.draw("test", job.function, job.n, job.instances, job.seed)
    arrays: dict[str, Any] = {"key": np.array(job.key)}
    for version, best in _runs(job, instances):
        arrays[f"log_gap_{version}"] = np.round(instances.log_gaps(best), 3).astype(np.float32)
        arrays[f"objective_{version}"] = best[:, -1] / instances.batch.height.numpy()
    with atomic(job.path(folder)) as path:
        np.savez_compressed(path, **arrays)


def _runs(job: CellJob, instances: Instances) -> Iterable[tuple[str, Float[np.ndarray, "P budget"]]]:
    """The lowest values so far of each version of the method."""
    if job.method not in PEERS:
        yield "plain", learned.run(learned.get(job.method).make(job.label), instances, job.budget)
        return
    for version, tuned in job.settings:
        if job.method in FIRST_ORDER:
            patience = None if tuned.patience is None else np.array([tuned.patience])
            rates = np.array([tuned.rate])
            yield version, first_order(job.method, instances, job.budget, rates, patience)[0]
        elif job.method in HOPPING:
            yield version, hopping(job.method, instances, job.budget, tuned.rate)
        else:
            yield version, quasi_newton(job.method, instances, job.budget, tuned.rate, tuned.patience)
