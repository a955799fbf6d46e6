"""Pictures of the benchmark of optimizers: performance profiles and loss curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motionrecon.core.files import atomic
from motionrecon.research.bench.functions.tables import Table, role

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: A run has converged, for a profile, once this share of the start's gap is left over the best that any method found.
CONVERGED = 1e-3
_LARGEST_RATIO = 32.0


def evaluations_to_best(results: Table) -> dict[str, np.ndarray]:
    """Evaluations that each method needed to converge, as Moré and Wild (2009) define it, on all functions.

    Converged: f <= f_L + 1e-3 (f_0 - f_L), where f_L is the lowest value that any method found on that instance within
    the budget. ``inf`` where it never was. Each array is (L, problems), L training seeds.
    """
    names = list(next(iter(results.values())))
    found: dict[str, list[np.ndarray]] = {method: [] for method in results}
    for name in names:
        gaps = {method: 10.0 ** entries[name].log_gap for method, entries in results.items()}  # (L, P, budget)
        lowest = np.min([gap[..., -1].min(0) for gap in gaps.values()], axis=0)  # (P,)
        goal = lowest + CONVERGED * (1 - lowest)
        for method, gap in gaps.items():
            hit = gap <= goal[:, None]
            found[method].append(np.where(hit.any(-1), hit.argmax(-1) + 1.0, np.inf))
    return {method: np.concatenate(parts, axis=1) for method, parts in found.items()}


def performance_profile(costs: dict[str, np.ndarray], ratios: np.ndarray) -> dict[str, np.ndarray]:
    """Dolan and Moré's (2002) profiles: the share of problems on which a method's cost is at most ``ratio`` times the
    least of all methods, for each of ``ratios`` (R,). Costs are (L, problems), ``inf`` for a failure; the profiles are
    means over L."""
    least = np.min([cost.min(0) for cost in costs.values()], axis=0)
    shares = {}
    for method, cost in costs.items():
        with np.errstate(invalid="ignore"):
            ratio = cost / least  # nan where all failed: never within a ratio
        shares[method] = (ratio[..., None] <= ratios).mean((0, 1))
    return shares


def draw_profile(results: Table, title: str, path: Path) -> None:
    """Write the performance profiles of all methods as a picture."""
    ratios = np.geomspace(1, _LARGEST_RATIO, 200)
    shares = performance_profile(evaluations_to_best(results), ratios)
    figure, axes = _figure(8.0, 5.0)
    for method, style in _styles(list(results)).items():
        axes.step(ratios, shares[method], where="post", label=method, **style)
    axes.set_xscale("log", base=2)
    axes.set_xlim(1, _LARGEST_RATIO)
    axes.set_ylim(0, 1)
    axes.set_xlabel("evaluations over those of the fastest method")
    axes.set_ylabel("share of problems")
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    _save(figure, path)


def draw_curves(results: Table, title: str, path: Path) -> None:
    """Write the median gap over evaluations, one panel a function, as a picture."""
    names = list(next(iter(results.values())))
    columns = min(6, len(names))
    rows = -(-len(names) // columns)
    figure, panels = _figure(2.6 * columns + 1.6, 2.1 * rows + 0.5, rows, columns)
    flat = np.atleast_1d(panels).ravel()
    styles = _styles(list(results))
    for axes, name in zip(flat, names, strict=False):
        for method, style in styles.items():
            curve = np.median(results[method][name].log_gap, axis=(0, 1))
            axes.plot(np.arange(1, len(curve) + 1), np.maximum(curve, -6), label=method, **style)
        axes.set_title(name, fontsize=8)
        axes.tick_params(labelsize=6)
        axes.grid(alpha=0.3)
    for axes in flat[len(names) :]:
        axes.set_axis_off()
    figure.supxlabel("evaluations", fontsize=8)
    figure.supylabel("median log10 of the gap over that at the start", fontsize=8)
    figure.suptitle(title, fontsize=10)
    handles, labels = flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=7, loc="outside right center", frameon=False)
    _save(figure, path)


def _figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    """A figure that needs no display and leaves the user's pyplot alone."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns)


def _save(figure: Figure, path: Path) -> None:
    with atomic(path) as temporary:
        figure.savefig(temporary)


def _styles(methods: Sequence[str]) -> dict[str, dict[str, object]]:
    """Subjects thick and black, peers coloured, controls dashed."""
    colours = iter([f"C{k % 10}" for k in range(100)])
    styles: dict[str, dict[str, object]] = {}
    for method in methods:
        kind = role(method)
        if kind == "subject":
            styles[method] = {"color": "black", "linewidth": 2.2, "zorder": 5}
        else:
            styles[method] = {
                "color": next(colours),
                "linewidth": 1.1,
                "linestyle": "--" if kind == "control" else "-",
            }
    return styles
