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
from torch import Tensor

from motionrecon.optimus.exploration import axes
from motionrecon.optimus.exploration.bowl import Bowl
from motionrecon.optimus.exploration.bowl import fit as fit_bowl
from motionrecon.optimus.exploration.modes import LADDER, LAND, SAMPLE, some

State = dict[str, Tensor]

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


def begin(x: Tensor, f: Tensor, g: Tensor, valid: Tensor, budget: int) -> State:
    """The exploration's part of a fresh state, for starts ``x`` (P, n) with values ``f`` and gradients ``g``.

    ``valid`` (P,) says where these were finite. A budget of 0 stands for never.
    """
    batch, n = x.shape
    zero = x.new_zeros(batch)
    room = min(budget, max(MEMORY, MEMORIES * n)) if budget else 1
    state = {
        "key": torch.zeros_like(x),
        "hops": zero,
        "hop_distance": zero,
        "cycle": zero,
        "owed": zero,
        "vain": zero,
        "sure": zero,
        "base_x": x,
        "base_f": torch.full_like(zero, torch.inf),
        "base_g": g,
        "base_size": torch.ones_like(zero),
        "base_B": x.new_zeros(batch, n, n),
        "centre": x,
        "landing": x,
        "distance": torch.ones_like(zero),
        "reach": torch.ones_like(zero),
        "rung": zero,
        "rise": zero,
        "slope": zero,
        "bowl": zero,
        "growing": zero,
        "far": torch.ones_like(zero),
        "origin": x,
        "prior": torch.ones_like(zero),
        "variance": torch.ones_like(zero),
        "sample": zero,
        "samples": torch.ones_like(zero),
        "seen": zero,
        "seen_x": x.new_zeros(batch, room, n),
        "seen_f": x.new_zeros(batch, room),
        "seen_g": x.new_zeros(batch, room, n),
    }
    return _remembered(state, x, f, g, valid)


def enter(state: State, settled: Tensor, hasty: Tensor, dials: dict[str, Tensor], remaining: Tensor) -> State:
    """Begin a look around where ``settled`` (P,) is set, from the better of this dent and the last base.

    ``hasty`` (P,) says that the dent might go on downwards: :func:`owing` comes back to that.
    """
    if not some(settled):
        return state
    state = dict(state)
    n = state["x"].shape[-1]
    first = settled & (state["cycle"] == 0)
    way = state["x"] - state["x0"]
    # A start that is a dent itself has no way: its distance from the origin is all that tells of lengths then.
    some_length = NO_WAY * state["x0"].square().mean(-1).sqrt()
    some_length = torch.where(some_length > 0, some_length, 1.0)
    size = way.square().mean(-1).sqrt()
    size = torch.where(size > 1e-9 * some_length, size, some_length)
    g0 = state["g0"]
    key = g0 / g0.square().mean(-1).sqrt().clamp_min(1e-300)[:, None] + 1.7 * way / size[:, None]
    state["key"] = torch.where(first[:, None], key, state["key"])
    state["reach"] = torch.where(first, size, state["reach"])
    lower = settled & (state["f"] < state["base_f"])
    state["base_B"] = torch.where(lower[:, None, None], state["B"], state["base_B"])
    stiffness = state["B"].diagonal(dim1=1, dim2=2).sum(-1) / n
    for name, now in (("base_x", "x"), ("base_g", "g")):
        state[name] = torch.where(lower[:, None], state[now], state[name])
    state["base_f"] = torch.where(lower, state["f"], state["base_f"])
    state["owed"] = torch.where(lower, hasty.to(way.dtype), state["owed"])
    state["base_size"] = torch.where(lower & (stiffness > 0), stiffness, state["base_size"])
    # Where a bowl was seen, the samples go on around its minimum. What they find is a dent: if it is no better, then
    # where the bowl's minimum is known precisely, and otherwise every other time, hop around it instead.
    known = settled & (state["bowl"] > 0)
    climb = settled & ~known
    state["vain"] = torch.where(settled, torch.where(lower, 0.0, state["vain"] + 1), state["vain"])
    around = known & ~lower & ((state["sure"] > 0) | (state["vain"] % 2 == 1))
    for name, base in (("x", "base_x"), ("g", "base_g")):
        state[name] = torch.where(settled[:, None], state[base], state[name])
    state["f"] = torch.where(settled, state["base_f"], state["f"])
    state["centre"] = torch.where(climb[:, None], state["base_x"], state["centre"])
    state["mode"] = torch.where(known, SAMPLE, torch.where(climb, LADDER, state["mode"]))
    fresh = {
        "distance": state["reach"] * dials["ladder"],
        "rung": torch.zeros_like(remaining),
        "rise": torch.zeros_like(remaining),
    }
    for name, value in fresh.items():
        state[name] = torch.where(climb, value, state[name])
    state["samples"] = torch.where(
        settled, _plan(state, dials, remaining - torch.where(known, 0, RUNGS)), state["samples"]
    )
    state["sample"] = torch.where(settled, 0.0, state["sample"])
    state["cycle"] = state["cycle"] + settled
    hop = climb & (state["hops"] > 0)
    wide = torch.maximum(state["variance"].sqrt(), dials["grain"] * state["reach"])
    hop_distance = torch.where(around, wide, state["hop_distance"] * dials["hop"])
    hop = hop | around
    sampled = state["distance"]
    state["distance"] = torch.where(hop, hop_distance, sampled)
    # The bowl's minimum itself stays what it is.
    landing = torch.where(hop[:, None], state["centre"] + offset(state), state["landing"])
    state["distance"] = torch.where(around, sampled, state["distance"])
    return _landing(state | {"landing": landing}, hop)


