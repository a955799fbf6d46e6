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

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionrecon.optimus.batched import Batched
from motionrecon.optimus.exploration.modes import CURVE, LAND, PROBE, QUADRATURE, some
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


def begin(x: Float[Tensor, "P n"], budget: int) -> Axes:
    """A fresh state, for starts ``x``; a budget of 0 stands for never."""
    batch, n = x.shape
    zero = x.new_zeros(batch)
    one, no = torch.ones_like(zero), torch.zeros_like(zero, dtype=torch.bool)
    n = n if budget else 0
    room = max(GRID + 2, min(ROOM, budget)) if budget else 0
    return Axes(
        Q=x.new_zeros(batch, n, n),
        tried=no if budget else ~no,
        failed=no,
        scale=one,
        hessian=x.new_zeros(batch, n, n),
        hessian_gradient=x.new_zeros(batch, n),
        side=one,
        count=zero,
        at=x.new_zeros(batch, n),
        predicted=x.new_zeros(batch, n),
        interval=x.new_zeros(batch, n),
        u=x.new_full((batch, n, room), torch.inf),
        slope=x.new_zeros(batch, n, room),
        error=x.new_zeros(batch, n, room),
        rough=zero,
    )


def affordable(state: RuleState, remaining: Float[Tensor, " P"], steep: Bool[Tensor, " P"]) -> Bool[Tensor, " P"]:
    """Whether to look for axes: always where there is no bowl, else only where a search for a bowl remains."""
    n = state.search.x.shape[-1]
    enough = remaining >= n + LEAST
    ample = remaining >= 3 * n + 2 * (TRIAL + GRID)
    return ~state.axes.tried & enough & (steep | ample)


def enter(state: RuleState, where: Bool[Tensor, " P"], distance: Float[Tensor, " P"]) -> RuleState:
    """Begin with the Hessian in the problems marked by ``where``; ``distance`` is the farthest to look."""
    return state.replace(
        search=state.search.where(where, mode=CURVE),
        axes=state.axes.where(where, tried=True, count=0.0, scale=distance),
    )


@dataclass(frozen=True)
class _Looking(Batched):
    """The problems of a batch that are here, few at any time: what this module reads of them, and what it sets.

    Attributes:
        axes: its own.
        remaining: evaluations left.
        key, base_x, base_g: of the trend: what directions are made of, and the best minimum.
        mode, B, unscaled: of the local search, set for the landing.
        landing: where that is.
    """

    axes: Axes
    remaining: Float[Tensor, " p"]
    key: Float[Tensor, "p n"]
    base_x: Float[Tensor, "p n"]
    base_g: Float[Tensor, "p n"]
    mode: Float[Tensor, " p"]
    B: Float[Tensor, "p n n"]
    unscaled: Bool[Tensor, " p"]
    landing: Float[Tensor, "p n"]

    @classmethod
    def of(cls, state: RuleState, rows: Tensor) -> _Looking:
        search, trend = state.search, state.trend
        return cls(
            axes=state.axes.replace(**{name: a[rows] for name, a in state.axes.tensors()}),
            remaining=search.remaining[rows],
            key=trend.key[rows],
            base_x=trend.base.x[rows],
            base_g=trend.base.g[rows],
            mode=search.mode[rows],
            B=search.B[rows],
            unscaled=search.unscaled[rows],
            landing=trend.landing[rows],
        )

    def changed(self, **axes: Tensor) -> _Looking:
        """With other fields of ``axes``."""
        return self.replace(axes=self.axes.replace(**axes))


def point(state: RuleState) -> tuple[Float[Tensor, "P n"], RuleState]:
    """The next point where the mode is one of this module's (elsewhere: anything finite), and the state."""
    rows = (state.search.mode >= CURVE).nonzero()[:, 0]
    x = state.trend.base.x
    if not len(rows):
        return x, state
    before = _Looking.of(state, rows)
    there, after = _point(before)
    x = x.clone()
    x[rows] = there
    return x, _put_back(state, rows, before, after)


