"""Tables and pictures of optimizers compared on windows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from motionrecon.core.files import atomic
from motionrecon.research.bench.markdown import markdown_table
from motionrecon.research.bench.windows.figures import (
    AT,
    TOLERANCES,
    Mean,
    Record,
    best_of,
    evaluations_to,
    solved,
    summarize,
    value_at,
)
from motionrecon.research.bench.windows.methods import Method

#: The ladder from a textbook method to what learning adds: what each rung is, and its name in the tables.
_LADDER = {
    "plain Levenberg-Marquardt": "lm-plain",
    "with damping search and Broyden updates (classical)": "lm",
    "Optimus untrained (its frame, no learning)": "optimus-untrained",
    "Optimus trained (learning)": "optimus",
}

_PAGE = """\
# Optimizers on window problems

{windows} windows of 0.3 to 0.8 s ({low} to {high} unknowns) from {clips} clips of the motions {motions}, on which \
nothing was trained or tuned; {real_windows} windows are of real videos. All methods start where the main job starts; \
the method main-job has its other starts, too, in turn.

## Evaluations to come near the best value known

Gradients and Jacobians alike; a window that is missed counts as {budget}. In brackets the share of windows that came \
there. Errors: standard error over windows / over clips.

{evaluations}

The same with bare rollouts counted too, each at its price on its window (median {rollout_price:.3f} of a Jacobian):

{priced}

## Values reached

Decades above the best value known (mean of the logarithm), and the share of windows in which the value is not above \
that of the strongest peer, {strongest}, after as many evaluations.

{values}

## Paired differences in evaluations

Method minus {plain}, and minus {strongest}: below zero is better.

{differences}

## What classical tricks give, and what learning gives

