"""Axes along which a function is a sum: n searches in one unknown instead of one search in n unknowns.

A function may be a sum of functions of one unknown each, but of unknowns that nobody wrote down:

    f(x) = sum over i of phi_i(q_i . x),        Q grad f(x) = (phi_1'(q_1 . x), ..., phi_n'(q_n . x)),

with orthonormal axes q_i, the rows of Q. Then every Hessian Q' diag(phi_i'') Q has the axes as its eigenvectors, one
gradient tells of all the phi_i', and each axis may choose the place where it wants to know its own. So where a search
for minima has to look far anyway, and evaluations suffice:

1. curvature: the Hessian at a point near the best dent, by n differences of gradients; its eigenvectors are the axes,
   if there are any;
2. probe: move along every other axis only. Where f is such a sum the gradient along the axes at rest does not change.
   Where it changes a little, two eigenvalues may have been alike: a second Hessian, on the other side of the dent, is
   added to the first one. Where it changes much there are no such axes, and the search goes on without;
3. integrate each phi_i' by adaptive quadrature (the interval whose estimated error matters most is split, as in
   Gonnet, "A review of error estimation in adaptive quadrature", 2012), until the errors are small or do not shrink;
4. land at the lowest point of each phi_i, with the Hessian that the phi_i'' make there, and search locally.

Sums along hidden axes are what most classical test functions are when they are rotated; of other problems only the
probe can say. The order of the eigenvalues and the start's gradient decide about orders and signs, so the points
permute with the unknowns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.optimus.exploration.modes import CURVE, LAND, PROBE, QUADRATURE
from motionrecon.optimus.rows import Rows
from motionrecon.optimus.state import Axes, RuleState

#: Intervals may become this many, and the grid with which each axis begins has this many points.
ROOM, GRID = 240, 8
#: Distance of the Hessian's point from the dent over that of the ladder's last rung, and difference of its gradients.
ASIDE, DIFFERENCE = 0.05, 1e-8
#: Change of the gradient along axes at rest over that along moved ones: up to TIGHT it is rounding; above LOOSE there
#: are no axes.
TIGHT, LOOSE = 1e-3, 0.25
#: Error of the integrals over their range that is small enough, and that from which it must shrink.
RESOLVED, ROUGH = 1e-4, 0.1
#: Splits after which the error must be SHRUNK times what it was after half of them, or it is ripples all the way.
TRIAL, SHRUNK = 32, 0.6
#: Share of its interval, around the middle, in which a split may lie: equal steps would fall into step with ripples.
JITTER = 0.3
#: Evaluations kept for the landing; those that a search along axes takes at least beside the Hessian.
TAIL, LEAST = 8, 20
#: Points within an interval at which its phi is looked at.
_WITHIN = 8


def begin(x: Float[np.ndarray, "P n"], budget: int) -> Axes:
    """A fresh state, for starts ``x``; a budget of 0 stands for never."""
    batch, n = x.shape
    zero, one, no = np.zeros(batch), np.ones(batch), np.zeros(batch, dtype=bool)
    n = n if budget else 0
    room = max(GRID + 2, min(ROOM, budget)) if budget else 0
    return Axes(
        Q=np.zeros((batch, n, n)),
        tried=no if budget else ~no,
        failed=no,
        scale=one,
        hessian=np.zeros((batch, n, n)),
        hessian_gradient=np.zeros((batch, n)),
        side=one,
        count=zero,
        at=np.zeros((batch, n)),
        predicted=np.zeros((batch, n)),
        interval=np.zeros((batch, n)),
        u=np.full((batch, n, room), np.inf),
        slope=np.zeros((batch, n, room)),
        error=np.zeros((batch, n, room)),
        rough=zero,
    )


def affordable(state: RuleState, steep: Bool[np.ndarray, " P"]) -> Bool[np.ndarray, " P"]:
    """Whether to look for axes: always where there is no bowl, else only where a search for a bowl remains."""
    n, remaining = state.search.x.shape[-1], state.search.remaining
    enough = remaining >= n + LEAST
    ample = remaining >= 3 * n + 2 * (TRIAL + GRID)
    can: np.ndarray = ~state.axes.tried & enough & (steep | ample)
    return can


def enter(state: RuleState, where: Bool[np.ndarray, " P"], distance: Float[np.ndarray, " P"]) -> RuleState:
    """Begin with the Hessian in the problems marked by ``where``; ``distance`` is the farthest to look."""
    if not where.any():
        return state
    return state.replace(
        search=state.search.where(where, mode=CURVE),
        axes=state.axes.where(where, tried=True, count=0.0, scale=distance),
    )


@dataclass(frozen=True)
class _Looking(Rows):
    """The problems of a batch that are here, few at any time: what this module reads of them, and what it sets.

    Attributes:
        axes: its own.
        remaining: evaluations left.
        key, base_x, base_g: of the trend: what directions are made of, and the best minimum.
        mode, B, unscaled: of the local search, set for the landing.
        landing: where that is.
    """

    axes: Axes
    remaining: Float[np.ndarray, " p"]
    key: Float[np.ndarray, "p n"]
    base_x: Float[np.ndarray, "p n"]
    base_g: Float[np.ndarray, "p n"]
    mode: Float[np.ndarray, " p"]
    B: Float[np.ndarray, "p n n"]
    unscaled: Bool[np.ndarray, " p"]
    landing: Float[np.ndarray, "p n"]

    @classmethod
    def of(cls, state: RuleState, rows: np.ndarray | slice) -> _Looking:
        search, trend = state.search, state.trend
        return cls(
            axes=state.axes.replace(**{name: a[rows] for name, a in state.axes.arrays()}),
            remaining=search.remaining[rows],
            key=trend.key[rows],
            base_x=trend.base.x[rows],
            base_g=trend.base.g[rows],
            mode=search.mode[rows],
            B=search.B[rows],
            unscaled=search.unscaled[rows],
            landing=trend.landing[rows],
        )

    def changed(self, **axes: np.ndarray) -> _Looking:
        """With other fields of ``axes``."""
        return self.replace(axes=self.axes.replace(**axes))


def point(state: RuleState) -> tuple[Float[np.ndarray, "P n"], RuleState]:
    """The next point where the mode is one of this module's (elsewhere: anything finite), and the state."""
    here = state.search.mode >= CURVE
    x = state.trend.base.x
    if not here.any():
        return x, state
    rows = _rows(here)
    before = _Looking.of(state, rows)
    there, after = _point(before)
    x = x.copy()
    x[rows] = there
    return x, _put_back(state, rows, before, after)


