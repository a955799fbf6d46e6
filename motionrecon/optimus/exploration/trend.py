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

The directions are a function of the start's gradient and of the way from the start, entry by entry, so they permute
with the unknowns and one problem's do not depend on its neighbours in a batch.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionrecon.optimus.exploration import axes
from motionrecon.optimus.exploration.bowl import Bowl, fit_bowl
from motionrecon.optimus.exploration.modes import LADDER, LAND, SAMPLE, some
from motionrecon.optimus.state import Minimum, RuleState, Samples, Trend

#: Dials of the network for this part, and their seeds.
DIALS = {
    "ladder": 1.0,  # first distance, in units of the way from start to dent
    "steepness": 3.5,  # growth of the rise over a rung (3x the distance), from which a bowl is believed
    "climb": 2.0,  # distance of the samples over the rung's
    "near": 0.25,  # distance of the bowl's minimum over the rung's, where ripples grow with the distance (Levy's)
    "contract": 0.7,  # distance of the next sample over the uncertainty of the minimum, where ripples grow
    "grain": 1.0,  # size of a dent over the way from start to dent: ripples do not get smaller within one
    "precise": 0.3,  # uncertainty of the minimum, in radians of the ripples, that is small enough to land
    "share": 1.0,  # samples over those that the evaluations left allow
    "tail": 16.0,  # evaluations kept for the landing
    "hop": 1.0,  # distance of a hop over that of the rung from which it starts
    "doubt": 0.01,  # least share of the scatter of values that counts as ripples
}
#: Evaluations left below which a look around is not worth it, and those of a ladder.
LEAST, RUNGS = 30, 6
#: Farthest look around, in units of the way from the start to the first dent.
FAR = 1e6
#: Growth of the rise over a rung from which it is steeper than a parabola: nine times, and some ripples.
STEEP = 13.0
#: Growth of the gradient over a rung that goes with it; ripples alone may make a rise look steep.
STEEPER = 4.0
#: Growth of the gradient over a rung (3x the distance) from which ripples are said to grow with the distance.
GROWING = 3.2
#: Samples that are remembered at least, and over the unknowns; the oldest are forgotten first.
MEMORY, MEMORIES = 400, 3
#: From twice as many samples on, the bowl is not fitted after each of them, but OFTEN to twice OFTEN times in all.
OFTEN = 24
#: Distance over the way from start to dent from which to look where the land is flat; every other time a third of it.
#: And that of the bowl's minimum over this distance, as a prior.
FLAT, FLAT_PRIOR = 3.0, 3.0
#: Farthest along axes over the rung from which the land rises: minima may lie there still.
BEYOND = 1.5
#: Length over the start's distance from the origin where the start is a dent itself, and nothing else tells of lengths.
NO_WAY = 0.1
#: Evaluations left below which a hop is not worth it.
LEAST_HOP = 12
#: Samples of one cycle at most: the number of unknowns that is few; samples for each where they are few, and where they
#: are many; and whatever their number. And at least, as far as evaluations are left.
FEW_UNKNOWNS, EACH_OF_FEW, EACH_OF_MANY, ANYWAY = 20, 8, 3, 40
LEAST_SAMPLES = 6
#: Samples before the fit is believed where it says that it is precise.
BELIEVED = 32


def begin(
    x: Float[Tensor, "P n"], f: Float[Tensor, " P"], g: Float[Tensor, "P n"], valid: Bool[Tensor, " P"], budget: int
) -> Trend:
    """A fresh state, for starts ``x`` with values ``f`` and gradients ``g``.

    ``valid`` says where these were finite. A budget of 0 stands for never.
    """
    batch, n = x.shape
    zero = x.new_zeros(batch)
    one, no = torch.ones_like(zero), torch.zeros_like(valid)
    room = min(budget, max(MEMORY, MEMORIES * n)) if budget else 1
    samples = Samples(
        count=zero, x=x.new_zeros(batch, room, n), f=x.new_zeros(batch, room), g=x.new_zeros(batch, room, n)
    )
    return Trend(
        rounds=zero,
        key=torch.zeros_like(x),
        way=one,
        base=Minimum(
            x=x,
            f=torch.full_like(zero, torch.inf),
            g=g,
            B=x.new_zeros(batch, n, n),
            stiffness=one,
            left_early=no,
        ),
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
        samples=_remembered(samples, x, f, g, valid),
    )