{ladder}
"""


def as_markdown(summary: dict[str, Any], trials: Sequence[Record]) -> str:
    """The tables, for people."""
    low, high = summary["unknowns"]
    page = _PAGE.format(
        **{key: summary[key] for key in ("windows", "clips", "real_windows", "budget", "rollout_price")},
        **{key: summary[key] for key in ("plain", "strongest")},
        low=low,
        high=high,
        motions=", ".join(summary["motions"]),
        evaluations=_costs(summary, "evaluations", "ratio", with_share=True),
        priced=_costs(summary, "priced", "priced_ratio", with_share=False),
        values=_values(summary),
        differences=_differences(summary),
        ladder=_ladder(summary["methods"]),
    )
    return page + (_tuning(trials) if trials else "")


def _table(columns: dict[str, list[str]], rows: Sequence[str], corner: str = "method") -> str:
    return markdown_table(pd.DataFrame(columns, index=list(rows)).rename_axis(corner))


def _costs(summary: dict[str, Any], kind: str, ratio: str, with_share: bool) -> str:
    """Evaluations to each tolerance, and their ratios to those of plain LM and of the strongest peer."""
    lines, against = summary["methods"], summary["against"]
    columns = {}
    for tolerance in map(str, TOLERANCES):
        costs = [_with_errors(line[kind][tolerance]) for line in lines.values()]
        shares = [f" ({100 * line['solved'][tolerance]:.0f} %)" if with_share else "" for line in lines.values()]
        columns[f"{tolerance} x best"] = [cost + share for cost, share in zip(costs, shares, strict=True)]
    for other in dict.fromkeys((summary["plain"], summary["strongest"])):
        columns[f"ratio to {other}, 1.25"] = [f"{against[name][other][ratio]['1.25']:.2f}" for name in lines]
    return _table(columns, list(lines))


def _values(summary: dict[str, Any]) -> str:
    """How far above the best value known, and how often not above the strongest peer."""
    lines, against, strongest = summary["methods"], summary["against"], summary["strongest"]
    columns = {}
    for at in map(str, AT):
        columns[f"after {at}"] = [_with_errors(line["excess"][at], digits=4) for line in lines.values()]
        shares = [100 * against[name][strongest]["not_above"][at] for name in lines]
        columns[f"not above {strongest} at {at}"] = [f"{share:.0f} %" for share in shares]
    return _table(columns, list(lines))


def _differences(summary: dict[str, Any]) -> str:
    """Evaluations less those of plain LM and of the strongest peer, window by window."""
    against = summary["against"]
    columns = {
        f"{other}, {tolerance:g}": [_with_errors(row[other]["difference"][str(tolerance)]) for row in against.values()]
        for other in dict.fromkeys((summary["plain"], summary["strongest"]))
        for tolerance in TOLERANCES
    }
    return _table(columns, list(against))


def _ladder(lines: dict[str, Any]) -> str:
    """Evaluations to each tolerance from plain LM to the trained Optimus, one trick after the other."""
    rungs = {what: lines[name] for what, name in _LADDER.items() if name in lines}
    columns = {
        f"{tolerance:g} x best": [f"{line['evaluations'][str(tolerance)]['mean']:.2f}" for line in rungs.values()]
        for tolerance in TOLERANCES
    }
    return _table(columns, list(rungs), corner="")


def _tuning(trials: Sequence[Record]) -> str:
    frame = pd.DataFrame(
        {
            "options": [", ".join(f"{name} {value:g}" for name, value in row["options"].items()) for row in trials],
            "evaluations": [f"{row['evaluations']:.2f}" for row in trials],
        },
        index=[row["method"] for row in trials],
    )
    table = markdown_table(frame.rename_axis("method"))
    return f'\n## Tuning\n\nMean evaluations to 1.25 on windows of the set "tune".\n\n{table}\n'


def _with_errors(value: Mean, digits: int = 2) -> str:
    """A mean with its standard errors over windows and over clips."""
    return f"{value['mean']:.{digits}f} ± {value['error']:.{digits}f} / {value['error_over_clips']:.{digits}f}"


def draw(records: Sequence[Record], methods: Sequence[Method], folder: Path) -> None:
    """``curves.png``: the median value over the best known against evaluations; ``profile.png``: performance profile.

    The profile (Dolan and More, 2002) is the share of windows that a method brings to 1.25 of the best value known
    within so many times the evaluations of the method that was quickest there.
    """
    from matplotlib.figure import Figure

    budget = records[0]["budget"]
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    evaluations = np.arange(1, budget + 1)
    for m in methods:
        ratio = np.array([[value_at(r, m.key, e) / best_of(r) for e in evaluations] for r in records])
        low, middle, high = np.quantile(ratio, (0.25, 0.5, 0.75), axis=0) - 1
        (line,) = axes.plot(evaluations, middle, label=m.name)
        axes.fill_between(evaluations, low, high, color=line.get_color(), alpha=0.12, linewidth=0)
    axes.set_xlabel("gradients and Jacobians")
    axes.set_ylabel("value over best known, minus 1")
    axes.set_title(f"Median and quartiles over {len(records)} windows", fontsize=10)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(1e-3, None)
    axes.legend()
    _save(figure, folder / "curves.png")

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    needed = np.array([[evaluations_to(r, m.key, 1.25) for r in records] for m in methods])
    came = np.array([solved(records, m.key, 1.25) for m in methods])
    times = np.where(came, needed / needed.min(0), np.inf)
    within = np.geomspace(1, budget, 200)
    for m, row in zip(methods, times, strict=True):
        axes.step(within, [(row <= w).mean() for w in within], where="post", label=m.name)
    axes.set_xscale("log")
    axes.set_xlabel("times the evaluations of the quickest method")
    axes.set_ylabel("share of windows at 1.25 of the best")
    axes.set_ylim(0, 1.02)
    axes.legend()
    _save(figure, folder / "profile.png")


def _save(figure: Any, path: Path) -> None:
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=150)


def write(records: Sequence[Record], methods: Sequence[Method], trials: Sequence[dict[str, Any]], folder: Path) -> Path:
    """``report.json``, ``report.md`` and the pictures in a folder; returns the path of the second."""
    summary = summarize(records, methods)
    draw(records, methods, folder)
    for name, text in (
        ("report.json", json.dumps(summary | {"tuning": list(trials)}, indent=1)),
        ("report.md", as_markdown(summary, trials)),
    ):
        with atomic(folder / name) as temporary:
            temporary.write_text(text)
    return folder / "report.md"
