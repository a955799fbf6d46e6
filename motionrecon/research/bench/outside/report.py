"""Scores and ranks of the benchmark on outside problems, and its files ``outside.json`` and ``outside.md``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import rankdata

from motionrecon.core.files import atomic
from motionrecon.research.bench.markdown import markdown_table
from motionrecon.research.bench.outside.measure import OutsidePlan, OutsideResults
from motionrecon.research.tasks.outside import OUTSIDE

#: Largest -log10(gap at the end / gap at the start) that counts: beyond it, it is rounding.
CAP = 10.0
#: Pairs whose difference is told, the first minus the second.
PAIRS = (
    ("optimus", "optimus-no-explore"),
    ("optimus", "scipy-lbfgsb"),
    ("optimus-no-explore", "scipy-lbfgsb"),
    ("optimus", "basin-hopping"),
)


@dataclass(frozen=True)
class MeanError:
    """A mean, and its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, numbers: Float[np.ndarray, " P"]) -> MeanError:
        return cls(float(numbers.mean()), float(numbers.std(ddof=1) / np.sqrt(len(numbers))))

    def __str__(self) -> str:
        return f"{self.mean:+.2f} ± {self.error:.2f}"


def scores(plan: OutsidePlan, results: OutsideResults, name: str) -> dict[tuple[int, str], Float[np.ndarray, " P"]]:
    """-log10(gap at the end / gap at the start) of each budget and method, from 0 to :data:`CAP`.

    The gap is that to the known minimum, or to the lowest value that any method found on that instance with any budget.
    """
    found = {key[1:]: result for key, result in results.items() if key[0] == name}
    lowest = np.min([result.lowest for result in found.values()], axis=0)
    known = OUTSIDE[name].minimum
    if known is not None:
        lowest = np.minimum(lowest, known)
    with np.errstate(divide="ignore"):
        return {
            key: np.clip(-np.log10(np.maximum((r.lowest - lowest) / (r.first - lowest), 0.0)), 0.0, CAP)
            for key, r in found.items()
        }


def ranks(plan: OutsidePlan, results: OutsideResults, budget: int) -> dict[str, float]:
    """Mean rank of each method, 1 for the best; equals share theirs. Each family counts alike."""
    means = []
    for name in plan.problems:
        found = scores(plan, results, name)
        table = np.stack([found[budget, method].round(2) for method in plan.methods])
        means.append(rankdata(-table, axis=0).mean(1))
    return dict(zip(plan.methods, np.mean(means, axis=0).tolist(), strict=True))


def differences(plan: OutsidePlan, results: OutsideResults, budget: int, one: str, other: str) -> dict[str, MeanError]:
    """Paired differences of scores over instances, by family, and over all of them as ``all``."""
    found = {}
    for name in plan.problems:
        table = scores(plan, results, name)
        found[name] = MeanError.of(table[budget, one] - table[budget, other])
    parts = list(found.values())
    errors = np.array([part.error for part in parts])
    mean = float(np.mean([part.mean for part in parts]))
    return found | {"all": MeanError(mean, float(np.sqrt((errors**2).sum())) / len(parts))}


def write(plan: OutsidePlan, results: OutsideResults, folder: Path, command: str) -> str:
    """Write the files to ``folder``; returns the lines for the terminal."""
    folder.mkdir(parents=True, exist_ok=True)
    with atomic(folder / "outside.json") as path:
        path.write_text(json.dumps(as_json(plan, results, command), indent=1) + "\n")
    with atomic(folder / "outside.md") as path:
        path.write_text(as_markdown(plan, results, command))
    lines = []
    for budget in plan.evaluations:
        lines.append(f"{len(plan.problems)} outside problems, {budget} evaluations, {plan.instances} instances of each")
        found = ranks(plan, results, budget)
        lines += [f"  {method:<20}mean rank {rank:4.2f}" for method, rank in sorted(found.items(), key=lambda r: r[1])]
        lines += [
            f"  {one} - {other}: {differences(plan, results, budget, one, other)['all']} decades"
            for one, other in _pairs(plan)
        ]
    return "\n".join([*lines, f"tables: {folder}"])


def as_json(plan: OutsidePlan, results: OutsideResults, command: str) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "command": command,
        "plan": vars(plan),
        "score": f"-log10(gap at the end / gap at the start), from 0 to {CAP:g}",
        "scores": {
            name: {f"{method} {budget}": table[budget, method].round(4).tolist() for budget, method in table}
            for name in plan.problems
            for table in [scores(plan, results, name)]
        },
        "lowest": {" ".join(map(str, key)): result.lowest.tolist() for key, result in results.items()},
        "ranks": {str(budget): ranks(plan, results, budget) for budget in plan.evaluations},
    }


def as_markdown(plan: OutsidePlan, results: OutsideResults, command: str) -> str:
    """The tables, for people."""
    lines = [
        "# Optimizers on problems outside the classical test functions",
        "",
        f"Made by `{command}`. Score: mean of -log10(gap at the end / gap at the start) over {plan.instances} random "
        f"instances, at most {CAP:g}, higher is better; the gap is that to the known minimum, or to the lowest value "
        "that any method found. Nothing is tuned for a problem. Rank: 1 is best, each problem counts alike.",
    ]
    for budget in plan.evaluations:
        tables = {name: scores(plan, results, name) for name in plan.problems}
        rows = {
            name: [f"{table[budget, method].mean():.2f}" for method in plan.methods] for name, table in tables.items()
        }
        rows["**mean rank**"] = [f"{rank:.2f}" for rank in ranks(plan, results, budget).values()]
        lines += ["", f"## {budget} evaluations", "", _table(rows, list(plan.methods))]
        if pairs := _pairs(plan):
            found = {f"{one} - {other}": differences(plan, results, budget, one, other) for one, other in pairs}
            rows = {name: [str(column[name]) for column in found.values()] for name in (*plan.problems, "all")}
            lines += ["", "Paired differences, with standard errors:", "", _table(rows, list(found))]
    return "\n".join(lines) + "\n"


def _pairs(plan: OutsidePlan) -> list[tuple[str, str]]:
    return [pair for pair in PAIRS if set(pair) <= set(plan.methods)]


def _table(rows: dict[str, list[str]], columns: list[str]) -> str:
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return markdown_table(frame.rename_axis("problem"))