def owing(state: State) -> Tensor:
    """Whether (P,) the best dent was left in haste, and this one is no better."""
    return (state["owed"] > 0) & (state["base_f"] < state["f"])


def back(state: State, where: Tensor) -> State:
    """Search on in the best dent where ``where`` (P,) is set and this is another one: it was left half-way."""
    where = where & (state["base_f"] < state["f"])
    if not some(where):
        return state
    state = state | {"owed": torch.where(where, 0.0, state["owed"])}
    changed = {name: state["base_" + name] for name in ("x", "f", "g", "B")}
    changed |= {name: torch.zeros_like(state[name]) for name in ("s", "y", "curved", "fresh", "small")}
    changed |= {name: torch.full_like(state["radius"], torch.inf) for name in ("radius", "least")}
    changed |= {name: torch.ones_like(state["pace"]) for name in ("pace", "risen")}
    return state | {name: torch.where(_like(where, value), value, state[name]) for name, value in changed.items()}


def resume(state: State, where: Tensor) -> State:
    """Go on where ``where`` (P,) is set as if axes had not been looked for: with a hop, or with samples of a bowl."""
    if not some(where):
        return state
    state = dict(state)
    dials = _dials(state)
    hop = where & (state["hops"] > 0)
    fit = where & ~hop
    state["samples"] = torch.where(fit, _plan(state, dials, state["budget"] - state["t"]), state["samples"])
    state["mode"] = torch.where(fit, SAMPLE, state["mode"])
    state["landing"] = torch.where(hop[:, None], state["centre"] + offset(state), state["landing"])
    return _landing(state, hop)


def _plan(state: State, dials: State, remaining: Tensor) -> Tensor:
    """Samples of this cycle, for the evaluations ``remaining`` (P,)."""
    n = state["x"].shape[-1]
    most = float(max(n * (EACH_OF_FEW if n <= FEW_UNKNOWNS else EACH_OF_MANY), ANYWAY))
    return ((remaining - dials["tail"]).clamp(LEAST_SAMPLES, most) * dials["share"]).floor().clamp_min(1)


def ready(state: State, remaining: Tensor) -> Tensor:
    """Whether the evaluations left (P,) are enough for what would come next."""
    return remaining >= torch.where(state["hops"] > 0, float(LEAST_HOP), float(LEAST))