def _point(looking: _Looking) -> tuple[np.ndarray, _Looking]:
    """`point` where all problems are of this module's modes."""
    mode, x, axes, key = looking.mode, looking.base_x, looking.axes, looking.key
    scale = axes.scale[:, None]
    aside = np.sin(997.0 * key) * axes.side[:, None]
    # Which unknown is moved is decided by the key's order, not by the index: see the module's last paragraph.
    order = key.argsort(-1).argsort(-1)
    moved = order == (axes.count - 1)[:, None]
    curve = x + scale * (ASIDE * aside + DIFFERENCE * moved)
    along = np.zeros_like(x)
    along[:, 1::2] = -1.0
    grid = np.broadcast_to((2 * axes.count / (GRID - 1) - 1)[:, None], x.shape)
    at = np.where((mode == PROBE)[:, None], along, grid)
    splitting = (mode == QUADRATURE) & (axes.count >= GRID)
    if splitting.any():
        interval, u, predicted = _split(looking)
        at = np.where(splitting[:, None], u, at)
        looking = looking.changed(interval=interval, predicted=predicted)
    looking = looking.changed(at=at)
    away = (axes.Q.swapaxes(1, 2) @ at[..., None])[..., 0]
    return np.where((mode == CURVE)[:, None], curve, x + scale * away), looking


def observe(
    state: RuleState, x: Float[np.ndarray, "P n"], g: Float[np.ndarray, "P n"], valid: Bool[np.ndarray, " P"]
) -> RuleState:
    """Take in the gradient ``g`` at ``x`` where the mode is one of this module's.

    Afterwards ``axes.failed`` says where the search must go on without axes, and the mode is the rule's landing where
    the lowest points are known.
    """
    here = state.search.mode >= CURVE
    if not here.any():
        return state
    rows = _rows(here)
    before = _Looking.of(state, rows)
    mode, valid, x, g = before.mode, valid[rows], x[rows], g[rows]
    after = before.replace(axes=before.axes.where(~valid, failed=True))
    after = _curved(after, x, g, (mode == CURVE) & valid)
    after = _probed(after, g, (mode == PROBE) & valid)
    after = _integrated(after, g, (mode == QUADRATURE) & valid)
    return _put_back(state, rows, before, after)


