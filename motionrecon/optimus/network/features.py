"""What a learned optimizer sees of a flat vector of parameters: the features of the Adafactor MLP.

Metz et al., "Practical tradeoffs between memory, compute, and performance in learned optimizers" (2022), restricted
to parameters that form one vector: 28 channels that a parameter owns and 11 that say how late it is. A vector has no
rows and columns, so both factors of a factored second moment are the plain second moment, and its channels come twice.

Everything is batched over P problems of n parameters, float32, and without control flow on values, so
``torch.func.vmap`` may go over it. No gradient is taken here; callers detach what they pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionrecon.optimus.batched import Batched

#: Decays of the running means of the gradient (momenta) and of its square (second moments).
DECAYS = (0.9, 0.99, 0.999)
#: Evaluations after which each of the channels of time has its middle.
TIMES = (1.0, 3.0, 10.0, 30.0, 1e2, 3e2, 1e3, 3e3, 1e4, 3e4, 1e5)
#: Channels that belong to one parameter, and channels in all.
OWN_CHANNELS = 28
CHANNELS = OWN_CHANNELS + len(TIMES)
#: Entries beyond this are cut, so that their squares stay within float32.
LARGEST = 1e15


@dataclass(frozen=True)
class History(Batched):
    """Running means of the gradient and of its square, with three decays each."""

    momentum: Float[Tensor, "P n decays"]
    second_moment: Float[Tensor, "P n decays"]


def begin_history(x: Float[Tensor, "P n"]) -> History:
    """The history before the first gradient: zeros, for the parameters ``x``."""
    zeros = torch.zeros((*x.shape, len(DECAYS)), dtype=torch.float32, device=x.device)
    return History(momentum=zeros, second_moment=zeros)


def update_history(history: History, g: Float[Tensor, "P n"]) -> History:
    """The history after the gradient ``g``: running means of it and of its square, without bias correction."""
    g = _bounded(g)[..., None]
    decay = torch.tensor(DECAYS, dtype=torch.float32, device=g.device)
    return History(
        momentum=decay * history.momentum + (1 - decay) * g,
        second_moment=decay * history.second_moment + (1 - decay) * g.square(),
    )


def features(
    p: Float[Tensor, "P n"], g: Float[Tensor, "P n"], history: History, t: Float[Tensor, " P"]
) -> Float[Tensor, "P n 39"]:
    """The features, float32.

    Args:
        p: the parameters, best given as the way from the start, which does not depend on the origin.
        g: the gradient at them, already in ``history``, in units of its size at the start.
        history: from :func:`begin_history` and :func:`update_history`.
        t: evaluations so far.
    """
    p, g = _bounded(p)[..., None], _bounded(g)[..., None]
    m, v = history.momentum, history.second_moment
    slowest = v[..., -1:]
    own = torch.cat(
        [
            g,
            p,
            m,
            slowest,
            m * torch.rsqrt(slowest + 1e-6),
            torch.rsqrt(slowest + 1e-6),
            g * torch.rsqrt(v + 1e-30),
            v,
            v,
            torch.rsqrt(v + 1e-8),
            torch.rsqrt(v + 1e-8),
            m * torch.rsqrt(v + 1e-6),
        ],
        dim=-1,
    )
    # In float32 the square of LARGEST**2 has no place: divide by the largest entry before squaring.
    largest = own.abs().amax(dim=-2, keepdim=True).clamp_min(1.0)
    own = own / largest
    own = own * torch.rsqrt(1e-5 / largest.square() + own.square().mean(dim=-2, keepdim=True))
    return torch.cat([own, times(t)[:, None, :].expand(-1, own.shape[-2], -1)], dim=-1)


def times(t: Float[Tensor, " P"]) -> Float[Tensor, "P 11"]:
    """The channels of time, float32, for the evaluations so far ``t``: tanh(t / tau - 1)."""
    return torch.tanh(t.float()[:, None] / torch.tensor(TIMES, dtype=torch.float32, device=t.device) - 1)


def _bounded(entries: Tensor) -> Tensor:
    return entries.clamp(-LARGEST, LARGEST).float()