def offset(state: State) -> Tensor:
    """The next sample's way (P, n) from the centre: pseudo-random, of rms ``distance``."""
    distance = torch.minimum(state["distance"], FAR * state["reach"])
    count = state["t"][:, None]
    d = torch.sin(state["key"] * (997.0 + 61.8 * count) + 2.39996 * count)
    return d * (distance / d.square().mean(-1).sqrt().clamp_min(1e-300))[:, None]


def observe(
    state: State, x: Tensor, f: Tensor, g: Tensor, ladder: Tensor, sample: Tensor, along: Tensor, valid: Tensor
) -> State:
    """Take in the evaluation at ``x`` where it belongs to a ladder (P,), is a sample (P,), or lies along axes (P,)."""
    state = dict(state)
    if some(ladder | sample | along):
        state = _remembered(state, x, f, g, (ladder | sample | along) & valid)
    if some(ladder):
        state = _climbed(state, x, f, g, ladder, valid)
    if not some(sample):
        return state
    state["sample"] = state["sample"] + sample
    # A point without a value costs a sample, and a nearer look.
    for name in ("distance", "far"):
        state[name] = torch.where(sample & ~valid, state[name] / 3, state[name])
    return _fitted(state, sample, valid)


def _remembered(state: State, x: Tensor, f: Tensor, g: Tensor, where: Tensor) -> State:
    room = state["seen_f"].shape[-1]
    index = torch.arange(room, dtype=f.dtype, device=f.device)
    here = where[:, None] & (index == (state["seen"] % room)[:, None])
    return state | {
        "seen_x": torch.where(here[..., None], x[:, None], state["seen_x"]),
        "seen_f": torch.where(here, f[:, None], state["seen_f"]),
        "seen_g": torch.where(here[..., None], g[:, None], state["seen_g"]),
        "seen": state["seen"] + where,
    }


def _climbed(state: State, x: Tensor, f: Tensor, g: Tensor, ladder: Tensor, valid: Tensor) -> State:
    dial = _dials(state)
    d = x - state["centre"]
    rise = f - state["base_f"] - (state["base_g"] * d).sum(-1)
    before = state["rise"]
    ratio = rise / before.clamp_min(1e-300)
    known = (state["rung"] > 0) & (before > 0)
    bowl = known & (ratio > dial["steepness"])
    slope = g.square().sum(-1).sqrt()
    steeper = slope / state["slope"].clamp_min(1e-300)
    steep = ~valid | (known & (ratio > STEEP) & (steeper > STEEPER))
    over = state["rung"] + 1 >= RUNGS
    axed = ladder & (steep | bowl | over) & valid & axes.affordable(state, state["budget"] - state["t"], steep)
    fit = ladder & valid & (bowl | over)
    hop = ladder & ~valid
    done = fit | hop
    climbing = ladder & ~done
    state["hops"] = torch.where(hop, 1.0, state["hops"])
    state["hop_distance"] = torch.where(hop, state["distance"] / 3, state["hop_distance"])
    # Where nothing rises like a bowl the land is flat far away (Ackley's): what tells of the bowl is near.
    flat = state["reach"] * FLAT * 3.0 ** -((state["cycle"] - 1).clamp_min(0) % 2)
    found = torch.where(bowl, state["distance"], flat)
    # A bowl's gradient grows as the distance does. Where it grows faster, the ripples do too: look from near then.
    along_axes = torch.where(bowl | steep, BEYOND * state["distance"], 3 * flat)
    growing = bowl & (steeper > GROWING)
    state["slope"] = torch.where(ladder & valid, slope, state["slope"])
    state["rise"] = torch.where(climbing, torch.maximum(rise, before), before)
    state["bowl"] = torch.where(fit, bowl.to(f.dtype), state["bowl"])
    state["growing"] = torch.where(fit, growing.to(f.dtype), state["growing"])
    # What was seen on flat land far away would hide the bowl.
    state["seen"] = torch.where(fit & ~bowl, 0.0, state["seen"])
    prior = torch.where(growing, dial["near"] * found, torch.where(bowl, found, FLAT_PRIOR * found))
    state["far"] = torch.where(fit, dial["climb"] * found, state["far"])
    state["prior"] = torch.where(fit, prior, state["prior"])
    state["variance"] = torch.where(fit, prior.square(), state["variance"])
    state["origin"] = torch.where(fit[:, None], state["base_x"], state["origin"])
    next_one = torch.where(growing, dial["contract"] * prior, state["far"])
    farther = torch.where(fit, next_one, state["hop_distance"] * dial["hop"])
    state["distance"] = torch.where(done, farther, torch.where(climbing, state["distance"] * 3, state["distance"]))
    state["rung"] = state["rung"] + ladder
    hop = hop & ~axed
    state["mode"] = torch.where(fit, SAMPLE, state["mode"])
    state["landing"] = torch.where(hop[:, None], state["centre"] + offset(state), state["landing"])
    return axes.enter(_landing(state, hop), axed, along_axes)


