"""The benchmark's files for people and programs: ``optimizers.json``, ``optimizers.md`` and pictures."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import numpy as np

from motionrecon.core.files import atomic
from motionrecon.research.bench.functions import profiles, tables
from motionrecon.research.bench.functions.peers import PEERS
from motionrecon.research.bench.functions.peers.instances import CAP
from motionrecon.research.bench.functions.plan import Cell, CellJob, Plan


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


def write(plan: Plan, cells: dict[CellJob, Cell], folder: Path, command: str) -> str:
    """Write ``optimizers.json``, ``optimizers.md`` and pictures to ``folder``; returns the lines for the terminal."""
    record = {
        "command": command,
        "plan": {**vars(plan), "trainings": {m: plan.labels(m) for m in plan.methods if m not in PEERS}},
        "score": f"-log10(gap at the end / gap at the start), from 0 to {CAP:g}",
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
