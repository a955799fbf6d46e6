"""The paper's form of Optimus as a batched rule, for functions with gradients: P problems of n unknowns step together.

Each step, the network says all of it:

    B <- exp(k) B + u1 u1' - u2 u2' + u3 u3'      one term from each encoder; B begins as a multiple of I
    s  = d exp(a)                                 direction and length, unknown by unknown
    x <- x - B s, its length at most exp(c) times that of the last step, softly

x is the best point so far: that the best is kept is the only safeguard, besides that a step to where f has no value
halves the next. What the paper says of it, and what is our reading, is in ``models/optimus/README.md``.

State and weights are apart: a state is a value of tensors (:mod:`motionrecon.optimus.paper.state`). Points and
matrices are in the problem's precision, the network in float32. What the network sees carries no gradient: through it,
gradients of an unroll grow beyond use.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from motionrecon.optimus.network.features import CHANNELS, begin_history, features, update_history
from motionrecon.optimus.paper.network import PaperNetwork, PaperSays, PaperSizes
from motionrecon.optimus.paper.state import PaperState

#: Signs of the three terms. Without a negative one B could only grow.
SIGNS = (1.0, -1.0, 1.0)
#: Vectors as channels of a token besides Adafactor's, facts, vectors of a term, and vectors of the direction.
_VECTORS, _FACTS, _TERMS, _DIRECTIONS = 7, 20, 4, 3
#: What an output of 1 stands for in the logarithm of each unknown's share of the length.
SHARE = 0.3
#: The same for the direction's entry without a vector, in shares of the gradient's rms.
FREE = 0.1
#: Largest logarithms: of that share, and said of the whole problem.
LARGEST_SHARE, LARGEST_WHOLE = 5.0, 7.0
#: Sharpness of the softer minimum of the length that B gives and the longest allowed.
SHARP = 4.0
#: Growth of a step over the last one that an untrained network allows.
GROWTH = 2.0
#: Cosine of step and change of gradient below which their product counts as this much.
LEAST_COSINE = 1e-6
#: Weight of the mean pace so far against that of the last step.
MEMORY = 0.85
#: Entries of B beyond this, in units of what the first length and the gradient make of it, are an overflow.
LARGEST = 1e30


def default_sizes(width: int = 32, heads: int = 2, attention: bool = True, rank_one: bool = True) -> PaperSizes:
    """The sizes of the rule's network."""
    return PaperSizes(
        channels=CHANNELS + _VECTORS,
        facts=_FACTS,
        terms=_TERMS,
        directions=_DIRECTIONS,
        width=width,
        heads=heads,
        attention=attention,
        rank_one=rank_one,
    )


class Seen(NamedTuple):
    """What the network is told, and the vectors that its weights are of; none carries a gradient.

    Attributes:
        tokens, facts: the network's inputs, float32.
        terms: (P, n, 4) vectors of the rank-one terms, in the units of the root of B.
        directions: (P, n, 3) vectors of the direction, in the units of the gradient.
        root: (P, n) root of the mean size of B; 0 for unknowns that no gradient has ever had an entry of: they stay.
        size: (P, n) rms of the gradient, likewise.
    """

    tokens: Float[Tensor, "P n channels"]
    facts: Float[Tensor, "P facts"]
    terms: Float[Tensor, "P n terms"]
    directions: Float[Tensor, "P n directions"]
    root: Float[Tensor, "P n"]
    size: Float[Tensor, "P n"]


