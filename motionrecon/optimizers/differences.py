"""Derivatives by difference quotients, which stay within bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

#: Relative steps that balance rounding and curvature (Nocedal and Wright, section 8.1), by SciPy's names of schemes.
STEPS = {"2-point": np.finfo(float).eps ** (1 / 2), "3-point": np.finfo(float).eps ** (1 / 3)}
#: Further values that a scheme takes for each unknown.
VALUES = {"2-point": 1, "3-point": 2}


def quotients(
    fun: Callable[[np.ndarray], np.ndarray],
    x: Float[np.ndarray, " n"],
    here: Float[np.ndarray, " m"],
    scheme: str,
    lower: Float[np.ndarray, " n"] | float = -np.inf,
    upper: Float[np.ndarray, " n"] | float = np.inf,
) -> Float[np.ndarray, "m n"]:
    """The derivative at ``x`` of ``fun``, which is ``here`` there.

    Args:
        fun: of points (n,), gives (m,).
        x: the point.
        here: the value there.
        scheme: one of `STEPS`.
        lower, upper: no point beyond these is asked for; where there is room on one side only, the quotient is of
            that side.
    """
    lower, upper = np.broadcast_to(lower, x.shape), np.broadcast_to(upper, x.shape)
    columns = []
    for i, h in enumerate(STEPS[scheme] * np.maximum(1.0, np.abs(x))):

        def at(step: float, i: int = i) -> tuple[float, Any]:
            point = x.copy()
            point[i] = min(max(x[i] + step, lower[i]), upper[i])
            return float(point[i] - x[i]), fun(point)

        room_above, room_below = upper[i] - x[i], x[i] - lower[i]
        if scheme == "3-point" and min(room_above, room_below) >= h:
            (ahead, above), (behind, below) = at(h), at(-h)
            columns.append((above - below) / (ahead - behind))
            continue
        side = h if room_above >= min(h, room_below) else -h
        if scheme == "2-point":
            step, there = at(side)
            columns.append((there - here) / step if step else np.zeros_like(here))
        else:  # the parabola through three points on one side
            (near, close), (far, away) = at(side / 2), at(side)
            if not near or far == near:
                columns.append(np.zeros_like(here))
                continue
            slopes = (close - here) / near, (away - here) / far
            columns.append((slopes[0] * far - slopes[1] * near) / (far - near))
    return np.stack(columns, axis=1)