def _point(looking: _Looking) -> tuple[Tensor, _Looking]:
    """`point` where all problems are of this module's modes."""
    mode, x, axes, key = looking.mode, looking.base_x, looking.axes, looking.key
    scale = axes.scale[:, None]
    aside = torch.sin(997.0 * key) * axes.side[:, None]
    # Which unknown is moved is decided by the key's order, not by the index: see the module's last paragraph.
    order = key.argsort(-1).argsort(-1)
    moved = order == (axes.count - 1)[:, None]
    curve = x + scale * (ASIDE * aside + DIFFERENCE * moved)
    along = torch.zeros_like(x)
    along[:, 1::2] = -1.0
    grid = (2 * axes.count / (GRID - 1) - 1)[:, None].expand_as(x)
    at = torch.where((mode == PROBE)[:, None], along, grid)
    splitting = (mode == QUADRATURE) & (axes.count >= GRID)
    if some(splitting):
        interval, u, predicted = _split(looking)
        at = torch.where(splitting[:, None], u, at)
        looking = looking.changed(interval=interval, predicted=predicted)
    looking = looking.changed(at=at)
    away = (axes.Q.transpose(1, 2) @ at[..., None])[..., 0]
    return torch.where((mode == CURVE)[:, None], curve, x + scale * away), looking


def observe(state: RuleState, x: Float[Tensor, "P n"], g: Float[Tensor, "P n"], valid: Bool[Tensor, " P"]) -> RuleState:
    """Take in the gradient ``g`` at ``x`` where the mode is one of this module's.

    Afterwards ``axes.failed`` says where the search must go on without axes, and the mode is the rule's landing where
    the lowest points are known.
    """
    rows = (state.search.mode >= CURVE).nonzero()[:, 0]
    if not len(rows):
        return state
    before = _Looking.of(state, rows)
    mode, valid, x, g = before.mode, valid[rows], x[rows], g[rows]
    after = before.replace(axes=before.axes.where(~valid, failed=True))
    after = _curved(after, x, g, (mode == CURVE) & valid)
    after = _probed(after, g, (mode == PROBE) & valid)
    after = _integrated(after, g, (mode == QUADRATURE) & valid)
    return _put_back(state, rows, before, after)


def _put_back(state: RuleState, rows: Tensor, before: _Looking, after: _Looking) -> RuleState:
    """The state with what differs between ``before`` and ``after``."""

    def put(whole: Tensor, old: Tensor, new: Tensor) -> Tensor:
        if new is old:
            return whole
        whole = whole.clone()
        whole[rows] = new
        return whole

    olds = dict(before.axes.tensors())
    axes = {name: put(getattr(state.axes, name), olds[name], new) for name, new in after.axes.tensors()}
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


def _curved(looking: _Looking, x: Tensor, g: Tensor, curve: Tensor) -> _Looking:
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
    if not some(over):
        return looking.replace(axes=axes)
    hessian = torch.where(over[:, None, None], axes.hessian, 0.0)
    hessian = (hessian + hessian.transpose(1, 2)) / 2
    size = hessian.abs().amax((1, 2)).clamp_min(1e-300)
    sound = hessian.isfinite().all(-1).all(-1)
    Q = torch.linalg.eigh(torch.where(sound[:, None, None], hessian / size[:, None, None], 0.0))[1].transpose(1, 2)
    Q = Q * torch.where((Q * key[:, None]).sum(-1) < 0, -1.0, 1.0)[:, :, None]
    axes = axes.where(over & sound, Q=Q).where(over & ~sound, failed=True)
    return looking.replace(axes=axes, mode=torch.where(over, PROBE, looking.mode))


def _probed(looking: _Looking, g: Tensor, probe: Tensor) -> _Looking:
    """Whether the axes at rest noticed that the others moved."""
    axes, n = looking.axes, g.shape[-1]
    along, before = _times(axes.Q, g), _times(axes.Q, looking.base_g)
    change = (along - before).abs()
    still = change[:, 0::2].mean(-1)
    moved = change[:, 1::2].mean(-1) if n > 1 else torch.ones_like(still)
    leak = still / moved.clamp_min(1e-300)
    if n == 1:  # one axis is always one
        leak = torch.zeros_like(leak)
    again = probe & (leak > TIGHT) & (axes.side > 0) & (looking.remaining >= n + LEAST)
    axes = axes.where(again, side=-1.0).where(probe & ~again & ~(leak < LOOSE), failed=True)
    # The rule's base is a point of every axis, at 0.
    u = torch.full_like(axes.u, torch.inf)
    u[..., 0] = 0.0
    slope = torch.zeros_like(axes.slope)
    slope[..., 0] = before * axes.scale[:, None]
    axes = axes.where(probe & ~again, u=u, slope=slope, error=0.0).where(probe, count=0.0)
    mode = torch.where(again, CURVE, torch.where(probe, QUADRATURE, looking.mode))
    return looking.replace(axes=axes, mode=mode)