def enter(
    state: RuleState,
    settled: Bool[Tensor, " P"],
    hasty: Bool[Tensor, " P"],
    dials: dict[str, Tensor],
    remaining: Float[Tensor, " P"],
) -> RuleState:
    """Begin a look around where ``settled`` is set, from the better of this dent and the last base.

    ``hasty`` says that the dent might go on downwards: :func:`owing` comes back to that.
    """
    if not some(settled):
        return state
    search, trend = state.search, state.trend
    n = search.x.shape[-1]
    way = search.x - search.x0
    # A start that is a dent itself has no way: its distance from the origin is all that tells of lengths then.
    some_length = NO_WAY * search.x0.square().mean(-1).sqrt()
    some_length = torch.where(some_length > 0, some_length, 1.0)
    size = way.square().mean(-1).sqrt()
    size = torch.where(size > 1e-9 * some_length, size, some_length)
    g0 = search.g0
    key = g0 / g0.square().mean(-1).sqrt().clamp_min(1e-300)[:, None] + 1.7 * way / size[:, None]
    trend = trend.where(settled & (trend.rounds == 0), key=key, way=size)
    lower = settled & (search.f < trend.base.f)
    stiffness = search.B.diagonal(dim1=1, dim2=2).sum(-1) / n
    base = trend.base.where(lower, x=search.x, f=search.f, g=search.g, B=search.B, left_early=hasty)
    base = base.where(lower & (stiffness > 0), stiffness=stiffness)
    # Where a bowl was seen, the samples go on around its minimum. What they find is a dent: if it is no better, then
    # where the bowl's minimum is known precisely, and otherwise every other time, hop around it instead.
    known = settled & trend.bowl_seen
    climb = settled & ~known
    vain = trend.vain_landings
    vain = torch.where(settled, torch.where(lower, 0.0, vain + 1), vain)
    around = known & ~lower & (trend.bowl_precise | (vain % 2 == 1))
    search = search.where(settled, x=base.x, f=base.f, g=base.g)
    search = search.replace(mode=torch.where(known, SAMPLE, torch.where(climb, LADDER, search.mode)))
    trend = trend.replace(base=base, vain_landings=vain)
    trend = trend.where(climb, centre=base.x, distance=trend.way * dials["ladder"], rung=0.0, rise=0.0)
    trend = trend.where(settled, planned=_plan(n, dials, remaining - torch.where(known, 0, RUNGS)), sample=0.0)
    trend = trend.replace(rounds=trend.rounds + settled)
    hop = climb & trend.hopping
    wide = torch.maximum(trend.variance.sqrt(), dials["grain"] * trend.way)
    hop_distance = torch.where(around, wide, trend.hop_distance * dials["hop"])
    hop = hop | around
    sampled = trend.distance
    trend = trend.where(hop, distance=hop_distance)
    # The bowl's minimum itself stays what it is.
    state = state.replace(search=search, trend=trend)
    trend = trend.where(hop, landing=trend.centre + offset(state)).where(around, distance=sampled)
    return _landing(state.replace(trend=trend), hop)


def owing(state: RuleState) -> Bool[Tensor, " P"]:
    """Whether the best dent was left in haste, and this one is no better."""
    return state.trend.base.left_early & (state.trend.base.f < state.search.f)


def back(state: RuleState, where: Bool[Tensor, " P"]) -> RuleState:
    """Search on in the best dent where ``where`` is set and this is another one: it was left half-way."""
    base = state.trend.base
    where = where & (base.f < state.search.f)
    if not some(where):
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
        trust_radius=torch.inf,
        least_predicted=torch.inf,
        relative_decrease=1.0,
        predicted_growth=1.0,
    )
    trend = state.trend.replace(base=base.where(where, left_early=False))
    return state.replace(search=search, trend=trend)


