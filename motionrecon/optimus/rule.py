"""Optimus for functions with gradients, as a batched rule that was written by hand: P problems of n unknowns at once.

Nothing here is learned. A quasi-Newton search steps from x to x - B g, where B is BFGS's (`secant`); a step that fails
is not taken, but teaches B all the same, and the next one is shorter. Where the local search has settled and
evaluations are left, the point is a minimum of *something*: the rule looks around for a trend under the ripples or for
axes along which the function is a sum (:mod:`motionrecon.optimus.exploration`), lands at the minimum that they show
and searches locally again.

To look around must not cost accuracy where there is nothing better to find. So the dent is finished first, except where
it took but few evaluations from coarse to settled: what is left of it then takes few, too, and these are kept for the
end, or spent as soon as the first look around has found nothing better. A dent in which the search creeps, and which
the evaluations left are too few to finish, is left, too, if what the start and a glance far away tell is ripples
(Levy's); a curved valley (Rosenbrock's) is not.

A state is a value (:mod:`motionrecon.optimus.state`); the rule itself has nothing but settings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.optimus.exploration import axes, observing, trend
from motionrecon.optimus.exploration.modes import CURVE, LADDER, LAND, LOCAL, PROBE, QUADRATURE, SAMPLE
from motionrecon.optimus.secant import bfgs, lift, scale
from motionrecon.optimus.state import LocalSearch, RuleState

#: Predicted decrease over the decrease so far: above the first a dent is but coarsely searched, below the second it is
#: exact.
ROUGH, EXACT = 1e-4, 1e-15
#: Predicted decrease over |f| that no value can show.
ROUNDING = 1e-16
#: Evaluations from coarse to settled up to which what is left of a dent is put off, and the share of the decrease below
#: which the predicted one has settled then.
QUICK = ((6, 1e-8), (10, 1e-10))
#: Evaluations that are kept for what is left.
KEPT = 10
#: Small predictions in a row that count: in a curved valley a single one means nothing.
STEADY = 2
#: The first radius, in units of the first step that was taken.
FIRST = 2.0
#: Growth of the radius over an accepted step.
GROWTH = 2.0
#: Entries of B beyond this, in units of what the first length and the gradient make of it, are an overflow.
LARGEST = 1e30
#: A dent creeps that for so many evaluations has not fallen by this share of what it has gained.
CREEPING, PROGRESS = 4, 0.05
#: How much farther down than the model predicts a dent may reach.
HOPE = 4.0
#: Share of |f0| below which what a first local search has gained is suspiciously little.
SADDLE = 0.3
#: Decrease over the promised one from which the model is obsolete.
REVISE = 10.0


@dataclass(frozen=True)
class OptimusRule:
    """Optimus for functions with gradients: ``begin``, then ``propose`` and ``observe`` in turn.

    Attributes:
        identity: the control with B = I, times a length.
        explore: whether to look for trends once settled.
        along_axes: whether to look for axes along which the function is a sum, too.
    """

    identity: bool = False
    explore: bool = True
    along_axes: bool = True

    @np.errstate(all="ignore")
    def begin(
        self,
        x: Float[np.ndarray, "P n"],
        f: Float[np.ndarray, " P"],
        g: Float[np.ndarray, "P n"],
        budget: int,
    ) -> RuleState:
        """The state after the evaluation of the start.

        Args:
            x: the start, float64.
            f: values there.
            g: gradients there.
            budget: evaluations in all, that of the start among them.
        """
        valid = np.isfinite(f) & np.isfinite(g).all(-1)
        g = np.where(np.isfinite(g), g, 0.0)
        f = np.where(np.isfinite(f), f, np.inf)
        norm = _norm(g)
        # The only length that a first evaluation offers (Polyak's step for a minimum of 0); a wrong one costs a few
        # evaluations, since steps that fail shrink.
        far = np.where(np.isfinite(f), np.abs(f), 0.0) / norm
        far = np.where(far > 0, far, 1.0)
        one, zero, no = np.ones_like(f), np.zeros_like(f), np.zeros_like(valid)
        search = LocalSearch(
            x=x,
            f=f,
            g=g,
            B=np.eye(x.shape[-1]) * (far / norm)[:, None, None],
            unscaled=~no,
            s=np.zeros_like(x),
            y=np.zeros_like(x),
            has_secant=no,
            trust_radius=np.full_like(f, np.inf),
            predicted_decrease=zero,
            small_predictions=zero,
            since_rough=zero,
            mark=f,
            since_mark=zero,
            to_the_end=no,
            mode=np.full_like(f, LOCAL),
            evaluations=one,
            budget=np.full_like(f, budget),
            fallbacks=zero,
            x0=x,
            f0=f,
            g0=g,
            first_length=far,
            best_x=x,
            best_f=f,
        )
        return RuleState(
            search=search,
            trend=trend.begin(x, f, g, valid, budget if self.explore else 0),
            axes=axes.begin(x, budget if self.explore and self.along_axes else 0),
        )

    @np.errstate(all="ignore")
    def propose(self, state: RuleState) -> tuple[Float[np.ndarray, "P n"], RuleState]:
        """The next point to evaluate, and the state."""
        local = state.search.mode == LOCAL
        if local.any():
            state = state.replace(search=_sound(self._learned(state.search, local)))
        if self.explore:
            state = _looked_up(state, local)
        step, search = _step(state.search)
        state = state.replace(search=search)
        x = search.x + step
        if (search.mode != LOCAL).any():
            mode = search.mode[:, None]
            elsewhere = np.where(mode == LAND, state.trend.landing, state.trend.centre + trend.offset(state))
            x = np.where(mode == LOCAL, x, elsewhere)
            if self.along_axes:
                along, state = axes.point(state)
                x = np.where(mode >= CURVE, along, x)
        return x, state

    @np.errstate(all="ignore")
    def observe(
        self,
        state: RuleState,
        x: Float[np.ndarray, "P n"],
        f: Float[np.ndarray, " P"],
        g: Float[np.ndarray, "P n"],
    ) -> RuleState:
        """The state after the evaluation at ``x``: ``f`` and ``g`` there, finite or not."""
        search = state.search
        valid = np.isfinite(f) & np.isfinite(g).all(-1)
        f = np.where(valid, f, np.inf)
        g = np.where(valid[:, None], g, search.g)
        search = search.where(f < search.best_f, best_x=x, best_f=f).replace(evaluations=search.evaluations + 1)
        state = state.replace(search=search)
        mode = search.mode
        local, landing = mode == LOCAL, mode == LAND
        if self.explore and not (local | landing).all():
            along = (mode == PROBE) | (mode == QUADRATURE)
            if self.along_axes:
                state = axes.observe(state, x, g, valid)
                state = trend.resume(state, (state.search.mode >= CURVE) & state.axes.failed)
            state = observing.observe(state, x, f, g, mode == LADDER, mode == SAMPLE, along, valid)
        return state.replace(search=_moved(state.search, x, f, g, local, landing, valid))

    def _learned(self, search: LocalSearch, local: Bool[np.ndarray, " P"]) -> LocalSearch:
        """The local search with what the last step told of the curvature."""
        B, s, y, usable = search.B, search.s, search.y, search.has_secant & local
        size = scale(s, y, usable)
        first = (usable & search.unscaled)[:, None, None]
        if self.identity:
            plain = np.where(usable, size, np.trace(B, axis1=1, axis2=2) / B.shape[-1])
            B = _eye(B) * plain[:, None, None]
        else:
            B = B * np.where(local & ~search.unscaled, lift(B, s, y, usable), 1.0)[:, None, None]
            B = bfgs(np.where(first, _eye(B) * size[:, None, None], B), s, y, usable)
        no = np.zeros_like(usable)
        return search.replace(B=B, unscaled=search.unscaled & ~usable, has_secant=no)


def _looked_up(state: RuleState, local: Bool[np.ndarray, " P"]) -> RuleState:
    """Whether the local search has settled, and with that the look around, where evaluations are left."""
    search, base_f, first = state.search, state.trend.base.f, state.trend.rounds == 0
    g, gained = search.g, search.decrease
    predicted = np.abs(0.5 * _dot(g, _times(search.B, g)))
    still = _norm(search.s) <= 1e-13 * _norm(search.x)
    # Hardly anything gained at all: rather a saddle than a dent.
    saddle = first & (gained < SADDLE * np.abs(search.f0))
    since = np.where(predicted > ROUGH * gained, 0.0, search.since_rough + 1)
    since = np.where(local, since, search.since_rough)
    fell = search.mark - search.f > PROGRESS * gained
    since_mark = np.where(fell, 0.0, search.since_mark + 1)
    since_mark = np.where(local, since_mark, search.since_mark)
    mark = np.where(local & fell, search.f, search.mark)
    creeps = since_mark >= CREEPING
    exact = (predicted < np.maximum(EXACT * gained, ROUNDING * np.abs(search.f))) | still | (_norm(g) <= 1e-300)
    quick = np.any([(since <= most) & (predicted < share * gained) for most, share in QUICK], axis=0)
    # A later dent that will end above the best one is not worth its bottom.
    quick = (quick & ~saddle) | (creeps & state.trend.rippled)
    small = exact | (quick & ~search.to_the_end) | (search.f - HOPE * predicted > base_f)
    count = np.where(local & small, search.small_predictions + 1, 0.0)
    search = search.replace(since_rough=since, small_predictions=count, mark=mark, since_mark=since_mark)
    state = state.replace(search=search)
    steady, owing = count >= STEADY, trend.owing(state)
    late = local & owing & (search.remaining <= KEPT)
    settled = steady & trend.ready(state) & ~owing
    state = trend.back(state, (steady & ~settled) | late)
    state = trend.glance(state, local & creeps & first & ~steady)
    return trend.enter(state, settled & ~late, ~exact)


def _sound(search: LocalSearch) -> LocalSearch:
    """The search with B begun anew where it has overflowed."""
    size = search.first_length / _norm(search.g)
    overflowed = ~(np.abs(search.B).max((1, 2)) < LARGEST * size)
    if not overflowed.any():
        return search
    search = search.where(overflowed, B=_eye(search.B) * size[:, None, None])
    return search.replace(fallbacks=search.fallbacks + overflowed)


def _step(search: LocalSearch) -> tuple[Float[np.ndarray, "P n"], LocalSearch]:
    """The local step: -B g, downhill, within the radius."""
    g = search.g
    p = -_times(search.B, g)
    downhill = (_dot(p, g) < 0) & np.isfinite(p).all(-1)
    p = np.where(downhill[:, None], p, -g * (search.first_length / _norm(g))[:, None])
    p = p * np.minimum(search.trust_radius / _norm(p), 1.0)[:, None]
    return p, search.replace(
        fallbacks=search.fallbacks + ((search.mode == LOCAL) & ~downhill), predicted_decrease=-_dot(p, g)
    )


def _moved(
    search: LocalSearch,
    x: Float[np.ndarray, "P n"],
    f: Float[np.ndarray, " P"],
    g: Float[np.ndarray, "P n"],
    local: Bool[np.ndarray, " P"],
    landing: Bool[np.ndarray, " P"],
    valid: Bool[np.ndarray, " P"],
) -> LocalSearch:
    """The local search after the evaluation at ``x``."""
    if not (local | landing).any():
        return search
    step, change = x - search.x, g - search.g
    length, slope = _norm(step), -search.predicted_decrease
    curved = local & valid & (_dot(step, change) > 1e-10 * length * _norm(change))
    decrease = search.f - f
    # Where values no longer differ by more than rounding, the gradient decides.
    taken = (f < search.f + 1e-4 * slope) | ((f <= search.f) & (_norm(g) < _norm(search.g)))
    taken = taken & local & valid
    bent = 2 * (f - search.f - slope)
    shorter = np.where(valid, -slope / np.maximum(bent, 1e-300), 0.1).clip(0.1, 0.7) * length
    radius = search.trust_radius
    longer = np.where(np.isinf(radius), FIRST * length, np.maximum(radius, GROWTH * length))
    radius = np.where(local, np.where(taken, longer, shorter), radius)
    # An accepted step without curvature was too short: B is longer next time.
    short = taken & ~curved
    B = search.B * np.where(short, 4.0, 1.0)[:, None, None] if short.any() else search.B
    moved = search.where(taken | (landing & valid), x=x, f=f, g=g).replace(
        B=B,
        # Far better than promised: what B was made of is behind (a saddle), and B begins anew.
        unscaled=search.unscaled | (taken & (decrease > REVISE * -slope)),
        has_secant=curved,
        trust_radius=np.where(landing, np.inf, radius),
    )
    moved = moved.where(local, s=step, y=np.where(valid[:, None], change, 0.0))
    if not landing.any():
        return moved
    return moved.where(landing, since_rough=0.0, mark=moved.f, since_mark=0.0, to_the_end=False, mode=LOCAL)


def _eye(B: Float[np.ndarray, "P n n"]) -> Float[np.ndarray, "n n"]:
    eye: np.ndarray = np.eye(B.shape[-1])
    return eye


def _dot(a: Float[np.ndarray, "P n"], b: Float[np.ndarray, "P n"]) -> Float[np.ndarray, " P"]:
    found: np.ndarray = (a * b).sum(-1)
    return found


def _norm(a: Float[np.ndarray, "P n"]) -> Float[np.ndarray, " P"]:
    found: np.ndarray = np.maximum(np.sqrt((a * a).sum(-1)), 1e-300)
    return found


def _times(B: Float[np.ndarray, "P n n"], v: Float[np.ndarray, "P n"]) -> Float[np.ndarray, "P n"]:
    found: np.ndarray = (B @ v[..., None])[..., 0]
    return found
