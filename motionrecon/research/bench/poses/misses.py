"""What still fails: the poses of each split whose joints end farthest from the truth, beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.core.files import atomic
from motionrecon.core.landmarks import BONES, INDEX
from motionrecon.research.bench.poses.measure import SplitResult

#: Poses shown of each split.
SHOWN = 6
_PAIRS = [(INDEX[a], INDEX[b]) for a, b in BONES]


def draw_misses(results: dict[str, SplitResult], picture: Path) -> None:
    """The worst of the first method, as the camera sees them and from the side, the truth in grey."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2 * SHOWN, 4.4 * len(results)), layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(2 * len(results), SHOWN, squeeze=False)
    for axes in rows.ravel():
        axes.set_axis_off()
    for k, (split, result) in enumerate(results.items()):
        name, found = next(iter(result.by_method.items()))
        for column, task in enumerate(np.argsort(-found.mpjpe)[:SHOWN]):
            above = found.history[task, -1] / result.best[task]
            rows[2 * k, column].set_title(f"{1000 * found.mpjpe[task]:.0f} mm, f x {above:.2g}", fontsize=8)
            for row, across in ((2 * k, 0), (2 * k + 1, 1)):
                _stick(rows[row, column], result.truth[task], across, "0.6")
                _stick(rows[row, column], found.points[task], across, "tab:red")
        for row, label in ((2 * k, "seen"), (2 * k + 1, "from the side")):
            rows[row, 0].annotate(
                f"{split}, {name}\n{label}", (0, 0.5), (-24, 0), "axes fraction", "offset points",
                rotation=90, fontsize=7, va="center",
            )  # fmt: skip
    with atomic(picture) as path:
        figure.savefig(path, dpi=90, format="png")


def _stick(axes: Any, points: Float[np.ndarray, "P 3"], across: int, colour: str) -> None:
    """A stick figure about its hips."""
    points = points - 0.5 * (points[INDEX["left_hip"]] + points[INDEX["right_hip"]])
    for a, b in _PAIRS:
        axes.plot(points[[a, b], across], points[[a, b], 2], color=colour, linewidth=1.2)
    axes.set_aspect("equal")