def resume(state: RuleState, where: Bool[Tensor, " P"]) -> RuleState:
    """Go on where ``where`` is set as if axes had not been looked for: with a hop, or with samples of a bowl."""
    if not some(where):
        return state
    search, trend = state.search, state.trend
    hop = where & trend.hopping
    fit = where & ~hop
    trend = trend.where(fit, planned=_plan(search.x.shape[-1], _dials(state), search.remaining))
    search = search.where(fit, mode=SAMPLE)
    state = state.replace(search=search, trend=trend)
    return _landing(state.replace(trend=trend.where(hop, landing=trend.centre + offset(state))), hop)


def _plan(n: int, dials: dict[str, Tensor], remaining: Tensor) -> Tensor:
    """Samples of this round, for the evaluations ``remaining`` (P,)."""
    most = float(max(n * (EACH_OF_FEW if n <= FEW_UNKNOWNS else EACH_OF_MANY), ANYWAY))
    return ((remaining - dials["tail"]).clamp(LEAST_SAMPLES, most) * dials["share"]).floor().clamp_min(1)


def ready(state: RuleState, remaining: Float[Tensor, " P"]) -> Bool[Tensor, " P"]:
    """Whether the evaluations left are enough for what would come next."""
    return remaining >= torch.where(state.trend.hopping, float(LEAST_HOP), float(LEAST))


def offset(state: RuleState) -> Float[Tensor, "P n"]:
    """The next sample's way from the centre: pseudo-random, of rms ``distance``."""
    trend = state.trend
    distance = torch.minimum(trend.distance, FAR * trend.way)
    count = state.search.evaluations[:, None]
    d = torch.sin(trend.key * (997.0 + 61.8 * count) + 2.39996 * count)
    return d * (distance / d.square().mean(-1).sqrt().clamp_min(1e-300))[:, None]


def observe(
    state: RuleState,
    x: Float[Tensor, "P n"],
    f: Float[Tensor, " P"],
    g: Float[Tensor, "P n"],
    ladder: Bool[Tensor, " P"],
    sample: Bool[Tensor, " P"],
    along: Bool[Tensor, " P"],
    valid: Bool[Tensor, " P"],
) -> RuleState:
    """Take in the evaluation at ``x`` where it belongs to a ladder, is a sample, or lies along axes."""
    if some(ladder | sample | along):
        samples = _remembered(state.trend.samples, x, f, g, (ladder | sample | along) & valid)
        state = state.replace(trend=state.trend.replace(samples=samples))
    if some(ladder):
        state = _climbed(state, x, f, g, ladder, valid)
    if not some(sample):
        return state
    trend = state.trend.replace(sample=state.trend.sample + sample)
    # A point without a value costs a sample, and a nearer look.
    trend = trend.where(sample & ~valid, distance=trend.distance / 3, far=trend.far / 3)
    return _fitted(state.replace(trend=trend), sample, valid)


def _remembered(samples: Samples, x: Tensor, f: Tensor, g: Tensor, where: Tensor) -> Samples:
    room = samples.f.shape[-1]
    index = torch.arange(room, dtype=f.dtype, device=f.device)
    here = where[:, None] & (index == (samples.count % room)[:, None])
    return Samples(
        count=samples.count + where,
        x=torch.where(here[..., None], x[:, None], samples.x),
        f=torch.where(here, f[:, None], samples.f),
        g=torch.where(here[..., None], g[:, None], samples.g),
    )


