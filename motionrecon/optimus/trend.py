"""The trend under the ripples: where would the minimum be if the function were smooth at a larger scale?

Many functions are a bowl with ripples: a local search stops in the nearest dent, and gradients tell of the dent. What
tells of the bowl are *values far apart*, since most ripples do not grow with distance, and gradients averaged. So once
the local search has settled:

1. ladder: points at growing distances from the dent, until the value rises like a bowl's (ninefold for three times the
   distance) and no longer like ripples'. Ripples that grow with the distance (the gradient grows faster than a bowl's)
   are smallest near: the sampling then begins well inside the rung. Where what rises is steeper than a parabola, there
   is no bowl to fit: then, and from then on, it hops: it lands at a pseudo-random point around the best dent (basin
   hopping, Wales and Doye 1997). In either case :mod:`motionrecon.optimus.axes` comes first, once, if it can be
   afforded;
2. sample: points in pseudo-random directions at that distance around a centre, and a fit of the bowl

       f(x) = e + b'(x - c) + h/2 |x - c|^2 + ripples,    grad f(x) = b + h (x - c) + ripples,

   by weighted least squares, each kind of data weighted by its own noise; the bowl's minimum m = c - b/h, with its
   information matrix, is added to that of earlier rounds, the centre moves to the mean, the distance shrinks to the
   remaining uncertainty; two or three rounds;
3. land: evaluate there, and search locally again.

The directions are a function of the start's gradient and of the way from the start, entry by entry, so they permute
with the unknowns and one problem's do not depend on its neighbours in a batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from motionrecon.optimus import axes

State = dict[str, Tensor]

#: Dials of the network for this part, and their seeds.
DIALS = {
    "ladder": 1.0,  # first distance, in units of the way from start to dent
    "steepness": 3.5,  # growth of the rise over a rung (3x the distance), from which a bowl is believed
    "climb": 2.0,  # distance of the first round over the rung's
    "near": 0.15,  # the same where the ripples grow with the distance, as a bowl does (Levy's)
    "contract": 1.5,  # distance of the next round over the uncertainty of the centre
    "memory": 1.0,  # weight of earlier rounds
    "rounds": 1.0,  # rounds over two, or three where evaluations are many for n unknowns
    "share": 1.0,  # samples of a round over an equal share of the evaluations left
    "hop": 1.0,  # distance of a hop over that of the rung from which it starts
    "doubt": 0.05,  # least share of the scatter of values that counts as ripples
}
#: Evaluations left below which a look around is not worth it, those of a ladder, and those kept for the landing.
LEAST, RUNGS, TAIL = 30, 6, 20
#: Farthest look around, in units of the way from the start to the first dent.
FAR = 1e6
#: Growth of the rise over a rung from which it is steeper than a parabola: nine times, and some ripples.
STEEP = 13.0
#: Growth of the gradient over a rung (3x the distance) from which ripples are said to grow with the distance.
GROWING = 3.2
#: Samples along axes count as a bowl's where its own would lie at least at this share of their distance.
NEARER = 0.5
#: Distance over the way from start to dent from which to look where the land is flat; every other time a third of it.
FLAT = 1.5
#: Evaluations left below which a hop is not worth it.
LEAST_HOP = 12


def begin(x: Tensor, g: Tensor, budget: int) -> State:
    """The exploration's part of a fresh state, for starts ``x`` (P, n) with gradients ``g``."""
    batch, n = x.shape
    zero = x.new_zeros(batch)
    return {
        "key": torch.zeros_like(x),
        "hops": zero,
        "hop_distance": zero,
        "cycle": zero,
        "base_x": x,
        "base_f": torch.full_like(zero, torch.inf),
        "base_g": g,
        "base_size": torch.ones_like(zero),
        "base_B": x.new_zeros(batch, n, n),
        "centre": x,
        "distance": torch.ones_like(zero),
        "reach": torch.ones_like(zero),
        "rung": zero,
        "rise": zero,
        "slope": zero,
        "round": zero,
        "rounds": torch.ones_like(zero),
        "sample": zero,
        "samples": torch.ones_like(zero),
        "offsets": x.new_zeros(batch, room(n, budget), n),
        "values": x.new_zeros(batch, room(n, budget)),
        "sum_d": torch.zeros_like(x),
        "sum_g": torch.zeros_like(x),
        "sum_gd": zero,
        "sum_gg": zero,
        "information": x.new_zeros(batch, n, n),
        "pull": torch.zeros_like(x),
    }