class PaperRule(nn.Module):
    """The paper's form of Optimus: ``begin``, then ``propose`` and ``observe`` in turn.

    Args:
        sizes: of the network; by default :func:`default_sizes`'s.
    """

    def __init__(self, sizes: PaperSizes | None = None) -> None:
        super().__init__()
        self.network = PaperNetwork(sizes or default_sizes())
        self.rank_one = self.network.shape.rank_one

    def settings(self) -> dict[str, Any]:
        """What `from_settings` makes it again from, as JSON holds it."""
        return {"sizes": self.network.shape.as_dict()}

    @classmethod
    def from_settings(cls, sizes: dict[str, Any]) -> PaperRule:
        """An untrained one."""
        return cls(PaperSizes(**sizes))

    def begin(
        self, x: Float[Tensor, "P n"], f: Float[Tensor, " P"], g: Float[Tensor, "P n"], budget: int
    ) -> PaperState:
        """The state after the evaluation of the start.

        Args:
            x: the start, float64.
            f: values there.
            g: gradients there.
            budget: evaluations in all, that of the start among them.
        """
        g = torch.where(g.isfinite(), g, 0.0)
        f = torch.where(f.isfinite(), f, torch.inf)
        norm = _norm(g)
        # The only length that a first evaluation offers (Polyak's step for a minimum of 0).
        far = torch.where(f.isfinite(), f.abs(), 0.0) / norm
        far = torch.where(far > 0, far, 1.0)
        one, zero = torch.ones_like(f), torch.zeros_like(f)
        unit = _rms(g)
        eye = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
        return PaperState(
            best_x=x,
            best_f=f,
            best_g=g,
            last_g=g,
            B=eye * (far / norm)[:, None, None],
            s=torch.zeros_like(x),
            y=torch.zeros_like(x),
            radius=far,
            predicted_decrease=zero,
            last_decrease=zero,
            pace=one,
            failed=zero,
            evaluations=one,
            budget=torch.full_like(f, float(budget)),
            x0=x,
            f0=f,
            g0=g,
            first_length=far,
            gradient_unit=unit,
            history=update_history(begin_history(x), g / unit[:, None]),
        )

    def propose(self, state: PaperState) -> tuple[Float[Tensor, "P n"], PaperState]:
        """The next point to evaluate, and the state."""
        with torch.no_grad():
            seen = _see(state)
        says = self.network(seen.tokens, seen.facts)
        whole = says.whole.double().clamp(-LARGEST_WHOLE, LARGEST_WHOLE)
        state = state.replace(B=self._updated(state, seen, says, whole[:, 0]))
        step = -_times(state.B, _pulled(seen, says))
        own = _norm(step)
        length = own.log() + whole[:, 1]
        longest = state.radius.log() + whole[:, 2] + torch.log(torch.tensor(GROWTH, dtype=own.dtype))
        length = length - softplus(SHARP * (length - longest)) / SHARP
        step = step * (length.exp() / own)[:, None]
        step = torch.where(step.isfinite().all(-1)[:, None], step, _descent(state))
        with torch.no_grad():
            predicted = -_dot(step, state.best_g)
        return state.best_x + step, state.replace(predicted_decrease=predicted)

    def observe(
        self, state: PaperState, x: Float[Tensor, "P n"], f: Float[Tensor, " P"], g: Float[Tensor, "P n"]
    ) -> PaperState:
        """The state after the evaluation at ``x``: ``f`` and ``g`` there, finite or not."""
        with torch.no_grad():
            x = x.detach()
            valid = f.isfinite() & g.isfinite().all(-1)
            f, g = torch.where(valid, f, torch.inf), torch.where(valid[:, None], g, state.best_g)
            better = f < state.best_f
            s, y = x - state.best_x, g - state.best_g
            length = _norm(s)
            decrease = torch.where(valid, state.best_f - f, 0.0)
            pace = torch.where(better, decrease, 0.0) / state.best_f.abs().clamp_min(1e-300)
            updated = update_history(state.history, g / state.gradient_unit[:, None])
            history = state.history.where(valid, momentum=updated.momentum, second_moment=updated.second_moment)
            return state.where(better, best_x=x, best_f=f, best_g=g).replace(
                last_g=g,
                s=torch.where(valid[:, None], s, 0.0),
                y=torch.where(valid[:, None], y, 0.0),
                radius=torch.where(valid, length, 0.5 * length),
                last_decrease=decrease,
                pace=MEMORY * state.pace + (1 - MEMORY) * pace,
                failed=torch.where(better, 0.0, state.failed + 1),
                evaluations=state.evaluations + 1,
                history=history,
            )

    def _updated(self, state: PaperState, seen: Seen, says: PaperSays, kept: Tensor) -> Tensor:
        """B (P, n, n) as the network changes it; anew where it overflows."""
        B = state.B * kept.exp()[:, None, None]
        if self.rank_one:
            weights = says.terms.double()
            free = weights[..., -1] * seen.root[:, None]
            u = (weights[..., :-1] * seen.terms[:, None]).sum(-1) + free
            signed = u * torch.tensor(SIGNS, dtype=u.dtype, device=u.device)[:, None]
            B = B + signed.transpose(1, 2) @ u
        size = state.first_length / _norm(state.g0)
        sound = B.detach().abs().amax((1, 2)) < LARGEST * size
        eye = torch.eye(B.shape[-1], dtype=B.dtype, device=B.device)
        return torch.where(sound[:, None, None], B, eye * size[:, None, None])