def _rows(here: Bool[np.ndarray, " P"]) -> np.ndarray | slice:
    """The problems marked by ``here``; of all of them nothing is copied."""
    return slice(None) if here.all() else np.nonzero(here)[0]


def _put_back(state: RuleState, rows: np.ndarray | slice, before: _Looking, after: _Looking) -> RuleState:
    """The state with what differs between ``before`` and ``after``."""

    def put(whole: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
        if new is old:
            return whole
        if isinstance(rows, slice):
            return new
        whole = whole.copy()
        whole[rows] = new
        return whole

    olds = dict(before.axes.arrays())
    axes = {name: put(getattr(state.axes, name), olds[name], new) for name, new in after.axes.arrays()}
    search = {
        name: put(getattr(state.search, name), getattr(before, name), getattr(after, name))
        for name in ("mode", "B", "unscaled")
    }
    landing = put(state.trend.landing, before.landing, after.landing)
    return state.replace(
        axes=state.axes.replace(**axes),
        search=state.search.replace(**search),
        trend=state.trend.replace(landing=landing),
    )


def _curved(looking: _Looking, x: np.ndarray, g: np.ndarray, curve: np.ndarray) -> _Looking:
    """A column of the Hessian, and after the last one the axes."""
    axes, key, n = looking.axes, looking.key, x.shape[-1]
    first = curve & (axes.count == 0)
    axes = axes.where(first, hessian_gradient=g)
    order = key.argsort(-1).argsort(-1)
    moved = (order == (axes.count - 1)[:, None]) & (curve & ~first)[:, None]
    column = (g - axes.hessian_gradient) / (DIFFERENCE * axes.scale)[:, None]
    axes = axes.replace(
        hessian=axes.hessian + moved[:, :, None] * column[:, None, :],
        count=axes.count + curve,
    )
    over = curve & (axes.count > n)
    if not over.any():
        return looking.replace(axes=axes)
    hessian = np.where(over[:, None, None], axes.hessian, 0.0)
    hessian = (hessian + hessian.swapaxes(1, 2)) / 2
    size = np.maximum(np.abs(hessian).max((1, 2)), 1e-300)
    sound: Bool[np.ndarray, " p"] = np.array(np.isfinite(hessian).all((1, 2)))
    Q = np.linalg.eigh(np.where(sound[:, None, None], hessian / size[:, None, None], 0.0))[1].swapaxes(1, 2)
    Q = Q * np.where((Q * key[:, None]).sum(-1) < 0, -1.0, 1.0)[:, :, None]
    axes = axes.where(over & sound, Q=Q).where(over & ~sound, failed=True)
    return looking.replace(axes=axes, mode=np.where(over, PROBE, looking.mode))


def _probed(looking: _Looking, g: np.ndarray, probe: np.ndarray) -> _Looking:
    """Whether the axes at rest noticed that the others moved."""
    axes, n = looking.axes, g.shape[-1]
    along, before = _times(axes.Q, g), _times(axes.Q, looking.base_g)
    change = np.abs(along - before)
    still = change[:, 0::2].mean(-1)
    moved = change[:, 1::2].mean(-1) if n > 1 else np.ones_like(still)
    leak = still / np.maximum(moved, 1e-300)
    if n == 1:  # one axis is always one
        leak = np.zeros_like(leak)
    again = probe & (leak > TIGHT) & (axes.side > 0) & (looking.remaining >= n + LEAST)
    axes = axes.where(again, side=-1.0).where(probe & ~again & ~(leak < LOOSE), failed=True)
    # The rule's base is a point of every axis, at 0.
    u = np.full_like(axes.u, np.inf)
    u[..., 0] = 0.0
    slope = np.zeros_like(axes.slope)
    slope[..., 0] = before * axes.scale[:, None]
    axes = axes.where(probe & ~again, u=u, slope=slope, error=0.0).where(probe, count=0.0)
    mode = np.where(again, CURVE, np.where(probe, QUADRATURE, looking.mode))
    return looking.replace(axes=axes, mode=mode)


def _integrated(looking: _Looking, g: np.ndarray, quadrature: np.ndarray) -> _Looking:
    """One more point on every axis; at the end the landing."""
    if not quadrature.any():
        return looking
    axes = looking.axes
    u, slope, error, count = axes.u, axes.slope, axes.error, axes.count
    room = u.shape[-1]
    new = _times(axes.Q, g) * axes.scale[:, None]
    splitting = quadrature & (count >= GRID)
    wrong = np.abs(new - axes.predicted) / 2  # a split halves an error that does not shrink
    index = np.arange(room)
    split = splitting[:, None, None] & (index == axes.interval[..., None])
    error = np.where(split, wrong[..., None], error)
    slot = quadrature[:, None, None] & (index == (count + 1)[:, None, None])
    u = np.where(slot, axes.at[..., None], u)
    slope = np.where(slot, new[..., None], slope)
    error = np.where(slot, np.where(splitting[:, None], wrong, 0.0)[..., None], error)
    order = u.argsort(-1, kind="stable")
    u, slope, error = (np.take_along_axis(a, order, -1) for a in (u, slope, error))
    count = count + quadrature
    # Nothing is known yet about the intervals of the grid: their error is of the size of the slopes.
    gridded = quadrature & (count == GRID)
    unknown = np.abs(slope).max(-1, keepdims=True) * (index < GRID)
    error = np.where(gridded[:, None, None], unknown, error)
    axes = axes.replace(u=u, slope=slope, error=error, count=count)

    look = quadrature & (count >= GRID)
    if not look.any():
        return looking.replace(axes=axes)
    known = _known(axes, looking.mode)
    u, slope, error = u[..., :known], slope[..., :known], error[..., :known]
    phi, width, bend = _integrals(u, slope)
    filled = u[..., 1:] < np.inf
    highest = np.where(filled, phi.max(-1), -np.inf).max(-1)
    span = highest - np.where(filled, phi.min(-1), np.inf).min(-1)
    errors = np.sqrt(np.square(error[..., :-1] * width).sum(-1)) / np.maximum(span, 1e-300)
    rough = np.sort(errors, -1)[:, (errors.shape[-1] - 1) // 2]  # the lower one of two in the middle
    axes = axes.where(look & (count == GRID + TRIAL // 2), rough=rough)
    tried = look & (count == GRID + TRIAL)
    hopeless = tried & (rough > ROUGH) & (rough > SHRUNK * axes.rough)
    full = (count + 2 >= room) | (looking.remaining <= TAIL)
    axes = axes.where(hopeless & ~full, failed=True)
    looking = looking.replace(axes=axes)
    land = look & ~hopeless & ((errors.max(-1) < RESOLVED) | full)
    if not land.any():
        return looking
    lowest = np.where(filled[..., None], phi, np.inf).reshape(*phi.shape[:2], -1).argmin(-1)
    j = (lowest // (_WITHIN + 1))[..., None]
    share = lowest % (_WITHIN + 1) / _WITHIN
    left, right = _at(u, j), _at(u, j + 1)
    at = left + share * (right - left)
    stiffness = _at(bend, j) * (1 - share) + _at(bend, j + 1) * share
    stiffness = np.abs(stiffness) / np.square(axes.scale)[:, None]
    stiffness = np.maximum(np.maximum(stiffness, 1e-3 * stiffness.max(-1, keepdims=True)), 1e-300)
    Q = axes.Q
    landing = looking.base_x + axes.scale[:, None] * _times(Q.swapaxes(1, 2), at)
    B = (Q / stiffness[..., None]).swapaxes(1, 2) @ Q
    return looking.where(land, landing=landing, B=B, unscaled=False, mode=LAND)


def _basis() -> Float[np.ndarray, "4 9"]:
    """Integrals from the left end to each point within, of the cubics with one slope or one bend at one end."""
    x = np.linspace(0, 1, _WITHIN + 1)
    of_ends = (x - x**3 + x**4 / 2, x**3 - x**4 / 2)
    of_bends = (x**2 / 2 - 2 * x**3 / 3 + x**4 / 4, x**4 / 4 - x**3 / 3)
    return np.stack([*of_ends, *of_bends])


_BASIS = _basis()


def _integrals(u: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """phi (P, n, m - 1, 9) within each interval, widths (P, n, m - 1) and phi'' at the points (P, n, m).

    phi' is the cubic through the points (u, slope), whose derivatives there are those of parabolas through three.
    """
    finite = u < np.inf
    width = np.where(finite[..., 1:], u[..., 1:] - np.where(finite, u, 0.0)[..., :-1], 0.0)
    rate = np.where(width > 0, (slope[..., 1:] - slope[..., :-1]) / np.maximum(width, 1e-300), 0.0)
    before, after = width[..., :-1], width[..., 1:]
    inner = (rate[..., :-1] * after + rate[..., 1:] * before) / np.maximum(before + after, 1e-300)
    inner = np.where(after > 0, inner, rate[..., :-1])  # the last point has one neighbour
    bend = np.concatenate([rate[..., :1], inner, rate[..., -1:]], -1)
    ends = width * slope[..., :-1], width * slope[..., 1:]
    bends = width * width * bend[..., :-1], width * width * bend[..., 1:]
    part = np.stack([*ends, *bends], -1) @ _BASIS
    base = part[..., -1].cumsum(-1) - part[..., -1]
    return base[..., None] + part, width, bend


def _known(axes: Axes, mode: np.ndarray) -> int:
    """Slots beyond which no axis has a point: this arithmetic is the dearest of a step."""
    room: int = axes.u.shape[-1]
    return min(int(np.where(mode == QUADRATURE, axes.count, GRID).max()) + 1, room)


def _split(looking: _Looking) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each axis the interval to split (P, n), where, and the slope expected there."""
    axes = looking.axes
    known = _known(axes, looking.mode)
    u, slope, error = (a[..., :known] for a in (axes.u, axes.slope, axes.error))
    phi, width, bend = _integrals(u, slope)
    filled = u[..., 1:] < np.inf
    error = np.where(filled, error[..., :-1] * width, 0.0)
    low = np.where(filled, phi.min(-1), np.inf)
    at = low.argmin(-1)[..., None]
    best = np.take_along_axis(low, at, -1)
    # The error of the difference between the lowest points of an interval and of the best one: what lies between.
    total = np.concatenate([np.zeros_like(best), np.square(error).cumsum(-1)], -1)
    index = np.arange(width.shape[-1])
    between = np.take_along_axis(total, index + (index >= at), -1) - np.take_along_axis(total, at + (index < at), -1)
    doubt = np.sqrt(np.abs(between)) + error
    above = np.maximum(low - error - best, 0)
    # An interval that cannot matter is looked at all the same once its error is fifty times that of one that can.
    hope = np.exp(-above / np.maximum(doubt, 1e-300)) + 0.02
    j = np.where(filled, error * hope, -1.0).argmax(-1)[..., None]
    number = np.arange(u.shape[1])
    x = (0.618034 * (number + 7 * axes.count[:, None])) % 1
    x = 0.5 + JITTER * (x - 0.5)
    wide = _at(width, j)
    left, right = _at(slope, j), _at(slope, j + 1)
    bent, straightened = _at(bend, j), _at(bend, j + 1)
    predicted = left * (1 - 3 * x**2 + 2 * x**3) + right * (3 * x**2 - 2 * x**3)
    predicted = predicted + wide * (bent * (x - 2 * x**2 + x**3) + straightened * (x**3 - x**2))
    return j[..., 0].astype(float), _at(u, j) + x * wide, predicted


def _times(A: np.ndarray, v: np.ndarray) -> np.ndarray:
    found: np.ndarray = (A @ v[..., None])[..., 0]
    return found


def _at(a: Float[np.ndarray, "p n K"], j: Int[np.ndarray, "p n 1"]) -> Float[np.ndarray, "p n"]:
    """Entry ``j`` of each axis."""
    found: np.ndarray = np.take_along_axis(a, j, -1)[..., 0]
    return found
