"""Tables and pictures of optimizers compared on windows: from the records of `motionrecon.research.bench.windows`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motionrecon.core.files import atomic

if TYPE_CHECKING:
    from motionrecon.research.bench.windows import Method

#: Multiples of the best value known at which a window counts as solved.
TOLERANCES = (1.5, 1.25, 1.1)
#: The evaluations at which values are compared: the main job's budget for Levenberg-Marquardt, and the benchmark's.
AT = (12, 40)
#: A value is not above another one if it is at most this much larger: rounding.
ROUNDING = 1e-6

Record = dict[str, Any]
Mean = dict[str, float]


def best_of(record: Record) -> float:
    """The lowest value known of a window: of its long runs and of all methods."""
    found = [rows[-1][3] for rows in record["runs"].values()]
    return float(min([*found, np.inf if record["best"] is None else record["best"]]))


def evaluations_to(record: Record, key: str, tolerance: float, with_rollouts: bool = False) -> float:
    """Gradients and Jacobians until a run came within `tolerance` times the best value known; the budget if it did not.

    Args:
        record: of one window.
        key: of the method.
        tolerance: at least 1.
        with_rollouts: add bare rollouts, each at its price relative to a Jacobian on this window.
    """
    goal = tolerance * best_of(record) * (1 + ROUNDING)
    budget = float(record["budget"])
    rollout = record["rollout_s"] / record["derivative_s"] if with_rollouts else 0.0
    for derivatives, rollouts, _, value in record["runs"][key]:
        if value <= goal:
            # A start that is good enough is known to be so after one evaluation.
            return float(min(max(derivatives + rollout * rollouts, 1.0), budget))
    return budget


def value_at(record: Record, key: str, evaluations: float) -> float:
    """The lowest value of a run within so many gradients and Jacobians."""
    return float(min(row[3] for row in record["runs"][key] if row[0] <= evaluations))


def mean(values: Sequence[float] | np.ndarray, groups: Sequence[str]) -> Mean:
    """Mean of values, with its standard error over the values and over the means of groups (windows of one clip)."""
    x = np.asarray(values, dtype=float)
    names = np.asarray(groups)
    by_group = np.array([x[names == name].mean() for name in sorted(set(groups))])

    def error(a: np.ndarray) -> float:
        return float(a.std(ddof=1) / np.sqrt(len(a))) if len(a) > 1 else float("nan")

    return {"mean": float(x.mean()), "error": error(x), "error_over_clips": error(by_group)}


def summarize(records: Sequence[Record], methods: Sequence[Method]) -> dict[str, Any]:
    """All figures of the report.

    Returns:
        ``methods``: for each its evaluations to each tolerance (``evaluations``; ``priced``: with rollouts), the share
        of windows that came there (``solved``), its value over the best known at each of `AT` (``excess``: mean of the
        logarithm to base ten);
        ``strongest``: the peer that needs fewest evaluations to 1.25; ``against``: for each method paired differences
        to plain LM and to the strongest peer, ratios of the means, and in which share of windows its value is not above
        the other's.
    """
    clips = [record["clip"] for record in records]
    needed = {m.name: _needed(records, m.key) for m in methods}
    priced = {m.name: _needed(records, m.key, with_rollouts=True) for m in methods}
    values = {m.name: {at: np.array([value_at(r, m.key, at) for r in records]) for at in AT} for m in methods}
    best = np.array([best_of(r) for r in records])
    lines = {
        m.name: {
            "kind": m.kind,
            "options": dict(m.hyper),
            "evaluations": {str(t): mean(needed[m.name][t], clips) for t in TOLERANCES},
            "priced": {str(t): mean(priced[m.name][t], clips) for t in TOLERANCES},
            "solved": {str(t): float(solved(records, m.key, t).mean()) for t in TOLERANCES},
            "excess": {str(at): mean(np.log10(values[m.name][at] / best), clips) for at in AT},
        }
        for m in methods
    }
    peers = [m.name for m in methods if m.kind == "peer"] or list(lines)
    strongest = min(peers, key=lambda name: needed[name][1.25].mean())
    plain = "lm-plain" if "lm-plain" in lines else strongest
    against = {
        name: {
            other: {
                "difference": {str(t): mean(needed[name][t] - needed[other][t], clips) for t in TOLERANCES},
                "ratio": {str(t): _ratio(needed[name][t], needed[other][t]) for t in TOLERANCES},
                "priced_ratio": {str(t): _ratio(priced[name][t], priced[other][t]) for t in TOLERANCES},
                "not_above": {
                    str(at): float((values[name][at] <= values[other][at] * (1 + ROUNDING)).mean()) for at in AT
                },
            }
            for other in dict.fromkeys((plain, strongest))
        }
        for name in lines
    }
    return {
        "windows": len(records),
        "clips": len(set(clips)),
        "motions": sorted({record["motion"] for record in records}),
        "real_windows": sum(record["real"] for record in records),
        "unknowns": [min(r["unknowns"] for r in records), max(r["unknowns"] for r in records)],
        "budget": records[0]["budget"],
        "rollout_price": float(np.median([r["rollout_s"] / r["derivative_s"] for r in records])),
        "methods": lines,
        "plain": plain,
        "strongest": strongest,
        "against": against,
    }


def _needed(records: Sequence[Record], key: str, with_rollouts: bool = False) -> dict[float, np.ndarray]:
    return {t: np.array([evaluations_to(r, key, t, with_rollouts) for r in records]) for t in TOLERANCES}


def _ratio(a: np.ndarray, b: np.ndarray) -> float:
    return float(a.mean() / b.mean())


def solved(records: Sequence[Record], key: str, tolerance: float) -> np.ndarray:
    """(windows,) whether a method came within `tolerance` times the best value known."""
    return np.array([value_at(r, key, r["budget"]) <= tolerance * best_of(r) * (1 + ROUNDING) for r in records])


def as_markdown(summary: dict[str, Any], trials: Sequence[dict[str, Any]]) -> str:
    """The tables."""
    lines, plain, strongest = summary["methods"], summary["plain"], summary["strongest"]
    low, high = summary["unknowns"]
    text = [
        "# Optimizers on window problems",
        "",
        f"{summary['windows']} windows of 0.3 to 0.8 s ({low} to {high} unknowns) from {summary['clips']} clips of the "
        f"motions {', '.join(summary['motions'])}, on which nothing was trained or tuned; {summary['real_windows']} "
        "windows are of real videos. All methods start where the main job starts.",
        "",
        "## Evaluations to come near the best value known",
        "",
        f"Gradients and Jacobians alike; a window that is missed counts as {summary['budget']}. In brackets the share "
        "of windows that came there. Errors: standard error over windows / over clips.",
        "",
        f"| method | {' | '.join(f'{t:g} x best' for t in TOLERANCES)} | ratio to {plain}, 1.25 "
        f"| ratio to {strongest}, 1.25 |",
        "| --- |" + " --- |" * (len(TOLERANCES) + 2),
    ]
    for name, line in lines.items():
        cells = [
            f"{_with_errors(line['evaluations'][str(t)])} ({100 * line['solved'][str(t)]:.0f} %)" for t in TOLERANCES
        ]
        ratios = [f"{summary['against'][name][other]['ratio']['1.25']:.2f}" for other in (plain, strongest)]
        text.append(f"| {name} | {' | '.join([*cells, *ratios])} |")
    text += [
        "",
        f"The same with bare rollouts counted too, each at its price on its window (median "
        f"{summary['rollout_price']:.3f} of a Jacobian):",
        "",
        f"| method | {' | '.join(f'{t:g} x best' for t in TOLERANCES)} | ratio to {plain}, 1.25 "
        f"| ratio to {strongest}, 1.25 |",
        "| --- |" + " --- |" * (len(TOLERANCES) + 2),
    ]
    for name, line in lines.items():
        cells = [_with_errors(line["priced"][str(t)]) for t in TOLERANCES]
        ratios = [f"{summary['against'][name][other]['priced_ratio']['1.25']:.2f}" for other in (plain, strongest)]
        text.append(f"| {name} | {' | '.join([*cells, *ratios])} |")
    text += [
        "",
        "## Values reached",
        "",
        "Decades above the best value known (mean of the logarithm), and the share of windows in which the value is "
        f"not above that of the strongest peer, {strongest}, after as many evaluations.",
        "",
        "| method | " + " | ".join(f"after {at} | not above {strongest}" for at in AT) + " |",
        "| --- |" + " --- | --- |" * len(AT),
    ]
    for name, line in lines.items():
        cells = [
            f"{line['excess'][str(at)]['mean']:.4f} ± {line['excess'][str(at)]['error']:.4f} / "
            f"{line['excess'][str(at)]['error_over_clips']:.4f} | "
            f"{100 * summary['against'][name][strongest]['not_above'][str(at)]:.0f} %"
            for at in AT
        ]
        text.append(f"| {name} | {' | '.join(cells)} |")
    text += [
        "",
        "## Paired differences in evaluations",
        "",
        f"Method minus {plain}, and minus {strongest}: below zero is better.",
        "",
        "| method | "
        + " | ".join(f"{other}, {t:g}" for other in dict.fromkeys((plain, strongest)) for t in TOLERANCES)
        + " |",
        "| --- |" + " --- |" * len(TOLERANCES) * len({plain, strongest}),
    ]
    for name, against in summary["against"].items():
        cells = [_with_errors(other["difference"][str(t)]) for other in against.values() for t in TOLERANCES]
        text.append(f"| {name} | {' | '.join(cells)} |")
    text += ["", "## What classical tricks give, and what learning gives", "", *_steps(lines)]
    if trials:
        text += ["", "## Tuning", "", 'Mean evaluations to 1.25 on windows of the set "tune".', ""]
        text += ["| method | options | evaluations |", "| --- | --- | --- |"]
        for row in trials:
            options = ", ".join(f"{name} {value:g}" for name, value in row["options"].items())
            text.append(f"| {row['method']} | {options} | {row['evaluations']:.2f} |")
    return "\n".join(text) + "\n"


def _steps(lines: dict[str, Any]) -> list[str]:
    """Evaluations to each tolerance from plain LM to the trained Optimus, one trick after the other."""
    ladder = [
        ("plain Levenberg-Marquardt", "lm-plain"),
        ("with damping search and Broyden updates (classical)", "lm"),
        ("Optimus untrained (its frame, no learning)", "optimus-untrained"),
        ("Optimus trained (learning)", "optimus"),
    ]
    rows = ["| | " + " | ".join(f"{t:g} x best" for t in TOLERANCES) + " |", "| --- |" + " --- |" * len(TOLERANCES)]
    for what, name in ladder:
        if name in lines:
            cells = [f"{lines[name]['evaluations'][str(t)]['mean']:.2f}" for t in TOLERANCES]
            rows.append(f"| {what} | {' | '.join(cells)} |")
    return rows


def _with_errors(value: Mean) -> str:
    return f"{value['mean']:.2f} ± {value['error']:.2f} / {value['error_over_clips']:.2f}"


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