def _see(state: PaperState) -> Seen:
    """What there is to be seen."""
    s, y, g = state.s, state.y, state.best_g
    By, Bg = _times(state.B, y), _times(state.B, g)
    sy, yBy, gBg = _dot(s, y), _dot(y, By), _dot(g, Bg)
    lengths = _norm(s) * _norm(y)
    product = sy.abs().clamp_min(LEAST_COSINE * lengths).clamp_min(1e-300)
    image = yBy.abs().clamp_min(LEAST_COSINE * _norm(y) * _norm(By)).clamp_min(1e-300)
    ahead = gBg.abs().clamp_min(LEAST_COSINE * _norm(g) * _norm(Bg)).clamp_min(1e-300)
    s_unit, y_unit, g_unit = s / product.sqrt()[:, None], By / image.sqrt()[:, None], Bg / ahead.sqrt()[:, None]
    ratio = (image / product).sqrt().clamp(1e-3, 1e3)
    root = (_norm(Bg) / _norm(g)).sqrt()
    alive = (state.history.momentum != 0).any(-1)
    terms = torch.stack([s_unit, y_unit, ratio[:, None] * s_unit, g_unit], -1)
    size = _rms(g)[:, None]
    momentum = state.history.momentum[..., 0].double()
    momentum = momentum / _rms(momentum)[:, None] * size
    last = state.last_g / _rms(state.last_g)[:, None] * size
    seen = features(
        (state.best_x - state.x0) / state.first_length[:, None],
        g / state.gradient_unit[:, None],
        state.history,
        state.evaluations,
    )
    vectors = torch.stack([v / _rms(v)[:, None] for v in (s, y, By, Bg, s - By, g, state.last_g)], -1)
    n = torch.full_like(state.evaluations, float(g.shape[-1]))
    decrease = (state.f0 - state.best_f).clamp_min(0)
    started = (lengths > 1e-290).to(g.dtype)
    facts = torch.stack(
        [
            state.evaluations / state.budget,
            torch.log10(state.budget) - 2,
            torch.log10(n) - 1,
            _log_ratio(0.5 * gBg.abs(), decrease) / 5,
            _log_ratio(_norm(s), _norm(state.best_x - state.x0)) / 3,
            _log_ratio(_norm(g), _norm(state.g0)) / 3,
            _log_ratio(state.last_decrease.clamp_min(0), decrease) / 5,
            torch.nan_to_num(state.last_decrease / state.predicted_decrease.abs().clamp_min(1e-300)).clamp(-2, 3),
            (state.failed == 0).to(g.dtype),
            (state.best_f / state.f0.abs().clamp_min(1e-300)).clamp(-3, 3),
            state.pace.clamp_min(1e-12).log10() / 5,
            started,
            _cosine(s, y),
            _cosine(g, Bg),
            _cosine(s, g),
            _cosine(g, state.last_g),
            started * _log_ratio(image, product).clamp(-6, 6) / 3,
            _log_ratio(_norm(Bg), state.radius).clamp(-9, 9) / 3,
            _log_ratio(_norm(state.last_g), _norm(g)).clamp(-6, 6) / 3,
            state.failed.clamp_max(15) / 5,
        ],
        -1,
    )
    return Seen(
        torch.cat([seen, vectors.float().clamp(-30, 30)], -1),
        torch.nan_to_num(facts).float(),
        terms,
        torch.stack([g, momentum, last], -1),
        root[:, None] * alive,
        size * alive,
    )


def _pulled(seen: Seen, says: PaperSays) -> Tensor:
    """s = d exp(a) (P, n), in the units of the gradient."""
    weights = says.direction.double()
    d = (weights[..., :-1] * seen.directions).sum(-1) + FREE * weights[..., -1] * seen.size
    return d * (SHARE * says.length.double()).clamp(-LARGEST_SHARE, LARGEST_SHARE).exp()


def _descent(state: PaperState) -> Tensor:
    """A step along the gradient, half as long as the last one."""
    return -state.best_g * (0.5 * state.radius / _norm(state.best_g))[:, None]


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-1)


def _norm(a: Tensor) -> Tensor:
    return a.square().sum(-1).clamp_min(1e-290).sqrt()


def _rms(a: Tensor) -> Tensor:
    return a.square().mean(-1).clamp_min(1e-290).sqrt()


def _times(B: Tensor, v: Tensor) -> Tensor:
    return (B @ v[..., None])[..., 0]


def _cosine(a: Tensor, b: Tensor) -> Tensor:
    return _dot(a, b) / (_norm(a) * _norm(b))


def _log_ratio(a: Tensor, b: Tensor) -> Tensor:
    return (a.clamp_min(1e-300).log10() - b.clamp_min(1e-300).log10()).clamp(-20, 20)
