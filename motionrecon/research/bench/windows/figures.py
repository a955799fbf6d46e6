"""The figures of the comparison on windows, from the records of `measure`: evaluations, values, paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from motionrecon.research.bench.windows.methods import Method

#: Multiples of the best value known at which a window counts as solved.
TOLERANCES = (1.5, 1.25, 1.1)
#: The evaluations at which values are compared: the main job's budget for Levenberg-Marquardt, and the benchmark's.
AT = (12, 40)
#: A value is not above another one if it is at most this much larger: rounding.
ROUNDING = 1e-6

Record = dict[str, Any]
Mean = dict[str, float]


def best_of(record: Record) -> float:
    """The best value known of a window, frozen; where nobody looked for it, the lowest of all methods."""
    if record["best"] is not None:
        return float(record["best"])
    return float(min(rows[-1][3] for rows in record["runs"].values()))


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
