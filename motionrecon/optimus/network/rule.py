"""Optimus as a batched rule, for functions with gradients: P problems of n unknowns step together.

Each step: the network sees the gradient's history and the last secant; its three encoders each add a rank-one term to
B; the branch turns the gradient g into s; the next point is x - B s. Around the network stand seeds and safeguards.
They are all that an untrained network leaves, and the weights that come with motionrecon set only the dials:

- the rank-one terms are seeded with BFGS's (`rank_one`), the network changes their mixture;
- a step that fails is not taken, but teaches B all the same, and the radius shrinks;
- where the local search has settled and evaluations are left, the point is a minimum of *something*: Optimus looks
  around for a trend under the ripples or for axes along which the function is a sum
  (:mod:`motionrecon.optimus.exploration`), lands at the minimum that they show and searches locally again; the network
  says how settled, how far and how long.

State and weights are apart: a state is a dict of tensors. Points and matrices are in the problem's precision, the
network in float32.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from motionrecon.errors import InputError
from motionrecon.optimus.exploration import axes, trend
from motionrecon.optimus.exploration.modes import CURVE, LADDER, LAND, LOCAL, PROBE, QUADRATURE, SAMPLE
from motionrecon.optimus.network.features import CHANNELS, HISTORY, begin_history, features, update_history
from motionrecon.optimus.network.rank_one import SIGNS, apply, bfgs_terms, lift
from motionrecon.optimus.network.transformer import OptimusNetwork, Says, Shape

State = dict[str, Tensor]

#: What each dial of the network multiplies; the number is the seed.
DIALS = {
    "settled": 1e-8,  # predicted decrease over the decrease so far, at which the local search has settled
    "patience": 3e-3,  # mean decrease over |f|, below which a search is slow and may have stalled
    "haste": 3e-3,  # predicted decrease over the decrease so far, at which a dent stiffer than the way to it is left
    **trend.DIALS,
}
#: Logarithms that a dial of 1 stands for, where it spans decades.
_DIAL_UNIT = {"settled": 3.0, "haste": 3.0}
#: How far the network's mixing and branch reach for an output of 1.
MIX, BRANCH = 0.1, 0.1
#: Extra channels of a token besides Adafactor's: s, y, By, Bg, s - By, each over its rms.
_SECANT_CHANNELS = 5
_FACTS = 16
#: Small predictions in a row that count: in a curved valley a single one means nothing.
STEADY = 2
#: The first dent may be all there is: it is searched to this share of what settles later ones.
FINER = 1e-2
#: The first radius, in units of the first step that was taken.
FIRST = 2.0
#: Growth of the radius over an accepted step.
GROWTH = 2.0
#: Entries of B beyond this, in units of what the first length and the gradient make of it, are an overflow.
LARGEST = 1e30
#: How much farther down than the model predicts a dent may reach.
HOPE = 4.0
#: A slow search has stalled if it gained less than LITTLE of |f0|, or if the model promises less than NEARLY of what
#: it gained: the rest of this dent is worth less than a look around.
LITTLE, NEARLY = 0.1, 1e-3
#: Share of |f0| below which what a first local search has gained is suspiciously little.
SADDLE = 0.3
#: Growth of the model's promise over the least in this dent, once that is small, from which the search is leaving a
#: saddle: for the rest of the dent, since promises fall again before the saddle is behind.
LEAVING = 10.0
#: Decrease over the promised one from which the model is obsolete.
REVISE = 10.0
#: Weight of the mean pace so far against that of the last step.
MEMORY = 0.85
#: Stiffness of a dent over that of the way to it, from which it is one of many.
STIFF = 2.0


def shape(width: int = 24, heads: int = 2, attention: bool = True) -> Shape:
    """The sizes of the rule's network."""
    return Shape(
        channels=CHANNELS + _SECANT_CHANNELS,
        facts=_FACTS,
        vectors=2,
        dials=len(DIALS),
        width=width,
        heads=heads,
        attention=attention,
    )