def room(n: int, budget: int) -> int:
    """Samples that a round may have at most."""
    return max(6, min(4 * n if n <= 20 else 2 * n, max(budget - TAIL, 0) // 2))


def enter(state: State, settled: Tensor, dials: dict[str, Tensor], remaining: Tensor) -> State:
    """Begin a look around where ``settled`` (P,) is set, from the better of this dent and the last base."""
    state = dict(state)
    n = state["x"].shape[-1]
    first = settled & (state["cycle"] == 0)
    way = state["x"] - state["x0"]
    size = way.square().mean(-1).sqrt().clamp_min(1e-300)
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
    state["base_size"] = torch.where(lower & (stiffness > 0), stiffness, state["base_size"])
    for name, base in (("x", "base_x"), ("g", "base_g"), ("centre", "base_x")):
        state[name] = torch.where(settled[:, None], state[base], state[name])
    state["f"] = torch.where(settled, state["base_f"], state["f"])
    rounds, samples = _plan(state, dials, remaining - RUNGS)
    fresh = {
        "distance": state["reach"] * dials["ladder"],
        "rung": torch.zeros_like(remaining),
        "rise": torch.zeros_like(remaining),
        "round": torch.zeros_like(remaining),
        "rounds": rounds,
        "samples": samples,
        "cycle": state["cycle"] + settled,
    }
    for name, value in fresh.items():
        state[name] = torch.where(settled, value, state[name])
    for name in ("information", "pull"):
        state[name] = torch.where(_like(settled, state[name]), 0.0, state[name])
    hop = settled & (state["hops"] > 0)
    state["distance"] = torch.where(hop, state["hop_distance"] * dials["hop"], state["distance"])
    state["centre"] = torch.where(hop[:, None], state["centre"] + offset(state), state["centre"])
    return _landing(_cleared(state, settled), hop)


def back(state: State, where: Tensor) -> State:
    """Search on in the best dent where ``where`` (P,) is set and this is another one: it was left half-way."""
    where = where & (state["base_f"] < state["f"])
    changed = {name: state["base_" + name] for name in ("x", "f", "g", "B")}
    changed |= {name: torch.zeros_like(state[name]) for name in ("s", "y", "curved", "fresh", "small")}
    changed |= {"radius": torch.full_like(state["radius"], torch.inf), "pace": torch.ones_like(state["pace"])}
    return state | {name: torch.where(_like(where, value), value, state[name]) for name, value in changed.items()}


def resume(state: State, where: Tensor) -> State:
    """Go on where ``where`` (P,) is set as if axes had not been looked for: with a hop, or with samples of a bowl."""
    state = dict(state)
    dials = dict(zip(DIALS, state["trend_dials"].unbind(-1), strict=True))
    rounds, samples = _plan(state, dials, state["budget"] - state["t"] + state["sample"])
    hop = where & (state["hops"] > 0)
    fit = where & ~hop
    state["rounds"] = torch.where(fit, rounds, state["rounds"])
    state["samples"] = torch.where(fit, samples, state["samples"])
    state = _cleared(state, where & (hop | (state["distance"] < NEARER * state["axes_scale"])))
    state["mode"] = torch.where(fit, 2.0, state["mode"])
    state["centre"] = torch.where(hop[:, None], state["centre"] + offset(state), state["centre"])
    return _landing(state, hop)


def _plan(state: State, dials: State, remaining: Tensor) -> tuple[Tensor, Tensor]:
    """Rounds, and samples of each, for the evaluations ``remaining`` (P,)."""
    n = state["x"].shape[-1]
    rounds = (torch.where(remaining > 20 * n, 3.0, 2.0) * dials["rounds"]).round().clamp(1, 20)
    samples = (remaining - TAIL).clamp_min(6) / rounds * dials["share"]
    return rounds, samples.floor().clamp(6, state["values"].shape[-1])


def ready(state: State, remaining: Tensor) -> Tensor:
    """Whether the evaluations left (P,) are enough for what would come next."""
    return remaining >= torch.where(state["hops"] > 0, float(LEAST_HOP), float(LEAST))


def offset(state: State) -> Tensor:
    """The next sample's way (P, n) from the centre: pseudo-random, of rms ``distance``."""
    n = state["x"].shape[-1]
    distance = torch.minimum(state["distance"], FAR * state["reach"])
    # With samples for every direction and its opposite, opposites tell the slope from the curvature.
    paired = (state["samples"] >= 2 * n) & (state["mode"] == 2.0) & (state["sample"] % 2 == 1)
    count = (state["t"] - paired.to(state["t"].dtype))[:, None]
    d = torch.sin(state["key"] * (997.0 + 61.8 * count) + 2.39996 * count)
    d = torch.where(paired[:, None], -d, d)
    return d * (distance / d.square().mean(-1).sqrt().clamp_min(1e-300))[:, None]


def observe(state: State, x: Tensor, f: Tensor, g: Tensor, ladder: Tensor, sample: Tensor, valid: Tensor) -> State:
    """Take in the evaluation at ``x`` in the problems marked by ``ladder`` (P,) or ``sample`` (P,)."""
    state = _climbed(dict(state), x, f, g, ladder, valid)
    return _sampled(state, x, f, g, sample, valid)


def _climbed(state: State, x: Tensor, f: Tensor, g: Tensor, ladder: Tensor, valid: Tensor) -> State:
    dial = dict(zip(DIALS, state["trend_dials"].unbind(-1), strict=True))
    d = x - state["centre"]
    rise = f - state["base_f"] - (state["base_g"] * d).sum(-1)
    before = state["rise"]
    ratio = rise / before.clamp_min(1e-300)
    known = (state["rung"] > 0) & (before > 0)
    bowl = known & (ratio > dial["steepness"])
    steep = ~valid | (known & (ratio > STEEP))
    over = state["rung"] + 1 >= RUNGS
    fit = ladder & ~steep & (bowl | over)
    hop = ladder & steep
    done = fit | hop
    climbing = ladder & ~done
    axed = done & valid & axes.affordable(state, state["budget"] - state["t"], hop)
    state["hops"] = torch.where(hop, 1.0, state["hops"])
    state["hop_distance"] = torch.where(hop, state["distance"] / 3, state["hop_distance"])
    # Where nothing rises like a bowl the land is flat far away (Ackley's): what tells of the bowl is near.
    flat = state["reach"] * FLAT * 3.0 ** -((state["cycle"] - 1).clamp_min(0) % 2)
    found = torch.where(bowl, state["distance"], flat)
    # A bowl's gradient grows as the distance does. Where it grows faster, the ripples do too: look from near then.
    far = torch.where(bowl | steep, state["distance"], 3 * flat)
    slope = g.square().sum(-1).sqrt()
    growing = bowl & (slope > GROWING * state["slope"])
    state["slope"] = torch.where(ladder & valid, slope, state["slope"])
    state["rise"] = torch.where(climbing, torch.maximum(rise, before), before)
    farther = torch.where(
        fit, found * torch.where(growing, dial["near"], dial["climb"]), state["hop_distance"] * dial["hop"]
    )
    state["distance"] = torch.where(done, farther, torch.where(climbing, state["distance"] * 3, state["distance"]))
    state["rung"] = state["rung"] + ladder
    hop = hop & ~axed
    state["mode"] = torch.where(fit, 2.0, state["mode"])
    state["centre"] = torch.where(hop[:, None], state["centre"] + offset(state), state["centre"])
    return axes.enter(_landing(state, hop), axed, far)


def _landing(state: State, where: Tensor) -> State:
    """The next point is the centre; the search from there begins with the stiffness of the dents."""
    eye = torch.eye(state["x"].shape[-1], dtype=state["x"].dtype, device=state["x"].device)
    state["mode"] = torch.where(where, 3.0, state["mode"])
    state["B"] = torch.where(where[:, None, None], eye * state["base_size"][:, None, None], state["B"])
    state["fresh"] = torch.where(where, 0.0, state["fresh"])
    return state


def _sampled(state: State, x: Tensor, f: Tensor, g: Tensor, sample: Tensor, valid: Tensor) -> State:
    # The points of a quadrature along axes are samples too, should it fail.
    along = (state["mode"] == axes.QUADRATURE) & (state["sample"] < state["values"].shape[-1])
    used = (sample | along) & valid
    d = x - state["centre"]
    index = torch.arange(state["values"].shape[-1], dtype=f.dtype, device=f.device)
    here = used[:, None] & (index == state["sample"][:, None])
    state["offsets"] = torch.where(here[:, :, None], d[:, None, :], state["offsets"])
    state["values"] = torch.where(here, f[:, None], state["values"])
    u = used[:, None]
    state["sum_d"] = state["sum_d"] + torch.where(u, d, 0.0)
    state["sum_g"] = state["sum_g"] + torch.where(u, g, 0.0)
    state["sum_gd"] = state["sum_gd"] + torch.where(used, (g * d).sum(-1), 0.0)
    state["sum_gg"] = state["sum_gg"] + torch.where(used, g.square().sum(-1), 0.0)
    state["sample"] = state["sample"] + used
    # A point without a value costs an evaluation, and a nearer look.
    state["distance"] = torch.where(sample & ~valid, state["distance"] / 3, state["distance"])
    over = sample & ((state["sample"] >= state["samples"]) | (state["budget"] - state["t"] < TAIL / 2))
    if not some(over):
        return state
    return _fitted(state, over)


def _fitted(state: State, over: Tensor) -> State:
    """The end of a round where ``over`` (P,): the bowl's minimum becomes the centre."""
    dial = dict(zip(DIALS, state["trend_dials"].unbind(-1), strict=True))
    n = state["x"].shape[-1]
    count = state["sample"].clamp_min(2.0)
    index = torch.arange(state["values"].shape[-1], dtype=count.dtype, device=count.device)
    filled = index < state["sample"][:, None]
    mean_d, mean_g = state["sum_d"] / count[:, None], state["sum_g"] / count[:, None]
    D = torch.where(filled[:, :, None], state["offsets"] - mean_d[:, None], 0.0)
    spread = D.square().sum((1, 2)).clamp_min(1e-300)
    h = (state["sum_gd"] - count * (mean_g * mean_d).sum(-1)) / spread
    bowl = h > 0
    h = torch.where(bowl, h, 1.0)
    scatter_g = state["sum_gg"] - count * mean_g.square().sum(-1) - h.square() * spread
    noise_g = (scatter_g / (n * (count - 1))).clamp_min(1e-300)
    slope_g = mean_g - h[:, None] * mean_d  # b by gradients alone
    raw = state["values"] - 0.5 * h[:, None] * state["offsets"].square().sum(-1)
    y = torch.where(filled, raw - (torch.where(filled, raw, 0.0).sum(-1) / count)[:, None], 0.0)
    left = (y - (D @ slope_g[..., None])[..., 0]).square().sum(-1) / count
    # Scatter that is left beside the gradients' own error is ripples; where samples are few, at least a share of it is.
    noise_f = torch.maximum(left - noise_g * spread / count.square(), dial["doubt"] * left).clamp_min(1e-300)
    eye = torch.eye(n, dtype=D.dtype, device=D.device)
    Dt = D.transpose(1, 2)
    gram, seen = Dt @ D, (Dt @ y[..., None])[..., 0]
    for _ in range(3):  # with samples enough, the fit itself tells the ripples
        A = (count / noise_g)[:, None, None] * eye + gram / noise_f[:, None, None]
        b = _solve(A, (count / noise_g)[:, None] * slope_g + seen / noise_f[:, None])
        rest = (y - (D @ b[..., None])[..., 0]).square().sum(-1)
        known = (count - 1 - n).clamp_min(1.0)
        noise_f = torch.where(count > 1.5 * n, rest / known, noise_f)
        noise_f = torch.maximum(noise_f, 1e-12 * left).clamp_min(1e-300)
    A = (count / noise_g)[:, None, None] * eye + gram / noise_f[:, None, None]
    b = _solve(A, (count / noise_g)[:, None] * slope_g + seen / noise_f[:, None])
    minimum = state["centre"] - b / h[:, None]
    gain = h.square()[:, None, None] * A
    information = dial["memory"][:, None, None] * state["information"] + gain
    pull = dial["memory"][:, None] * state["pull"] + (gain @ minimum[..., None])[..., 0]
    prior = 1 / (4 * state["distance"].square()).clamp_min(1e-300)
    whole = information + prior[:, None, None] * eye
    covariance = _inverse(whole)
    centre = (covariance @ (pull + prior[:, None] * state["centre"])[..., None])[..., 0]
    error = (covariance.diagonal(dim1=1, dim2=2).sum(-1) / n).clamp_min(0).sqrt()
    good = over & bowl & centre.isfinite().all(-1) & error.isfinite()
    nearer = torch.minimum(torch.maximum(dial["contract"] * error, 0.1 * state["distance"]), 0.8 * state["distance"])
    state["centre"] = torch.where(good[:, None], centre, state["centre"])
    state["information"] = torch.where(good[:, None, None], information, state["information"])
    state["pull"] = torch.where(good[:, None], pull, state["pull"])
    # No bowl at this distance: other samples may show one.
    state["distance"] = torch.where(good, nearer, state["distance"])
    state["round"] = state["round"] + over
    done = over & ((state["round"] >= state["rounds"]) | (state["budget"] - state["t"] < TAIL))
    return _cleared(_landing(state, done), over)


def some(mask: Tensor) -> bool:
    """Whether any problem is marked; always True under vmap, where values cannot be asked."""
    return True if torch._C._functorch.is_batchedtensor(mask) else bool(mask.any())


def _cleared(state: State, where: Tensor) -> State:
    for name in ("sample", "sum_d", "sum_g", "sum_gd", "sum_gg"):
        state[name] = torch.where(_like(where, state[name]), 0.0, state[name])
    return state


def _like(mask: Tensor, a: Tensor) -> Tensor:
    return mask.reshape(-1, *[1] * (a.dim() - 1))


def _solve(A: Tensor, b: Tensor) -> Tensor:
    return torch.linalg.solve_ex(A, b[..., None])[0][..., 0]


def _inverse(A: Tensor) -> Tensor:
    return torch.linalg.inv_ex(A)[0]
