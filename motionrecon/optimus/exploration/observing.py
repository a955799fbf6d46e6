"""What the points of a look around say: the rungs of the ladder, and the samples to which a bowl is fitted.

`motionrecon.optimus.exploration.trend` says what they are for, and chooses them.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.optimus.exploration import axes
from motionrecon.optimus.exploration.bowl import Bowl, fit_bowl
from motionrecon.optimus.exploration.modes import LOCAL, SAMPLE
from motionrecon.optimus.exploration.trend import RUNGS, TAIL, enter, land, offset, remembered
from motionrecon.optimus.state import RuleState

#: Growth of the rise over a rung (3x the distance), from which a bowl is believed.
STEEPNESS = 3.5
#: Distance of the samples over the rung's; of the bowl's minimum over the rung's where ripples grow with the distance
#: (Levy's); and there of the next sample over the uncertainty of the minimum.
CLIMB, NEAR, CONTRACT = 2.0, 0.25, 0.7
#: Uncertainty of the minimum, in radians of the ripples, that is small enough to land.
PRECISE = 0.3
#: Least share of the scatter of values that counts as ripples.
DOUBT = 0.01
#: Nearest look around, in units of the way from the start to the first dent.
NEAREST = 1e-6
#: Growth of the rise over a rung from which it is steeper than a parabola: nine times, and some ripples.
STEEP = 13.0
#: Growth of the gradient over a rung that goes with it; ripples alone may make a rise look steep.
STEEPER = 4.0
#: Growth of the gradient over a rung (3x the distance) from which ripples are said to grow with the distance.
GROWING = 3.2
#: From twice as many samples on, the bowl is not fitted after each of them, but OFTEN to twice OFTEN times in all.
OFTEN = 24
#: Distance over the way from start to dent from which to look where the land is flat; every other time a third of it.
#: And that of the bowl's minimum over this distance, as a prior.
FLAT, FLAT_PRIOR = 3.0, 3.0
#: Farthest along axes over the rung from which the land rises: minima may lie there still.
BEYOND = 1.5
#: What tells of ripples that hide a bowl: between what shares of the dent's depth the value rises at a glance, and how
#: many times what it rises at the way.
LOWEST, HIGHEST, LEVEL = 0.5, 2.0, 3.0
#: Samples before the fit is believed where it says that it is precise.
BELIEVED = 32


def observe(
    state: RuleState,
    x: Float[np.ndarray, "P n"],
    f: Float[np.ndarray, " P"],
    g: Float[np.ndarray, "P n"],
    ladder: Bool[np.ndarray, " P"],
    sample: Bool[np.ndarray, " P"],
    along: Bool[np.ndarray, " P"],
    valid: Bool[np.ndarray, " P"],
) -> RuleState:
    """Take in the evaluation at ``x`` where it belongs to a ladder, is a sample, or lies along axes."""
    new = (ladder | sample | along) & valid
    if new.any():
        state = state.replace(trend=state.trend.replace(samples=remembered(state.trend.samples, x, f, g, new)))
    if ladder.any():
        state, ladder = _glanced(state, x, f, ladder)
        state = _climbed(state, x, f, g, ladder, valid)
    if not sample.any():
        return state
    trend = state.trend.replace(sample=state.trend.sample + sample)
    # A point without a value costs a sample, and a nearer look.
    nearer, near = (np.maximum(a / 3, NEAREST * trend.way) for a in (trend.distance, trend.far))
    trend = trend.where(sample & ~valid, distance=nearer, far=near)
    return _fitted(state.replace(trend=trend), sample, valid)


def _glanced(
    state: RuleState, x: Float[np.ndarray, "P n"], f: Float[np.ndarray, " P"], ladder: Bool[np.ndarray, " P"]
) -> tuple[RuleState, Bool[np.ndarray, " P"]]:
    """The state after a glance, and which of ``ladder`` are rungs to be climbed.

    A bowl would rise ninefold from the way between start and dent to thrice that; ripples alone do not rise. The first
    rise is that of the start, which costs nothing; where it tells of ripples, the first rung's counts, too. Where
    there are none, or no bowl at the end of the ladder, the search goes on in its dent as if nothing had been.
    """
    trend, base = state.trend, state.trend.base
    first, trial = ladder & (trend.rung < 0), ladder & (trend.rung > 0) & trend.rippled & (trend.rounds == 1)
    if not (first | trial).any():
        return state, ladder
    rise = f - base.f - (base.g * (x - trend.centre)).sum(-1)
    level = rise / np.maximum(state.search.f0 - base.f, 1e-300)
    passed = first & (level > LOWEST) & (level < HIGHEST)
    grown = rise / np.maximum(trend.rise, 1e-300)
    no_ripples = (trend.rung == 1) & ~(grown < LEVEL)
    no_bowl = (trend.rung + 1 >= RUNGS) & ~(grown > STEEPNESS)
    back = first | (trial & (no_ripples | no_bowl))
    trend = trend.where(back, rounds=0.0, rippled=passed)
    trend = trend.replace(base=base.where(back, f=np.inf, left_early=False))
    state = state.replace(search=state.search.where(back, mode=LOCAL), trend=trend)
    return enter(state, passed, passed), ladder & ~back


def _climbed(
    state: RuleState,
    x: Float[np.ndarray, "P n"],
    f: Float[np.ndarray, " P"],
    g: Float[np.ndarray, "P n"],
    ladder: Bool[np.ndarray, " P"],
    valid: Bool[np.ndarray, " P"],
) -> RuleState:
    """The state after a rung: one farther away, or the ladder ends, in samples of a bowl, in a hop, or along axes."""
    trend, base = state.trend, state.trend.base
    d = x - trend.centre
    rise = f - base.f - (base.g * d).sum(-1)
    before = trend.rise
    ratio = rise / np.maximum(before, 1e-300)
    known = (trend.rung > 0) & (before > 0)
    bowl = known & (ratio > STEEPNESS)
    slope = np.sqrt((g * g).sum(-1))
    steeper = slope / np.maximum(trend.slope, 1e-300)
    steep = ~valid | (known & (ratio > STEEP) & (steeper > STEEPER))
    over = trend.rung + 1 >= RUNGS
    axed = ladder & (steep | bowl | over) & valid & axes.affordable(state, steep)
    fit = ladder & valid & (bowl | over)
    hop = ladder & ~valid
    done = fit | hop
    climbing = ladder & ~done
    trend = trend.where(hop, hopping=True, hop_distance=trend.distance / 3)
    # Where nothing rises like a bowl the land is flat far away (Ackley's): what tells of the bowl is near.
    flat = trend.way * FLAT * 3.0 ** -(np.maximum(trend.rounds - 1, 0) % 2)
    found = np.where(bowl, trend.distance, flat)
    # A bowl's gradient grows as the distance does. Where it grows faster, the ripples do too: look from near then.
    along_axes = np.where(bowl | steep, BEYOND * trend.distance, 3 * flat)
    growing = bowl & (steeper > GROWING)
    trend = trend.where(ladder & valid, slope=slope).where(climbing, rise=np.maximum(rise, before))
    # What was seen on flat land far away would hide the bowl.
    trend = trend.replace(samples=trend.samples.where(fit & ~bowl, count=0.0))
    prior = np.where(growing, NEAR * found, np.where(bowl, found, FLAT_PRIOR * found))
    trend = trend.where(
        fit,
        bowl_seen=bowl,
        ripples_grow=growing,
        far=CLIMB * found,
        prior=prior,
        variance=prior * prior,
        origin=base.x,
    )
    next_one = np.where(growing, CONTRACT * prior, trend.far)
    farther = np.where(fit, next_one, trend.hop_distance)
    distance = np.where(done, farther, np.where(climbing, trend.distance * 3, trend.distance))
    trend = trend.replace(distance=distance, rung=trend.rung + ladder)
    hop = hop & ~axed
    state = state.replace(search=state.search.where(fit, mode=SAMPLE), trend=trend)
    state = state.replace(trend=trend.where(hop, landing=trend.centre + offset(state)))
    return axes.enter(land(state, hop), axed, along_axes)


def _fitted(state: RuleState, sample: Bool[np.ndarray, " P"], valid: Bool[np.ndarray, " P"]) -> RuleState:
    """The bowl with the latest sample, and where the next one will be."""
    trend, samples = state.trend, state.trend.samples
    over = sample & ((trend.sample >= trend.planned) | (state.search.remaining < TAIL))
    due = sample & ((valid & (trend.sample % np.maximum(np.floor(trend.sample / OFTEN), 1.0) == 0)) | over)
    if not due.any():
        return state
    chosen = np.nonzero(due)[0]
    most = min(samples.f.shape[-1], int(samples.count[chosen].max()))
    used = np.arange(most) < samples.count[chosen, None]
    seen = samples.x[chosen, :most], samples.f[chosen, :most], samples.g[chosen, :most]
    centre, variance, origin, prior, way = (
        a[chosen] for a in (trend.centre, trend.variance, trend.origin, trend.prior, trend.way)
    )
    bowl = fit_bowl(*seen, used, centre, variance, origin, prior, way, DOUBT)
    found = Bowl(*(_spread(a, chosen, len(due)) for a in bowl))
    good = due & found.sound
    trend = trend.where(good, centre=found.minimum, variance=found.variance)
    uncertain = np.sqrt(trend.variance)
    near = trend.bowl_seen & ((found.power > 0) | trend.ripples_grow)
    # A dent is about as large as the way from the start to it: ripples do not get smaller within one.
    distance = np.where(near, np.maximum(CONTRACT * uncertain, trend.way), trend.far)
    enough = good & (trend.sample >= BELIEVED) & (uncertain * found.wavenumber < PRECISE)
    done = over | enough
    trend = trend.where(good, distance=distance).where(done, bowl_precise=enough, landing=trend.centre)
    return land(state.replace(trend=trend), done)


def _spread(a: np.ndarray, where: np.ndarray, count: int) -> np.ndarray:
    """Rows of an array of ``count`` rows, where ``where`` says; zeros elsewhere."""
    out = np.zeros((count, *a.shape[1:]), dtype=a.dtype)
    out[where] = a
    return out