def _climbed(state: RuleState, x: Tensor, f: Tensor, g: Tensor, ladder: Tensor, valid: Tensor) -> RuleState:
    dial, trend, base = _dials(state), state.trend, state.trend.base
    d = x - trend.centre
    rise = f - base.f - (base.g * d).sum(-1)
    before = trend.rise
    ratio = rise / before.clamp_min(1e-300)
    known = (trend.rung > 0) & (before > 0)
    bowl = known & (ratio > dial["steepness"])
    slope = g.square().sum(-1).sqrt()
    steeper = slope / trend.slope.clamp_min(1e-300)
    steep = ~valid | (known & (ratio > STEEP) & (steeper > STEEPER))
    over = trend.rung + 1 >= RUNGS
    axed = ladder & (steep | bowl | over) & valid & axes.affordable(state, state.search.remaining, steep)
    fit = ladder & valid & (bowl | over)
    hop = ladder & ~valid
    done = fit | hop
    climbing = ladder & ~done
    trend = trend.where(hop, hopping=True, hop_distance=trend.distance / 3)
    # Where nothing rises like a bowl the land is flat far away (Ackley's): what tells of the bowl is near.
    flat = trend.way * FLAT * 3.0 ** -((trend.rounds - 1).clamp_min(0) % 2)
    found = torch.where(bowl, trend.distance, flat)
    # A bowl's gradient grows as the distance does. Where it grows faster, the ripples do too: look from near then.
    along_axes = torch.where(bowl | steep, BEYOND * trend.distance, 3 * flat)
    growing = bowl & (steeper > GROWING)
    trend = trend.where(ladder & valid, slope=slope).where(climbing, rise=torch.maximum(rise, before))
    # What was seen on flat land far away would hide the bowl.
    trend = trend.replace(samples=trend.samples.where(fit & ~bowl, count=0.0))
    prior = torch.where(growing, dial["near"] * found, torch.where(bowl, found, FLAT_PRIOR * found))
    trend = trend.where(
        fit,
        bowl_seen=bowl,
        ripples_grow=growing,
        far=dial["climb"] * found,
        prior=prior,
        variance=prior.square(),
        origin=base.x,
    )
    next_one = torch.where(growing, dial["contract"] * prior, trend.far)
    farther = torch.where(fit, next_one, trend.hop_distance * dial["hop"])
    distance = torch.where(done, farther, torch.where(climbing, trend.distance * 3, trend.distance))
    trend = trend.replace(distance=distance, rung=trend.rung + ladder)
    hop = hop & ~axed
    state = state.replace(search=state.search.where(fit, mode=SAMPLE), trend=trend)
    state = state.replace(trend=trend.where(hop, landing=trend.centre + offset(state)))
    return axes.enter(_landing(state, hop), axed, along_axes)


def _landing(state: RuleState, where: Tensor) -> RuleState:
    """The next point is ``landing``; the search from there begins with the stiffness of the dents."""
    search = state.search
    eye = torch.eye(search.x.shape[-1], dtype=search.x.dtype, device=search.x.device)
    plain = eye * state.trend.base.stiffness[:, None, None]
    return state.replace(search=search.where(where, mode=LAND, B=plain, unscaled=False))


def _fitted(state: RuleState, sample: Tensor, valid: Tensor) -> RuleState:
    """The bowl with the latest sample, and where the next one will be."""
    dial, trend, samples = _dials(state), state.trend, state.trend.samples
    over = sample & ((trend.sample >= trend.planned) | (state.search.remaining < dial["tail"]))
    due = sample & ((valid & (trend.sample % (trend.sample / OFTEN).floor().clamp_min(1.0) == 0)) | over)
    if not some(due):
        return state
    room = samples.f.shape[-1]
    chosen = due.nonzero()[:, 0]
    most = min(room, int(samples.count[chosen].amax()))
    used = torch.arange(most, dtype=samples.count.dtype, device=due.device) < samples.count[:, None]
    seen = [a[chosen, :most] for a in (samples.x, samples.f, samples.g)] + [used[chosen]]
    grain = dial["grain"] * trend.way
    about = [trend.centre, trend.variance, trend.origin, trend.prior, grain, dial["doubt"]]
    found = Bowl(*(_spread(a, chosen, len(due)) for a in fit_bowl(*seen, *(a[chosen] for a in about))))
    good = due & found.sound
    trend = trend.where(good, centre=found.minimum, variance=found.variance)
    uncertain = trend.variance.sqrt()
    near = trend.bowl_seen & ((found.power > 0) | trend.ripples_grow)
    distance = torch.where(near, torch.maximum(dial["contract"] * uncertain, grain), trend.far)
    enough = good & (trend.sample >= BELIEVED) & (uncertain * found.wavenumber < dial["precise"])
    done = over | enough
    trend = trend.where(good, distance=distance).where(done, bowl_precise=enough, landing=trend.centre)
    return _landing(state.replace(trend=trend), done)


def _spread(a: Tensor, where: Tensor, count: int) -> Tensor:
    out = torch.zeros(count, *a.shape[1:], dtype=a.dtype, device=a.device)
    out[where] = a
    return out


def _dials(state: RuleState) -> dict[str, Tensor]:
    return dict(zip(DIALS, state.dials.unbind(-1), strict=True))
