"""Optimus as a batched rule, for functions with gradients: P problems of n unknowns step together.

Each step: the network sees the gradient's history and the last secant; its three encoders each add a rank-one term to
B; the branch turns the gradient g into s; the next point is x - B s. Around the network stand seeds and safeguards,
the built-in rules. They are all that an untrained network leaves, and nothing trained comes with motionrecon, since it
was no better:

- the rank-one terms are seeded with BFGS's (`rank_one`), the network changes their mixture;
- a step that fails is not taken, but teaches B all the same, and the radius shrinks;
- where the local search has settled and evaluations are left, the point is a minimum of *something*: Optimus looks
  around for a trend under the ripples or for axes along which the function is a sum
  (:mod:`motionrecon.optimus.exploration`), lands at the minimum that they show and searches locally again; the network
  says how settled, how far and how long.

State and weights are apart: a state is a value of tensors (:mod:`motionrecon.optimus.state`). Points and matrices are
in the problem's precision, the network in float32.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from motionrecon.errors import InputError
from motionrecon.optimus.exploration import axes, trend
from motionrecon.optimus.exploration.modes import CURVE, LADDER, LAND, LOCAL, PROBE, QUADRATURE, SAMPLE
from motionrecon.optimus.network.features import CHANNELS, begin_history, features, update_history
from motionrecon.optimus.network.rank_one import SIGNS, apply, bfgs_terms, lift
from motionrecon.optimus.network.transformer import NetworkSizes, OptimusNetwork, Says
from motionrecon.optimus.state import LocalSearch, RuleState

#: What each dial of the network multiplies; the number is the seed.
DIALS = {
    "settled": 1e-8,  # predicted decrease over the decrease so far, at which the local search has settled
    # Seeds of 0 stand for never: what is left before it is finished costs accuracy where there is nothing better.
    "patience": 0.0,  # mean decrease over |f|, below which a search is slow and may have stalled
    "haste": 0.0,  # predicted decrease over the decrease so far, at which a dent stiffer than the way to it is left
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


def default_sizes(width: int = 24, heads: int = 2, attention: bool = True) -> NetworkSizes:
    """The sizes of the rule's network."""
    return NetworkSizes(
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
        sizes: of the network; by default :func:`default_sizes`'s.
        identity: the control with B = I (times a length), whatever the network says about B.
        explore: whether to look for trends once settled.
        along_axes: whether to look for axes along which the function is a sum, too.

    Raises:
        InputError: if ``sizes`` has another number of dials than :data:`DIALS`.
    """

    def __init__(
        self, sizes: NetworkSizes | None = None, identity: bool = False, explore: bool = True, along_axes: bool = True
    ) -> None:
        super().__init__()
        sizes = sizes or default_sizes()
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
        return cls(NetworkSizes(**sizes), identity=identity, explore=explore)

    def begin(self, x: Float[Tensor, "P n"], f: Float[Tensor, " P"], g: Float[Tensor, "P n"], budget: int) -> RuleState:
        """The state after the evaluation of the start.

        Args:
            x: the start, float64.
            f: values there.
            g: gradients there.
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
        one, zero, infinite = torch.ones_like(f), torch.zeros_like(f), torch.full_like(f, torch.inf)
        no = torch.zeros_like(valid)
        search = LocalSearch(
            x=x,
            f=f,
            g=g,
            B=torch.eye(n, dtype=x.dtype, device=x.device) * (far / norm)[:, None, None],
            unscaled=~no,
            s=torch.zeros_like(x),
            y=torch.zeros_like(x),
            has_secant=no,
            trust_radius=infinite,
            predicted_decrease=zero,
            small_predictions=zero,
            least_predicted=infinite,
            predicted_growth=one,
            step_accepted=one,
            gain_ratio=one,
            last_decrease=zero,
            relative_decrease=one,
            since_landing=zero,
            mode=torch.full_like(f, LOCAL),
            evaluations=one,
            budget=torch.full_like(f, float(budget)),
            fallbacks=zero,
            x0=x,
            f0=f,
            g0=g,
            first_length=far,
            gradient_unit=_rms(g),
            best_x=x,
            best_f=f,
        )
        return RuleState(
            search=search,
            history=update_history(begin_history(x), g / _rms(g)[:, None]),
            trend=trend.begin(x, f, g, valid, budget if self.explore else 0),
            axes=axes.begin(x, budget if self.explore and self.along_axes else 0),
            dials=x.new_zeros(len(x), len(trend.DIALS)),
        )

    def propose(self, state: RuleState) -> tuple[Float[Tensor, "P n"], RuleState]:
        """The next point to evaluate, and the state."""
        search = state.search
        local = search.mode == LOCAL
        lifted = lift(search.B.detach(), search.s, search.y, search.has_secant)
        lifted = torch.where(local & ~search.unscaled, lifted, 1.0)
        search = search.replace(B=search.B * lifted[:, None, None])
        terms, usable = bfgs_terms(search.B.detach(), search.s, search.y, search.has_secant, search.unscaled)
        says = self._ask(state.replace(search=search), terms.image)
        dials = self._dials(says)
        with torch.no_grad():
            first = usable & search.unscaled
            scaled = torch.where(first[:, None, None], _eye(search.x) * terms.scale[:, None, None], search.B)
        B = search.B if self.identity else apply(scaled, terms.mixed(MIX * says.mix.to(scaled.dtype)), SIGNS, usable)
        if self.identity:
            n = search.x.shape[-1]
            size = torch.where(usable, terms.scale, search.B.diagonal(dim1=1, dim2=2).sum(-1) / n)
            B = _eye(search.x) * size[:, None, None]
        search = search.where(local & usable, B=B, unscaled=False)
        search = _sound(search.replace(has_secant=torch.zeros_like(usable)))
        state = state.replace(search=search)
        with torch.no_grad():
            state = self._settled(state, dials, local)
        step, search = _step(state.search, says)
        state = state.replace(search=search)
        away = trend.offset(state)
        mode = search.mode[:, None]
        elsewhere = torch.where(mode == LAND, state.trend.landing, state.trend.centre + away)
        x = torch.where(mode == LOCAL, search.x + step, elsewhere)
        if self.explore and self.along_axes:
            along, state = axes.point(state)
            x = torch.where(mode >= CURVE, along, x)
        return x, state.replace(dials=torch.stack([dials[name] for name in trend.DIALS], -1).detach())

    def observe(
        self, state: RuleState, x: Float[Tensor, "P n"], f: Float[Tensor, " P"], g: Float[Tensor, "P n"]
    ) -> RuleState:
        """The state after the evaluation at ``x``: ``f`` and ``g`` there, finite or not."""
        with torch.no_grad():
            search = state.search
            x = x.detach()
            valid = f.isfinite() & g.isfinite().all(-1)
            f = torch.where(valid, f, torch.inf)
            g = torch.where(valid[:, None], g, search.g)
            search = search.where(f < search.best_f, best_x=x, best_f=f)
            search = search.replace(evaluations=search.evaluations + 1)
            updated = update_history(state.history, g / search.gradient_unit[:, None])
            state = state.replace(
                search=search,
                history=state.history.where(valid, momentum=updated.momentum, second_moment=updated.second_moment),
            )
            local, ladder, sample, landing = (search.mode == mode for mode in (LOCAL, LADDER, SAMPLE, LAND))
            if self.explore:
                along = (search.mode == PROBE) | (search.mode == QUADRATURE)
                if self.along_axes:
                    state = axes.observe(state, x, g, valid)
                    state = trend.resume(state, (state.search.mode >= CURVE) & state.axes.failed)
                state = trend.observe(state, x, f, g, ladder, sample, along, valid)
            return state.replace(search=_moved(state.search, x, f, g, local, landing, valid))

    def _ask(self, state: RuleState, image: Tensor) -> Says:
        """What the network says, of the state and B y, which is ``image`` (P, n)."""
        with torch.no_grad():
            search = state.search
            seen = features(
                (search.x - search.x0) / search.first_length[:, None],
                search.g / search.gradient_unit[:, None],
                state.history,
                search.evaluations,
            )
            B_g = _times(search.B, search.g)
            s, y = search.s, search.y
            vectors = torch.stack([v / _rms(v)[:, None] for v in (s, y, image, B_g, s - image)], -1)
            tokens = torch.cat([seen, vectors.float().clamp(-30, 30)], -1)
            n = torch.full_like(search.evaluations, float(search.x.shape[-1]))
            facts = torch.stack(
                [
                    search.evaluations / search.budget,
                    torch.log10(search.budget) - 2,
                    torch.log10(n) - 1,
                    _log_ratio(0.5 * _dot(search.g, B_g).abs(), search.decrease) / 5,
                    _log_ratio(_norm(s), _norm(search.x - search.x0)) / 3,
                    _log_ratio(_norm(search.g), _norm(search.g0)) / 3,
                    _log_ratio(search.last_decrease, search.decrease) / 5,
                    search.gain_ratio.clamp(-2, 3),
                    search.step_accepted,
                    (search.f / search.f0.abs().clamp_min(1e-300)).clamp(-3, 3),
                    search.relative_decrease.clamp_min(1e-12).log10() / 5,
                    search.since_landing.clamp_max(100) / 100,
                    *(search.mode == mode for mode in (LOCAL, LADDER, SAMPLE)),
                    state.trend.rounds.clamp_max(10) / 10,
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

    def _settled(self, state: RuleState, dials: dict[str, Tensor], local: Tensor) -> RuleState:
        """Whether the local search has settled, and with that the look around, where evaluations are left."""
        search, base_f, first = state.search, state.trend.base.f, state.trend.rounds == 0
        g, gained = search.g, search.decrease
        predicted = (0.5 * _dot(g, _times(search.B, g))).abs()
        still = _norm(search.s) <= 1e-13 * _norm(search.x)
        # Hardly anything gained at all: rather a saddle than a dent.
        saddle = first & (gained < SADDLE * search.f0.abs())
        enough = dials["settled"] * torch.where(first, FINER, 1.0) * torch.where(saddle, FINER, 1.0)
        small = bottomed = (predicted < enough * gained) | still | (_norm(g) <= 1e-300)
        slow = search.relative_decrease < dials["patience"]
        # Along the gradient, against the mean of the way down. Of a smooth bowl the stiff directions are searched
        # first, so that this falls below 1; where it does not, the dent is one of many.
        stiffness = _dot(g, g) / predicted.clamp_min(1e-300)
        stiff = stiffness * gained > STIFF * _dot(search.g0, search.g0)
        hasty = first | (search.f > base_f)
        dent = stiff & hasty & (predicted < dials["haste"] * gained)
        bottom = predicted < NEARLY * gained
        # Promises that grow again: this was not a bottom but a saddle, and the search is leaving it.
        search = search.where(local, least_predicted=torch.minimum(search.least_predicted, predicted))
        rise = torch.where(local, predicted / search.least_predicted.clamp_min(1e-300), 1.0)
        growth = torch.maximum(search.predicted_growth, torch.where(bottom, rise, 1.0))
        leaving = growth > LEAVING
        small = small | (slow & ~leaving & ~saddle & (bottom | (gained < LITTLE * search.f0.abs())))
        small = small | (dent & ~leaving)
        # A later dent that will end above the best one is not worth its bottom.
        small = small | (search.f - HOPE * predicted > base_f)
        count = torch.where(local & small, search.small_predictions + 1, 0.0)
        state = state.replace(search=search.replace(predicted_growth=growth, small_predictions=count))
        if not self.explore:
            return state
        # What was left in haste, and turns out to be the best there is nearby, is searched to its end first.
        steady, remaining = count >= STEADY, search.remaining
        settled = steady & trend.ready(state, remaining) & ~trend.owing(state)
        state = trend.back(state, steady & ~settled)
        return trend.enter(state, settled, settled & ~bottomed & dent, dials, remaining)


def _sound(search: LocalSearch) -> LocalSearch:
    """The search with B begun anew where it has overflowed."""
    size = search.first_length / _norm(search.g)
    overflowed = ~(search.B.detach().abs().amax((1, 2)) < LARGEST * size)
    search = search.where(overflowed, B=_eye(search.x) * size[:, None, None])
    return search.replace(fallbacks=search.fallbacks + overflowed)


def _step(search: LocalSearch, says: Says) -> tuple[Tensor, LocalSearch]:
    """The local step (P, n): -B s, downhill, within the radius."""
    g = search.g
    with torch.no_grad():
        size = _rms(g)[:, None]
    s = (g + BRANCH * size * says.direction) * torch.exp(BRANCH * says.length.clamp(-20, 20).double())
    p = -_times(search.B, s)
    with torch.no_grad():
        downhill = (_dot(p, g) < 0) & p.isfinite().all(-1)
        plain = -g * (search.first_length / _norm(g))[:, None]
    p = torch.where(downhill[:, None], p, plain)
    with torch.no_grad():
        short = (search.trust_radius / _norm(p)).clamp_max(1.0)[:, None]
    p = p * short
    search = search.replace(
        # A gradient reaches what this step's B was made of, and not the steps before: cheap, and hardly noisier.
        B=search.B.detach(),
        fallbacks=search.fallbacks + ((search.mode == LOCAL) & ~downhill),
        predicted_decrease=-_dot(p, g).detach(),
    )
    return p, search


def _moved(
    search: LocalSearch, x: Tensor, f: Tensor, g: Tensor, local: Tensor, landing: Tensor, valid: Tensor
) -> LocalSearch:
    """The local search after the evaluation at ``x``."""
    step, change = x - search.x, g - search.g
    length, slope = _norm(step), -search.predicted_decrease
    curvature = _dot(step, change)
    curved = local & valid & (curvature > 1e-10 * length * _norm(change))
    decrease = search.f - f
    # Where values no longer differ by more than rounding, the gradient decides.
    taken = (f < search.f + 1e-4 * slope) | ((f <= search.f) & (_norm(g) < _norm(search.g)))
    taken = taken & local & valid
    bent = 2 * (f - search.f - slope)
    interpolated = torch.where(valid, -slope / bent.clamp_min(1e-300), 0.1).clamp(0.1, 0.7)
    radius = search.trust_radius
    radius = torch.where(
        taken,
        torch.where(radius.isinf(), FIRST * length, torch.maximum(radius, GROWTH * length)),
        length * interpolated,
    )
    radius = torch.where(landing, torch.inf, torch.where(local, radius, search.trust_radius))
    pace = torch.where(taken, decrease, 0.0) / search.f.abs().clamp_min(1e-300)
    pace = MEMORY * search.relative_decrease + (1 - MEMORY) * pace
    # An accepted step without curvature was too short: B is longer next time.
    longer = search.where(taken & ~curved, B=search.B * 4.0)
    moved = longer.where(taken | (landing & valid), x=x, f=f, g=g)
    # Far better than promised: what B was made of is behind (a saddle), and B begins anew.
    moved = moved.where(taken & (decrease > REVISE * -slope), unscaled=True)
    change = torch.where((local & valid)[:, None], change, torch.where(local[:, None], 0.0, search.y))
    ratio = torch.nan_to_num(decrease / (-slope).clamp_min(1e-300), neginf=-2.0)
    return (
        moved.replace(
            y=change,
            has_secant=curved,
            trust_radius=radius,
            gain_ratio=torch.where(local, ratio, 1.0),
            last_decrease=torch.where(taken, decrease, torch.where(local, 0.0, search.last_decrease)),
            relative_decrease=torch.where(landing, 1.0, torch.where(local, pace, search.relative_decrease)),
            since_landing=search.since_landing + 1,
        )
        .where(local, s=step, step_accepted=taken.to(f.dtype))
        .where(landing, since_landing=0.0, least_predicted=torch.inf, predicted_growth=1.0, mode=LOCAL)
    )


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