def _landing(state: State, where: Tensor) -> State:
    """The next point is ``landing``; the search from there begins with the stiffness of the dents."""
    eye = torch.eye(state["x"].shape[-1], dtype=state["x"].dtype, device=state["x"].device)
    state["mode"] = torch.where(where, LAND, state["mode"])
    state["B"] = torch.where(where[:, None, None], eye * state["base_size"][:, None, None], state["B"])
    state["fresh"] = torch.where(where, 0.0, state["fresh"])
    return state


def _fitted(state: State, sample: Tensor, valid: Tensor) -> State:
    """The bowl with the latest sample, and where the next one will be."""
    dial = _dials(state)
    over = sample & ((state["sample"] >= state["samples"]) | (state["budget"] - state["t"] < dial["tail"]))
    due = sample & ((valid & (state["sample"] % (state["sample"] / OFTEN).floor().clamp_min(1.0) == 0)) | over)
    if not some(due):
        return state
    room = state["seen_f"].shape[-1]
    chosen = due.nonzero()[:, 0]
    most = min(room, int(state["seen"][chosen].amax()))
    used = torch.arange(most, dtype=state["seen"].dtype, device=due.device) < state["seen"][:, None]
    seen = [state[name][chosen, :most] for name in ("seen_x", "seen_f", "seen_g")] + [used[chosen]]
    grain = dial["grain"] * state["reach"]
    about = [state["centre"], state["variance"], state["origin"], state["prior"], grain, dial["doubt"]]
    found = Bowl(*(_spread(a, chosen, len(due)) for a in fit_bowl(*seen, *(a[chosen] for a in about))))
    good = due & found.sound
    state["centre"] = torch.where(good[:, None], found.minimum, state["centre"])
    state["variance"] = torch.where(good, found.variance, state["variance"])
    uncertain = state["variance"].sqrt()
    near = (state["bowl"] > 0) & ((found.power > 0) | (state["growing"] > 0))
    distance = torch.where(near, torch.maximum(dial["contract"] * uncertain, grain), state["far"])
    state["distance"] = torch.where(good, distance, state["distance"])
    enough = good & (state["sample"] >= BELIEVED) & (uncertain * found.wavenumber < dial["precise"])
    done = over | enough
    state["sure"] = torch.where(done, enough.to(uncertain.dtype), state["sure"])
    state["landing"] = torch.where(done[:, None], state["centre"], state["landing"])
    return _landing(state, done)


def _spread(a: Tensor, where: Tensor, count: int) -> Tensor:
    out = torch.zeros(count, *a.shape[1:], dtype=a.dtype, device=a.device)
    out[where] = a
    return out


def _dials(state: State) -> State:
    return dict(zip(DIALS, state["trend_dials"].unbind(-1), strict=True))


def _like(mask: Tensor, a: Tensor) -> Tensor:
    return mask.reshape(-1, *[1] * (a.dim() - 1))