def _integrated(looking: _Looking, g: Tensor, quadrature: Tensor) -> _Looking:
    """One more point on every axis; at the end the landing."""
    if not some(quadrature):
        return looking
    axes = looking.axes
    u, slope, error, count = axes.u, axes.slope, axes.error, axes.count
    room = u.shape[-1]
    new = _times(axes.Q, g) * axes.scale[:, None]
    splitting = quadrature & (count >= GRID)
    wrong = (new - axes.predicted).abs() / 2  # a split halves an error that does not shrink
    index = torch.arange(room, device=u.device)
    split = splitting[:, None, None] & (index == axes.interval[..., None])
    error = torch.where(split, wrong[..., None], error)
    slot = quadrature[:, None, None] & (index == (count + 1)[:, None, None])
    u = torch.where(slot, axes.at[..., None], u)
    slope = torch.where(slot, new[..., None], slope)
    error = torch.where(slot, torch.where(splitting[:, None], wrong, 0.0)[..., None], error)
    u, order = u.sort(-1)
    slope, error = slope.gather(-1, order), error.gather(-1, order)
    count = count + quadrature
    # Nothing is known yet about the intervals of the grid: their error is of the size of the slopes.
    gridded = quadrature & (count == GRID)
    unknown = slope.abs().amax(-1, keepdim=True) * (index < GRID)
    error = torch.where(gridded[:, None, None], unknown, error)
    axes = axes.replace(u=u, slope=slope, error=error, count=count)

    look = quadrature & (count >= GRID)
    if not some(look):
        return looking.replace(axes=axes)
    known = _known(axes, looking.mode)
    u, slope, error = u[..., :known], slope[..., :known], error[..., :known]
    phi, width, bend = _integrals(u, slope)
    filled = u[..., 1:] < torch.inf
    span = torch.where(filled, phi.amax(-1), -torch.inf).amax(-1) - torch.where(filled, phi.amin(-1), torch.inf).amin(
        -1
    )
    errors = (error[..., :-1] * width).square().sum(-1).sqrt() / span.clamp_min(1e-300)
    rough = errors.median(-1).values
    axes = axes.where(look & (count == GRID + TRIAL // 2), rough=rough)
    tried = look & (count == GRID + TRIAL)
    hopeless = tried & (rough > ROUGH) & (rough > SHRUNK * axes.rough)
    full = (count + 2 >= room) | (looking.remaining <= TAIL)
    axes = axes.where(hopeless & ~full, failed=True)
    looking = looking.replace(axes=axes)
    land = look & ~hopeless & ((errors.amax(-1) < RESOLVED) | full)
    if not some(land):
        return looking
    lowest = torch.where(filled[..., None], phi, torch.inf).flatten(-2).argmin(-1)
    j = (lowest // (_WITHIN + 1))[..., None]
    share = (lowest % (_WITHIN + 1)).to(u.dtype) / _WITHIN
    left, right = u.gather(-1, j)[..., 0], u.gather(-1, j + 1)[..., 0]
    at = left + share * (right - left)
    stiffness = bend.gather(-1, j)[..., 0] * (1 - share) + bend.gather(-1, j + 1)[..., 0] * share
    stiffness = stiffness.abs() / axes.scale.square()[:, None]
    stiffness = stiffness.clamp_min(1e-3 * stiffness.amax(-1, keepdim=True)).clamp_min(1e-300)
    Q = axes.Q
    landing = looking.base_x + axes.scale[:, None] * _times(Q.transpose(1, 2), at)
    B = (Q / stiffness[..., None]).transpose(1, 2) @ Q
    return looking.where(land, landing=landing, B=B, unscaled=False, mode=LAND)


def _integrals(u: Tensor, slope: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """phi (P, n, m - 1, 9) within each interval, widths (P, n, m - 1) and phi'' at the points (P, n, m).

    phi' is the cubic through the points (u, slope), whose derivatives there are those of parabolas through three.
    """
    finite = u < torch.inf
    width = torch.where(finite[..., 1:], u[..., 1:] - torch.where(finite, u, 0.0)[..., :-1], 0.0)
    rate = torch.where(width > 0, (slope[..., 1:] - slope[..., :-1]) / width.clamp_min(1e-300), 0.0)
    before, after = width[..., :-1], width[..., 1:]
    inner = (rate[..., :-1] * after + rate[..., 1:] * before) / (before + after).clamp_min(1e-300)
    inner = torch.where(after > 0, inner, rate[..., :-1])  # the last point has one neighbour
    bend = torch.cat([rate[..., :1], inner, rate[..., -1:]], -1)
    x = torch.linspace(0, 1, _WITHIN + 1, dtype=u.dtype, device=u.device)
    of_ends = (x - x**3 + x**4 / 2, x**3 - x**4 / 2)
    of_bends = (x**2 / 2 - 2 * x**3 / 3 + x**4 / 4, x**4 / 4 - x**3 / 3)
    ends = width * slope[..., :-1], width * slope[..., 1:]
    bends = width.square() * bend[..., :-1], width.square() * bend[..., 1:]
    part = torch.stack([*ends, *bends], -1) @ torch.stack([*of_ends, *of_bends])
    base = part[..., -1].cumsum(-1) - part[..., -1]
    return base[..., None] + part, width, bend


def _known(axes: Axes, mode: Tensor) -> int:
    """Slots beyond which no axis has a point: this arithmetic is the dearest of a step."""
    return min(int(torch.where(mode == QUADRATURE, axes.count, GRID).amax()) + 1, axes.u.shape[-1])


def _split(looking: _Looking) -> tuple[Tensor, Tensor, Tensor]:
    """For each axis the interval to split (P, n), where, and the slope expected there."""
    axes = looking.axes
    known = _known(axes, looking.mode)
    u, slope, error = (a[..., :known] for a in (axes.u, axes.slope, axes.error))
    phi, width, bend = _integrals(u, slope)
    filled = u[..., 1:] < torch.inf
    error = torch.where(filled, error[..., :-1] * width, 0.0)
    low = torch.where(filled, phi.amin(-1), torch.inf)
    best, at = low.min(-1, keepdim=True)
    # The error of the difference between the lowest points of an interval and of the best one: what lies between.
    total = torch.cat([torch.zeros_like(best), error.square().cumsum(-1)], -1)
    index = torch.arange(width.shape[-1], device=u.device).expand_as(at.expand_as(width))
    between = total.gather(-1, index + (index >= at)) - total.gather(-1, at + (index < at))
    doubt = between.abs().sqrt() + error
    above = (low - error - best).clamp_min(0)
    # An interval that cannot matter is looked at all the same once its error is fifty times that of one that can.
    hope = torch.exp(-above / doubt.clamp_min(1e-300)) + 0.02
    j = torch.where(filled, error * hope, -1.0).argmax(-1, keepdim=True)
    number = torch.arange(u.shape[1], dtype=u.dtype, device=u.device)
    x = (0.618034 * (number + 7 * axes.count[:, None])) % 1
    x = 0.5 + JITTER * (x - 0.5)
    wide = width.gather(-1, j)[..., 0]
    left, right = slope.gather(-1, j)[..., 0], slope.gather(-1, j + 1)[..., 0]
    bent, straightened = bend.gather(-1, j)[..., 0], bend.gather(-1, j + 1)[..., 0]
    predicted = left * (1 - 3 * x**2 + 2 * x**3) + right * (3 * x**2 - 2 * x**3)
    predicted = predicted + wide * (bent * (x - 2 * x**2 + x**3) + straightened * (x**3 - x**2))
    return j[..., 0].to(u.dtype), u.gather(-1, j)[..., 0] + x * wide, predicted


def _times(A: Tensor, v: Tensor) -> Tensor:
    return (A @ v[..., None])[..., 0]
