"""The Adafactor MLP learned optimizer, a learned peer of Optimus, trained on the same functions.

Metz et al., "Practical tradeoffs between memory, compute, and performance in learned optimizers" (2022): one small
network goes over every parameter alone, sees the features of :mod:`motionrecon.optimus.network.features`, and gives a
direction d and a magnitude m; the step is 1e-3 * d * exp(1e-3 * m), whatever the number of parameters.

That step has the units of the parameters. Theirs were the weights of networks, of about one size; here a problem may
be measured in anything, so the rule is given what Optimus is given too: the gradient is that of f / rms(g0), lengths
are counted in |f0| / |g0| (spread over the n parameters), and a trained overall multiplier of the step depends on the
evaluations allowed, the share of them that is spent, and n. The training finds the size of the step and its decay, so
that what the baseline lacks is what it does not have, curvature between parameters, and not a learning rate.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from motionrecon.optimus.network.features import CHANNELS, History, begin_history, features, update_history
from motionrecon.optimus.network.transformer import KIND

#: Tensors of the P problems by name, and the history.
State = dict[str, Any]
#: Scale of the step, and of the magnitude's exponent.
STEP = 1e-3
#: The multiplier of an untrained rule: a step of d = 1 is a thirtieth of the unit of length.
START_MULTIPLIER = 33.0
#: Largest exponents of the magnitude and of the multiplier: steps stay finite whatever the weights are.
EXPONENT = 20.0


class AdafactorMLP(nn.Module):
    """The Adafactor MLP as a rule: ``begin``, then ``propose`` and ``observe`` in turn, for P problems of n parameters.

    A step to a point without a finite value or gradient is undone, and halves the steps that follow.

    Args:
        width: neurons of each of the hidden layers.
        layers: hidden layers.
    """

    def __init__(self, width: int = 4, layers: int = 2) -> None:
        super().__init__()
        sizes = [CHANNELS, *[width] * layers]
        hidden = [part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b, **KIND), nn.ReLU())]
        self.network = nn.Sequential(*hidden, nn.Linear(width, 2, **KIND))
        for part in self.network:
            if isinstance(part, nn.Linear):
                nn.init.normal_(part.weight, std=1 / math.sqrt(part.in_features))
                nn.init.zeros_(part.bias)
        #: Logarithm of the multiplier: weights of 1, log(budget / 100), the share spent and log(n / 10).
        self.schedule = nn.Parameter(torch.tensor([math.log(START_MULTIPLIER), 0.0, 0.0, 0.0], **KIND))

    def settings(self) -> dict[str, Any]:
        """What `from_settings` makes it again from, as JSON holds it."""
        layers = [part for part in self.network if isinstance(part, nn.Linear)]
        return {"width": layers[-1].in_features, "layers": len(layers) - 1}

    @classmethod
    def from_settings(cls, width: int, layers: int) -> AdafactorMLP:
        """An untrained one."""
        return cls(width, layers)

    def begin(self, x: Float[Tensor, "P n"], f: Float[Tensor, " P"], g: Float[Tensor, "P n"], budget: int) -> State:
        """The state after the evaluation of the start.

        Args:
            x: the start (P, n), float64.
            f: values there (P,).
            g: gradients there (P, n).
            budget: evaluations in all, that of the start among them.
        """
        size = g.square().mean(dim=-1).sqrt()
        size = torch.where((size > 0) & size.isfinite(), size, torch.ones_like(size))
        length = f.abs() / (size * x.shape[-1])
        fallback = x.square().mean(dim=-1).sqrt().clamp_min(1.0)  # a start of value 0 says nothing about lengths
        length = torch.where((length > 0) & length.isfinite(), length, fallback)
        g = torch.where(g.isfinite(), g, torch.zeros_like(g))
        t = torch.ones_like(f)
        return {
            "x": x,
            "g": g,
            "best_x": x,
            "best_f": torch.where(f.isfinite(), f, torch.full_like(f, math.inf)),
            "best_g": g,
            "start_x": x,
            "gradient_unit": size,
            "length": length,
            "damping": torch.ones_like(f),
            "t": t,
            "budget": torch.full_like(f, float(budget)),
            "history": update_history(begin_history(x), g / size[:, None]),
        }

    def propose(self, state: State) -> tuple[Float[Tensor, "P n"], State]:
        """The next point (P, n) to evaluate, and the state."""
        unit = state["length"][:, None]
        with torch.no_grad():
            seen = features(
                (state["x"] - state["start_x"]) / unit,
                state["g"] / state["gradient_unit"][:, None],
                state["history"],
                state["t"],
            )
        direction, magnitude = self.network(seen).unbind(dim=-1)
        step = STEP * direction * torch.exp((STEP * magnitude).clamp(-EXPONENT, EXPONENT))
        scale = (self._multiplier(state) * state["damping"])[:, None] * unit
        return state["x"] - scale * step.double(), state

    def observe(self, state: State, x: Float[Tensor, "P n"], f: Float[Tensor, " P"], g: Float[Tensor, "P n"]) -> State:
        """The state after the evaluation at ``x`` (P, n): ``f`` (P,) and ``g`` (P, n) there, finite or not."""
        valid = f.isfinite() & g.isfinite().all(dim=-1)
        better = valid & (f < state["best_f"])
        new = {
            "x": torch.where(valid[:, None], x, state["best_x"]),
            "g": torch.where(valid[:, None], g, state["best_g"]),
            "best_x": torch.where(better[:, None], x, state["best_x"]),
            "best_f": torch.where(better, f, state["best_f"]),
            "best_g": torch.where(better[:, None], g, state["best_g"]),
            "damping": torch.where(valid, state["damping"], state["damping"] * 0.5),
            "t": state["t"] + 1,
        }
        history: History = state["history"]
        with torch.no_grad():
            updated = update_history(history, new["g"] / state["gradient_unit"][:, None])
            kept = history.where(valid, momentum=updated.momentum, second_moment=updated.second_moment)
        return {**state, **new, "history": kept}

    def _multiplier(self, state: State) -> Tensor:
        """The overall multiplier of the step (P,), float64."""
        n = torch.full_like(state["t"], math.log(state["x"].shape[-1] / 10))
        hints = torch.stack(
            [torch.ones_like(n), torch.log(state["budget"] / 100), state["t"] / state["budget"], n], dim=-1
        )
        return torch.exp((hints * self.schedule.double()).sum(dim=-1).clamp(-EXPONENT, EXPONENT))
