"""What a chart of the viewer is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from motionrecon.core.sides import split


@dataclass(frozen=True)
class Curve:
    """One line of a chart; ``side`` is ``left``, ``right`` or empty, which it is coloured by."""

    name: str
    side: str
    values: Float32[np.ndarray, " T"]


@dataclass(frozen=True)
class Chart:
    """Curves over the motion's time that share an axis.

    Attributes:
        group: the charts that share a place on the page, of which it shows one at a time.
        title: which of them this is, all that it says: it stands alone.
        unit: of the values.
        curves: NaN where there is nothing to show.
    """

    group: str
    title: str
    unit: str
    curves: tuple[Curve, ...]


def by_sides(
    group: str,
    of: str,
    unit: str,
    names: tuple[str, ...],
    values: Float[np.ndarray, "T n"],
    first: tuple[str, ...] = (),
) -> list[Chart]:
    """A chart ``of`` something for each name without its side, with the curves of both sides; the ``first`` lead."""
    found: dict[str, list[Curve]] = {}
    for i, name in enumerate(names):
        side, what = split(name)
        found.setdefault(what, []).append(Curve(name.replace("_", " "), side, values[:, i].astype(np.float32)))
    order = sorted(found, key=lambda what: first.index(what) if what in first else len(first))
    titles = {what: f"{what.replace('_', ' ')} {of}".strip().capitalize() for what in order}
    return [Chart(group, titles[what], unit, tuple(found[what])) for what in order]
