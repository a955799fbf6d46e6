"""What the results of the benchmark of optimizers say: scores, paired differences, evaluations to a tolerance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from motionrecon.research.bench.functions import learned
from motionrecon.research.bench.functions.peers import PEERS
from motionrecon.research.bench.functions.peers.instances import score
from motionrecon.research.bench.functions.plan import Cell, CellJob, Plan
from motionrecon.research.bench.markdown import markdown_table
from motionrecon.research.tasks.functions import HELD_OUT, MULTIMODAL

#: Solved: the gap is this share of that at the start, or less.
TOLERANCE = 1e-3
#: Two methods are equal on a function where their mean scores differ by less.
EQUAL = 0.05
#: One method is clearly better on a function where its mean score is higher by this much.
CLEAR = 0.3


@dataclass(frozen=True)
class Entry:
    """Results of one method on one function, dimension and budget, over L training seeds and P instances.

    Attributes:
        version: of a peer, the one whose mean score on these very instances is higher: to the peer's advantage.
        log_gap: log10 of the gap over that at the start (L, P, budget).
        objective: lowest values of the base function found (L, P).
    """

    version: str
    log_gap: Float[np.ndarray, "L P budget"]
    objective: Float[np.ndarray, "L P"]

    @property
    def scores(self) -> Float[np.ndarray, "L P"]:
        """Of each training seed on each instance."""
        return score(self.log_gap[..., -1])

    @property
    def mean(self) -> float:
        return float(self.scores.mean())

    @property
    def evaluations_to_tolerance(self) -> Float[np.ndarray, "L P"]:
        """Evaluations until solved (L, P); ``inf`` where it never was."""
        hit = self.log_gap <= np.log10(TOLERANCE)
        return np.where(hit.any(-1), hit.argmax(-1) + 1.0, np.inf)


#: Results at one dimension and budget: method -> function -> entry.
Table = dict[str, dict[str, Entry]]


def table(cells: dict[CellJob, Cell], n: int, budget: int) -> Table:
    """The results at ``n`` unknowns and ``budget`` evaluations, methods and functions in the plan's order."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for job, cell in cells.items():
        if (job.n, job.budget) == (n, budget):
            groups.setdefault((job.method, job.function), []).append(cell)
    found: Table = {}
    for (method, name), group in groups.items():
        entries = [
            Entry(
                version,
                np.stack([cell.log_gap[version] for cell in group]).astype(float),
                np.stack([cell.objective[version] for cell in group]),
            )
            for version in group[0].log_gap
        ]
        found.setdefault(method, {})[name] = max(entries, key=lambda entry: entry.mean)
    return found


def role(method: str) -> learned.Role:
    """What a method is in the comparison."""
    return "peer" if method in PEERS else learned.get(method).role


@dataclass(frozen=True)
class Difference:
    """Mean score of one method minus that of another, over the same instances and starts.

    Attributes:
        mean: over functions, instances and training seeds.
        error: standard error: instances and training seeds added in quadrature.
    """

    mean: float
    error: float


def difference(one: dict[str, Entry], other: dict[str, Entry], names: Iterable[str]) -> Difference:
    """The paired difference of two methods over the functions ``names``, each counting alike."""
    means, variances, by_seed = [], [], []
    for name in names:
        a, b = one[name].scores, other[name].scores
        paired = a.mean(0) - b.mean(0)  # (P,)
        means.append(paired.mean())
        variances.append(paired.var(ddof=1) / len(paired))
        by_seed.append((a.mean(1), b.mean(1)))
    error = sum(variances) / len(means) ** 2
    for side in (0, 1):
        seeds = np.mean([pair[side] for pair in by_seed], axis=0)  # (L,)
        if len(seeds) > 1:
            error += seeds.var(ddof=1) / len(seeds)
    return Difference(float(np.mean(means)), float(np.sqrt(error)))


def mean_score(entries: dict[str, Entry], names: Iterable[str]) -> float:
    """Each function counting alike."""
    return float(np.mean([entries[name].mean for name in names]))


def best_peer(results: Table, name: str) -> str:
    """The hand-made or learned peer with the highest mean score on function ``name``."""
    return max((m for m in results if role(m) == "peer"), key=lambda m: results[m][name].mean)


def acceptance(results: Table, subject: str) -> dict[str, Any]:
    """How ``subject`` stands against its peers and controls at one dimension and budget."""
    names = list(results[subject])
    held, known = _held_out(names)
    rivals = {m: role(m) for m in results if m != subject and role(m) != "subject"}
    margins = {}
    if any(r == "peer" for r in rivals.values()):
        for name in names:
            margins[name] = results[subject][name].mean - results[best_peer(results, name)][name].mean
    return {
        "mean": mean_score(results[subject], names),
        "mean_held_out": mean_score(results[subject], held) if held else None,
        "mean_trained_on": mean_score(results[subject], known) if known else None,
        "against": {m: {"role": r, **vars(difference(results[subject], results[m], names))} for m, r in rivals.items()},
        "margin_over_best_peer": margins,
        "best_or_equal": sum(margin >= -EQUAL for margin in margins.values()),
        "of": len(margins),
        "multimodal_clearly_better": [name for name in names if name in MULTIMODAL and margins.get(name, 0) >= CLEAR],
    }


