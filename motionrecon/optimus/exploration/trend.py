"""The trend under the ripples: where would the minimum be if the function were smooth at a larger scale?

Many functions are a bowl with ripples: a local search stops in the nearest dent, and gradients tell of the dent. What
tells of the bowl are *values far apart*, since most ripples do not grow with distance, and gradients averaged. So once
the local search has settled:

1. ladder: points at growing distances from the dent, until the value rises like a bowl's (ninefold for three times the
   distance), or faster, and no longer like ripples'. Where it rises faster, or evaluations abound,
   `axes` comes first, once, if it can be afforded;
2. sample: points in pseudo-random directions around a centre. After each of them the bowl is fitted to all rungs
   and samples so far (`bowl`), and its minimum is the next centre. Ripples that are the same everywhere
   drown in a bowl seen from far away, so samples stay far; where they grow with the distance the samples
   come as near as the centre is known. It ends when the centre is known to a fraction of a ripple, or when the
   evaluations left are just enough to land;
3. land: evaluate there, and search locally again.

Where a rung has no finite value there is no bowl to fit. Then, and from then on, it hops: it lands at a pseudo-random
point around the best dent (basin hopping, Wales and Doye 1997). So it does around the bowl's minimum once landings
there have found nothing better.

What an evaluation on a ladder, or of a sample, says is taken in by `motionrecon.optimus.exploration.observing`.

The directions are a function of the start's gradient and of the way from the start, entry by entry, so they permute
with the unknowns and one problem's do not depend on its neighbours in a batch.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.optimus.exploration.modes import LADDER, LAND, LOCAL, SAMPLE
from motionrecon.optimus.state import Minimum, RuleState, Samples, Trend

#: Evaluations kept for the landing.
TAIL = 16.0
#: Evaluations left below which a look around is not worth it, and those of a ladder.
LEAST, RUNGS = 30, 6
#: Farthest look around, in units of the way from the start to the first dent.
FAR = 1e6
#: Samples that are remembered at least, and over the unknowns; the oldest are forgotten first.
MEMORY, MEMORIES = 400, 3
#: Length over the start's distance from the origin where the start is a dent itself, and nothing else tells of lengths.
NO_WAY = 0.1
#: Evaluations left below which a hop is not worth it.
LEAST_HOP = 12
#: A glance: distance, in units of the way; slope at the start over the mean one on the way below which it is due; the
#: evaluations left for each unknown with which a dent can be finished, so that it is not due; and those it needs.
GLANCE, BENT, FINISH, LEAST_GLANCE = 3.0, 1.6, 2.0, 60
#: Samples of one cycle at most: the number of unknowns that is few; samples for each where they are few, and where they
#: are many; and whatever their number. And at least, as far as evaluations are left.
FEW_UNKNOWNS, EACH_OF_FEW, EACH_OF_MANY, ANYWAY = 20, 8, 3, 40
LEAST_SAMPLES = 6


def begin(
    x: Float[np.ndarray, "P n"],
    f: Float[np.ndarray, " P"],
    g: Float[np.ndarray, "P n"],
    valid: Bool[np.ndarray, " P"],
    budget: int,
) -> Trend:
    """A fresh state, for starts ``x`` with values ``f`` and gradients ``g``.

    ``valid`` says where these were finite. A budget of 0 stands for never.
    """
    batch, n = x.shape
    zero, one, no = np.zeros(batch), np.ones(batch), np.zeros(batch, dtype=bool)
    room = min(budget, max(MEMORY, MEMORIES * n)) if budget else 1
    samples = Samples(count=zero, x=np.zeros((batch, room, n)), f=np.zeros((batch, room)), g=np.zeros((batch, room, n)))
    return Trend(
        rounds=zero,
        judged=no,
        rippled=no,
        key=np.zeros_like(x),
        way=one,
        base=Minimum(x=x, f=np.full(batch, np.inf), g=g, B=np.zeros((batch, n, n)), stiffness=one, left_early=no),
        vain_landings=zero,
        centre=x,
        variance=one,
        origin=x,
        prior=one,
        distance=one,
        far=one,
        rung=zero,
        rise=zero,
        slope=zero,
        bowl_seen=no,
        ripples_grow=no,
        bowl_precise=no,
        sample=zero,
        planned=one,
        hopping=no,
        hop_distance=zero,
        landing=x,
        samples=remembered(samples, x, f, g, valid),
    )


def glance(state: RuleState, creeps: Bool[np.ndarray, " P"]) -> RuleState:
    """Where a first dent creeps for the first time: look at one point far away, if what was seen so far tells of
    ripples, and the evaluations left are too few to finish the dent but enough for what may follow.

    On the way from a start to the minimum of a bowl, the start's slope along that way is at least twice the mean one:
    twice it for a parabola. It is less where the start lies on the flank of a ripple.
    """
    creeps = creeps & ~state.trend.judged
    if not creeps.any():
        return state
    state = state.replace(trend=state.trend.where(creeps, judged=True))
    search = state.search
    slope = (search.g0 * (search.x0 - search.x)).sum(-1)
    hasty = (search.remaining < FINISH * search.x.shape[-1]) & (search.remaining >= LEAST_GLANCE)
    creeps = creeps & (slope < BENT * (search.f0 - search.f)) & hasty
    state = _measured(state, creeps)
    trend = state.trend
    base = trend.base.where(creeps, x=search.x, f=search.f, g=search.g)
    trend = trend.replace(base=base).where(creeps, centre=search.x, distance=GLANCE * trend.way, rung=-1.0, rise=0.0)
    return state.replace(search=search.where(creeps, mode=LADDER), trend=trend)


def _measured(state: RuleState, where: Bool[np.ndarray, " P"]) -> RuleState:
    """The unit of distances and what directions are made of, from the way to the first dent."""
    search = state.search
    way = search.x - search.x0
    # A start that is a dent itself has no way: its distance from the origin is all that tells of lengths then.
    some_length = NO_WAY * _rms(search.x0)
    some_length = np.where(some_length > 0, some_length, 1.0)
    size = _rms(way)
    size = np.where(size > 1e-9 * some_length, size, some_length)
    key = search.g0 / np.maximum(_rms(search.g0), 1e-300)[:, None] + 1.7 * way / size[:, None]
    return state.replace(trend=state.trend.where(where, key=key, way=size))


def enter(state: RuleState, settled: Bool[np.ndarray, " P"], early: Bool[np.ndarray, " P"]) -> RuleState:
    """Begin a look around where ``settled`` is set, from the better of this dent and the last base.

    ``early`` says that the dent is not exact yet: :func:`back` finishes it.
    """
    if not settled.any():
        return state
    state = _measured(state, settled & (state.trend.rounds == 0))
    search, trend = state.search, state.trend
    n = search.x.shape[-1]
    lower = settled & (search.f < trend.base.f)
    stiffness = np.trace(search.B, axis1=1, axis2=2) / n
    base = trend.base.where(lower, x=search.x, f=search.f, g=search.g, B=search.B, left_early=early)
    base = base.where(lower & (stiffness > 0), stiffness=stiffness)
    # Where a bowl was seen, the samples go on around its minimum. What they find is a dent: if it is no better, then
    # where the bowl's minimum is known precisely, and otherwise every other time, hop around it instead.
    known = settled & trend.bowl_seen
    climb = settled & ~known
    vain = trend.vain_landings
    vain = np.where(settled, np.where(lower, 0.0, vain + 1), vain)
    around = known & ~lower & (trend.bowl_precise | (vain % 2 == 1))
    search = search.where(settled, x=base.x, f=base.f, g=base.g)
    search = search.replace(mode=np.where(known, SAMPLE, np.where(climb, LADDER, search.mode)))
    trend = trend.replace(base=base, vain_landings=vain)
    trend = trend.where(climb, centre=base.x, distance=trend.way, rung=0.0, rise=0.0)
    trend = trend.where(settled, planned=_plan(n, search.remaining - np.where(known, 0, RUNGS)), sample=0.0)
    trend = trend.replace(rounds=trend.rounds + settled)
    wide = np.maximum(np.sqrt(trend.variance), trend.way)
    hop = (climb & trend.hopping) | around
    sampled = trend.distance
    trend = trend.where(hop, distance=np.where(around, wide, trend.hop_distance))
    # The bowl's minimum itself stays what it is.
    state = state.replace(search=search, trend=trend)
    trend = trend.where(hop, landing=trend.centre + offset(state)).where(around, distance=sampled)
    return land(state.replace(trend=trend), hop)


def owing(state: RuleState) -> Bool[np.ndarray, " P"]:
    """Whether the best dent was left early, and the search is at a point that is no better."""
    return state.trend.base.left_early & (state.trend.base.f <= state.search.f)


def back(state: RuleState, where: Bool[np.ndarray, " P"]) -> RuleState:
    """Search on in the best dent where ``where`` is set and the search is not in a better one, until that is exact."""
    base = state.trend.base
    where = where & (base.f <= state.search.f)
    if not where.any():
        return state
    search = state.search.where(
        where,
        x=base.x,
        f=base.f,
        g=base.g,
        B=base.B,
        s=0.0,
        y=0.0,
        has_secant=False,
        unscaled=False,
        small_predictions=0.0,
        trust_radius=np.inf,
        to_the_end=True,
        mode=LOCAL,
    )
    trend = state.trend.replace(base=base.where(where, left_early=False))
    return state.replace(search=search, trend=trend)


def resume(state: RuleState, where: Bool[np.ndarray, " P"]) -> RuleState:
    """Go on where ``where`` is set as if axes had not been looked for: with a hop, or with samples of a bowl."""
    if not where.any():
        return state
    search, trend = state.search, state.trend
    hop = where & trend.hopping
    fit = where & ~hop
    trend = trend.where(fit, planned=_plan(search.x.shape[-1], search.remaining))
    search = search.where(fit, mode=SAMPLE)
    state = state.replace(search=search, trend=trend)
    return land(state.replace(trend=trend.where(hop, landing=trend.centre + offset(state))), hop)


def _plan(n: int, remaining: Float[np.ndarray, " P"]) -> Float[np.ndarray, " P"]:
    """Samples of this round, for the evaluations ``remaining``."""
    most = float(max(n * (EACH_OF_FEW if n <= FEW_UNKNOWNS else EACH_OF_MANY), ANYWAY))
    planned: np.ndarray = np.floor(np.clip(remaining - TAIL, LEAST_SAMPLES, most))
    return planned


def ready(state: RuleState) -> Bool[np.ndarray, " P"]:
    """Whether the evaluations left are enough for what would come next."""
    enough: np.ndarray = state.search.remaining >= np.where(state.trend.hopping, LEAST_HOP, LEAST)
    return enough


def offset(state: RuleState) -> Float[np.ndarray, "P n"]:
    """The next sample's way from the centre: pseudo-random, of rms ``distance``."""
    trend = state.trend
    distance = np.minimum(trend.distance, FAR * trend.way)
    count = state.search.evaluations[:, None]
    d = np.sin(trend.key * (997.0 + 61.8 * count) + 2.39996 * count)
    away: np.ndarray = d * (distance / np.maximum(_rms(d), 1e-300))[:, None]
    return away


def remembered(
    samples: Samples,
    x: Float[np.ndarray, "P n"],
    f: Float[np.ndarray, " P"],
    g: Float[np.ndarray, "P n"],
    where: Bool[np.ndarray, " P"],
) -> Samples:
    """The samples with one more where ``where`` is set, which takes the place of the oldest where there is no room."""
    rows = np.nonzero(where)[0]
    places = (samples.count[rows] % samples.f.shape[-1]).astype(int)
    changed = {}
    for name, new in (("x", x), ("f", f), ("g", g)):
        changed[name] = getattr(samples, name).copy()
        changed[name][rows, places] = new[rows]
    return Samples(count=samples.count + where, **changed)


def land(state: RuleState, where: Bool[np.ndarray, " P"]) -> RuleState:
    """The next point is ``landing``; the search from there begins with the stiffness of the dents."""
    if not where.any():
        return state
    search = state.search
    plain = np.eye(search.x.shape[-1]) * state.trend.base.stiffness[:, None, None]
    return state.replace(search=search.where(where, mode=LAND, B=plain, unscaled=False))


def _rms(a: Float[np.ndarray, "P n"]) -> Float[np.ndarray, " P"]:
    found: np.ndarray = np.sqrt((a * a).mean(-1))
    return found