class OptimusRule(nn.Module):
    """Optimus for functions with gradients: ``begin``, then ``propose`` and ``observe`` in turn.

    Args:
        sizes: of the network; by default :func:`shape`'s.
        identity: the control with B = I (times a length), whatever the network says about B.
        explore: whether to look for trends once settled.
        along_axes: whether to look for axes along which the function is a sum, too.

    Raises:
        InputError: if ``sizes`` has another number of dials than :data:`DIALS`.
    """

    def __init__(
        self, sizes: Shape | None = None, identity: bool = False, explore: bool = True, along_axes: bool = True
    ) -> None:
        super().__init__()
        sizes = sizes or shape()
        if sizes.dials != len(DIALS):
            raise InputError(f"the network has {sizes.dials} dials, the rule {len(DIALS)}: train it again")
        self.network = OptimusNetwork(sizes)
        self.identity, self.explore, self.along_axes = identity, explore, along_axes

    def settings(self) -> dict[str, Any]:
        """What `from_settings` makes it again from, as JSON holds it."""
        return {"sizes": self.network.shape.as_dict(), "identity": self.identity, "explore": self.explore}

    @classmethod
    def from_settings(cls, sizes: dict[str, Any], identity: bool, explore: bool) -> OptimusRule:
        """An untrained one."""
        return cls(Shape(**sizes), identity=identity, explore=explore)

    def begin(self, x: Tensor, f: Tensor, g: Tensor, budget: int) -> State:
        """The state after the evaluation of the start.

        Args:
            x: the start (P, n), float64.
            f: values there (P,).
            g: gradients there (P, n).
            budget: evaluations in all, that of the start among them.
        """
        n = x.shape[-1]
        valid = f.isfinite() & g.isfinite().all(-1)
        g = torch.where(g.isfinite(), g, 0.0)
        f = torch.where(f.isfinite(), f, torch.inf)
        norm = _norm(g)
        # The only length that a first evaluation offers (Polyak's step for a minimum of 0); a wrong one costs a few
        # evaluations, since steps that fail shrink.
        far = torch.where(f.isfinite(), f.abs(), 0.0) / norm
        far = torch.where(far > 0, far, 1.0)
        one, zero = torch.ones_like(f), torch.zeros_like(f)
        return {
            "x": x,
            "f": f,
            "g": g,
            "B": torch.eye(n, dtype=x.dtype, device=x.device) * (far / norm)[:, None, None],
            "radius": torch.full_like(f, torch.inf),
            "fresh": one,
            "s": torch.zeros_like(x),
            "y": torch.zeros_like(x),
            "curved": zero,
            "predicted": zero,
            "accepted": one,
            "agreement": one,
            "gained": zero,
            "since": zero,
            "small": zero,
            "pace": one,
            "least": torch.full_like(f, torch.inf),
            "risen": one,
            "length": far,
            "unit": _rms(g),
            "x0": x,
            "g0": g,
            "f0": f,
            "best_x": x,
            "best_f": f,
            "t": one,
            "budget": torch.full_like(f, float(budget)),
            "mode": torch.full_like(f, LOCAL),
            "fallbacks": zero,
            **trend.begin(x, f, g, valid, budget if self.explore else 0),
            **axes.begin(x, budget if self.explore and self.along_axes else 0),
            **update_history(begin_history(x), g / _rms(g)[:, None]),
        }

    def propose(self, state: State) -> tuple[Tensor, State]:
        """The next point (P, n) to evaluate, and the state."""
        state = dict(state)
        local = state["mode"] == LOCAL
        lifted = lift(state["B"].detach(), state["s"], state["y"], state["curved"])
        lifted = torch.where(local & (state["fresh"] == 0), lifted, 1.0)
        state["B"] = state["B"] * lifted[:, None, None]
        terms, usable = bfgs_terms(state["B"].detach(), state["s"], state["y"], state["curved"], state["fresh"])
        says = self._ask(state, terms.image)
        dials = self._dials(says)
        with torch.no_grad():
            first = usable & (state["fresh"] > 0)
            scaled = torch.where(first[:, None, None], _eye(state["x"]) * terms.scale[:, None, None], state["B"])
        B = state["B"] if self.identity else apply(scaled, terms.mixed(MIX * says.mix.to(scaled.dtype)), SIGNS, usable)
        if self.identity:
            n = state["x"].shape[-1]
            size = torch.where(usable, terms.scale, state["B"].diagonal(dim1=1, dim2=2).sum(-1) / n)
            B = _eye(state["x"]) * size[:, None, None]
        state["B"] = torch.where((local & usable)[:, None, None], B, state["B"])
        state["fresh"] = torch.where(local & usable, 0.0, state["fresh"])
        state["curved"] = torch.zeros_like(state["curved"])

        state = self._sound(state)

        g = state["g"]
        with torch.no_grad():
            remaining = state["budget"] - state["t"]
            predicted = 0.5 * _dot(g, _times(state["B"], g))
            gained = (state["f0"] - state["f"]).clamp_min(0)
            still = _norm(state["s"]) <= 1e-13 * _norm(state["x"])
            # Hardly anything gained at all: rather a saddle than a dent.
            saddle = (state["cycle"] == 0) & (gained < SADDLE * state["f0"].abs())
            enough = dials["settled"] * torch.where(state["cycle"] == 0, FINER, 1.0) * torch.where(saddle, FINER, 1.0)
            small = bottomed = (predicted.abs() < enough * gained) | still | (_norm(g) <= 1e-300)
            slow = state["pace"] < dials["patience"]
            # Along the gradient, against the mean of the way down. Of a smooth bowl the stiff directions are searched
            # first, so that this falls below 1; where it does not, the dent is one of many.
            stiffness = _dot(g, g) / predicted.abs().clamp_min(1e-300)
            stiff = stiffness * gained > STIFF * _dot(state["g0"], state["g0"])
            hasty = (state["cycle"] == 0) | (state["f"] > state["base_f"])
            dent = stiff & hasty & (predicted.abs() < dials["haste"] * gained)
            bottom = predicted.abs() < NEARLY * gained
            # Promises that grow again: this was not a bottom but a saddle, and the search is leaving it.
            state["least"] = torch.where(local, torch.minimum(state["least"], predicted.abs()), state["least"])
            rise = torch.where(local, predicted.abs() / state["least"].clamp_min(1e-300), 1.0)
            state["risen"] = torch.maximum(state["risen"], torch.where(predicted.abs() < NEARLY * gained, rise, 1.0))
            leaving = state["risen"] > LEAVING
            small = small | (slow & ~leaving & ~saddle & (bottom | (gained < LITTLE * state["f0"].abs())))
            small = small | (dent & ~leaving)
            # A later dent that will end above the best one is not worth its bottom.
            small = small | (state["f"] - HOPE * predicted.abs() > state["base_f"])
            state["small"] = torch.where(local & small, state["small"] + 1, 0.0)
            steady = state["small"] >= STEADY
            if self.explore:
                # What was left in haste, and turns out to be the best there is nearby, is searched to its end first.
                settled = steady & trend.ready(state, remaining) & ~trend.owing(state)
                state = trend.back(state, steady & ~settled)
                state = trend.enter(state, settled, settled & ~bottomed & dent, dials, remaining)
        step, state = self._step(state, says)
        away = trend.offset(state)
        mode = state["mode"][:, None]
        x = torch.where(
            mode == LOCAL, state["x"] + step, torch.where(mode == LAND, state["landing"], state["centre"] + away)
        )
        if self.explore and self.along_axes:
            along, state = axes.point(state)
            x = torch.where(mode >= CURVE, along, x)
        state["trend_dials"] = torch.stack([dials[name] for name in trend.DIALS], -1).detach()
        return x, state

    def observe(self, state: State, x: Tensor, f: Tensor, g: Tensor) -> State:
        """The state after the evaluation at ``x`` (P, n): ``f`` (P,) and ``g`` (P, n) there, finite or not."""
        state = dict(state)
        with torch.no_grad():
            x = x.detach()
            valid = f.isfinite() & g.isfinite().all(-1)
            f = torch.where(valid, f, torch.inf)
            g = torch.where(valid[:, None], g, state["g"])
            better = f < state["best_f"]
            state["best_x"] = torch.where(better[:, None], x, state["best_x"])
            state["best_f"] = torch.where(better, f, state["best_f"])
            state["t"] = state["t"] + 1
            history = {key: state[key] for key in HISTORY}
            updated = update_history(history, g / state["unit"][:, None])
            state |= {key: torch.where(valid[:, None, None], updated[key], history[key]) for key in HISTORY}
            local, ladder, sample, landing = (state["mode"] == mode for mode in (LOCAL, LADDER, SAMPLE, LAND))
            if self.explore:
                along = (state["mode"] == PROBE) | (state["mode"] == QUADRATURE)
                if self.along_axes:
                    state = axes.observe(state, x, g, valid)
                    state = trend.resume(state, (state["mode"] >= CURVE) & (state["axes_failed"] > 0))
                state = trend.observe(state, x, f, g, ladder, sample, along, valid)
            return self._moved(state, x, f, g, local, landing, valid)

    def _ask(self, state: State, image: Tensor) -> Says:
        with torch.no_grad():
            unit = state["length"][:, None]
            seen = features(
                (state["x"] - state["x0"]) / unit,
                state["g"] / state["unit"][:, None],
                {key: state[key] for key in HISTORY},
                state["t"],
            )
            B_g = _times(state["B"], state["g"])
            s, y = state["s"], state["y"]
            vectors = torch.stack([v / _rms(v)[:, None] for v in (s, y, image, B_g, s - image)], -1)
            tokens = torch.cat([seen, vectors.float().clamp(-30, 30)], -1)
            n = torch.full_like(state["t"], float(state["x"].shape[-1]))
            gained = (state["f0"] - state["f"]).clamp_min(0)
            facts = torch.stack(
                [
                    state["t"] / state["budget"],
                    torch.log10(state["budget"]) - 2,
                    torch.log10(n) - 1,
                    _log_ratio(0.5 * _dot(state["g"], B_g).abs(), gained) / 5,
                    _log_ratio(_norm(s), _norm(state["x"] - state["x0"])) / 3,
                    _log_ratio(_norm(state["g"]), _norm(state["g0"])) / 3,
                    _log_ratio(state["gained"], gained) / 5,
                    state["agreement"].clamp(-2, 3),
                    state["accepted"],
                    (state["f"] / state["f0"].abs().clamp_min(1e-300)).clamp(-3, 3),
                    state["pace"].clamp_min(1e-12).log10() / 5,
                    state["since"].clamp_max(100) / 100,
                    *(state["mode"] == mode for mode in (LOCAL, LADDER, SAMPLE)),
                    state["cycle"].clamp_max(10) / 10,
                ],
                -1,
            )
        says: Says = self.network(tokens, torch.nan_to_num(facts).float())
        return says

    def _dials(self, says: Says) -> dict[str, Tensor]:
        logs = says.dials.double().clamp(-5, 5)
        return {
            name: seed * torch.exp(logs[:, i] * _DIAL_UNIT.get(name, 1.0))
            for i, (name, seed) in enumerate(DIALS.items())
        }

    def _sound(self, state: State) -> State:
        """The state with B begun anew where it has overflowed."""
        size = state["length"] / _norm(state["g"])
        overflowed = ~(state["B"].detach().abs().amax((1, 2)) < LARGEST * size)
        plain = _eye(state["x"]) * size[:, None, None]
        fallbacks = state["fallbacks"] + overflowed
        return state | {"B": torch.where(overflowed[:, None, None], plain, state["B"]), "fallbacks": fallbacks}

    def _step(self, state: State, says: Says) -> tuple[Tensor, State]:
        """The local step (P, n): -B s, downhill, within the radius."""
        g = state["g"]
        with torch.no_grad():
            size = _rms(g)[:, None]
        s = (g + BRANCH * size * says.direction) * torch.exp(BRANCH * says.length.clamp(-20, 20).double())
        p = -_times(state["B"], s)
        with torch.no_grad():
            downhill = (_dot(p, g) < 0) & p.isfinite().all(-1)
            plain = -g * (state["length"] / _norm(g))[:, None]
        p = torch.where(downhill[:, None], p, plain)
        with torch.no_grad():
            short = (state["radius"] / _norm(p)).clamp_max(1.0)[:, None]
        p = p * short
        state = dict(state)
        # A gradient reaches what this step's B was made of, and not the steps before: cheap, and hardly noisier.
        state["B"] = state["B"].detach()
        local = state["mode"] == LOCAL
        state["fallbacks"] = state["fallbacks"] + (local & ~downhill)
        state["predicted"] = -_dot(p, g).detach()
        return p, state

    def _moved(
        self, state: State, x: Tensor, f: Tensor, g: Tensor, local: Tensor, landing: Tensor, valid: Tensor
    ) -> State:
        """The local search after the evaluation at ``x``."""
        step, change = x - state["x"], g - state["g"]
        length, slope = _norm(step), -state["predicted"]
        curvature = _dot(step, change)
        curved = local & valid & (curvature > 1e-10 * length * _norm(change))
        decrease = state["f"] - f
        # Where values no longer differ by more than rounding, the gradient decides.
        taken = (f < state["f"] + 1e-4 * slope) | ((f <= state["f"]) & (_norm(g) < _norm(state["g"])))
        taken = taken & local & valid
        bent = 2 * (f - state["f"] - slope)
        interpolated = torch.where(valid, -slope / bent.clamp_min(1e-300), 0.1).clamp(0.1, 0.7)
        radius = torch.where(
            taken,
            torch.where(state["radius"].isinf(), FIRST * length, torch.maximum(state["radius"], GROWTH * length)),
            length * interpolated,
        )
        radius = torch.where(landing, torch.inf, torch.where(local, radius, state["radius"]))
        move = taken | (landing & valid)
        pace = torch.where(taken, decrease, 0.0) / state["f"].abs().clamp_min(1e-300)
        # An accepted step without curvature was too short: B is longer next time.
        longer = torch.where(taken & ~curved, 4.0, 1.0)
        return state | {
            "x": torch.where(move[:, None], x, state["x"]),
            "f": torch.where(move, f, state["f"]),
            "g": torch.where(move[:, None], g, state["g"]),
            "B": torch.where(longer[:, None, None] > 1, state["B"] * 4.0, state["B"]),
            "s": torch.where(local[:, None], step, state["s"]),
            "y": torch.where((local & valid)[:, None], change, torch.where(local[:, None], 0.0, state["y"])),
            "curved": curved.to(f.dtype),
            # Far better than promised: what B was made of is behind (a saddle), and B begins anew.
            "fresh": torch.where(taken & (decrease > REVISE * -slope), 1.0, state["fresh"]),
            "radius": radius,
            "accepted": torch.where(local, taken.to(f.dtype), state["accepted"]),
            "agreement": torch.where(local, torch.nan_to_num(decrease / (-slope).clamp_min(1e-300), neginf=-2.0), 1.0),
            "pace": torch.where(
                landing, 1.0, torch.where(local, MEMORY * state["pace"] + (1 - MEMORY) * pace, state["pace"])
            ),
            "gained": torch.where(taken, decrease, torch.where(local, 0.0, state["gained"])),
            "since": torch.where(landing, 0.0, state["since"] + 1),
            "least": torch.where(landing, torch.inf, state["least"]),
            "risen": torch.where(landing, 1.0, state["risen"]),
            "mode": torch.where(landing, LOCAL, state["mode"]),
        }


def _eye(x: Tensor) -> Tensor:
    return torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-1)


def _norm(a: Tensor) -> Tensor:
    return a.square().sum(-1).sqrt().clamp_min(1e-300)


def _rms(a: Tensor) -> Tensor:
    return a.square().mean(-1).sqrt().clamp_min(1e-300)


def _times(B: Tensor, v: Tensor) -> Tensor:
    return (B @ v[..., None])[..., 0]


def _log_ratio(a: Tensor, b: Tensor) -> Tensor:
    return (a.clamp_min(1e-300).log10() - b.clamp_min(1e-300).log10()).clamp(-20, 20)