def as_json(plan: Plan, cells: dict[CellJob, Cell]) -> list[dict[str, Any]]:
    """One record for each dimension and budget."""
    records = []
    for n in plan.dims:
        for budget in plan.evaluations:
            results = table(cells, n, budget)
            records.append(
                {
                    "n": n,
                    "evaluations": budget,
                    "instances": plan.count(n),
                    "methods": {
                        method: {"role": role(method), "functions": {f: _facts(e) for f, e in entries.items()}}
                        for method, entries in results.items()
                    },
                    "acceptance": {m: acceptance(results, m) for m in results if role(m) == "subject"},
                }
            )
    return records


def _facts(entry: Entry) -> dict[str, Any]:
    scores = entry.scores.mean(0)
    hits = entry.evaluations_to_tolerance
    median = float(np.median(hits))
    return {
        "version": entry.version,
        "score": entry.mean,
        "score_error": float(scores.std(ddof=1) / np.sqrt(len(scores))),
        "score_by_training_seed": entry.scores.mean(1).tolist(),
        "objective": float(entry.objective.mean()),
        "median_evaluations_to_tolerance": median if np.isfinite(median) else None,
        "solved": float(np.isfinite(hits).mean()),
    }


def as_markdown(plan: Plan, cells: dict[CellJob, Cell], command: str) -> str:
    """The tables, for people."""
    lines = [
        "# Optimizers on the classical test functions",
        "",
        f"Made by `{command}`. Score: mean of -log10(gap at the end / gap at the start), at most 6, higher is better; "
        "random instances and starts, the same for all methods, never trained or tuned on. Peers (hand-made): f over "
        "the rms of its first gradient, unknowns in units of the domain, learning rates tuned for each function, "
        "dimension and budget; each with and without restarts, of which the better one counts, on each function "
        "(marked `r` where it is the one with restarts). Controls say what Optimus is without training or without "
        "its parts.",
        "",
        "Held out of training: " + ", ".join(HELD_OUT) + " (marked *).",
    ]
    for n in plan.dims:
        for budget in plan.evaluations:
            lines += ["", *_section(table(cells, n, budget), n, budget, plan.count(n))]
    return "\n".join(lines) + "\n"


def _section(results: Table, n: int, budget: int, count: int) -> list[str]:
    methods = list(results)
    names = list(results[methods[0]])
    held, _ = _held_out(names)
    scores = {f"{f}*" if f in HELD_OUT else f: _marked(results, f) for f in names}
    scores[f"**mean of {len(names)}**"] = _bold([mean_score(results[m], names) for m in methods])
    if held:
        scores[f"mean of {len(held)} held out"] = _bold([mean_score(results[m], held) for m in methods])
    solved = [float(np.mean([_facts(results[m][f])["solved"] for f in names])) for m in methods]
    scores[f"share solved to {TOLERANCE:g}"] = [f"{100 * s:.0f} %" for s in solved]
    objectives = {f: [f"{results[m][f].objective.mean():.3g}" for m in methods] for f in names}
    lines = [
        f"## n = {n}, {budget} evaluations, {count} instances",
        "",
        _markdown(scores, methods),
        "",
        f"Median evaluations until the gap is {TOLERANCE:g} of that at the start:",
        "",
        _markdown({f: _medians(results, f) for f in names}, methods),
        "",
        "Mean final objective, in the units of the function itself (without the instance's factor):",
        "",
        _markdown(objectives, methods),
    ]
    for subject in (m for m in methods if role(m) == "subject"):
        lines += ["", *_standing(acceptance(results, subject), subject)]
    return lines


def _markdown(rows: dict[str, list[str]], methods: Sequence[str]) -> str:
    """A table with a row for each function and a column for each method."""
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(methods))
    return markdown_table(frame.rename_axis("function"))


def _standing(facts: dict[str, Any], subject: str) -> list[str]:
    lines = [f"{subject} minus each other method, mean over functions, paired, with standard error:", ""]
    against = {method: [d["role"], f"{d['mean']:+.2f} ± {d['error']:.2f}"] for method, d in facts["against"].items()}
    frame = pd.DataFrame.from_dict(against, orient="index", columns=["role", "difference"])
    lines.append(markdown_table(frame.rename_axis("against")))
    better = facts["multimodal_clearly_better"]
    lines += [
        "",
        f"Best or equal (within {EQUAL}) to the best peer of each function on {facts['best_or_equal']} of "
        f"{facts['of']}; better than every peer by at least {CLEAR} on {len(better)} multimodal functions"
        + (f" ({', '.join(better)})." if better else "."),
    ]
    return lines


def _marked(results: Table, name: str) -> list[str]:
    cells = _bold([entries[name].mean for entries in results.values()])
    return [
        cell + (" r" if entries[name].version == "restarts" else "")
        for cell, entries in zip(cells, results.values(), strict=True)
    ]


def _medians(results: Table, name: str) -> list[str]:
    medians = [float(np.median(entries[name].evaluations_to_tolerance)) for entries in results.values()]
    return [f"{median:.0f}" if np.isfinite(median) else "—" for median in medians]


def _bold(values: Sequence[float]) -> list[str]:
    best = max(values)
    return [f"**{v:.2f}**" if v >= best - 0.005 else f"{v:.2f}" for v in values]


def _held_out(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those of ``names`` that are held out of training, and the others."""
    names = list(names)
    return [f for f in names if f in HELD_OUT], [f for f in names if f not in HELD_OUT]
