"""The network of Optimus: one token per unknown, three encoders that each say how to update B, a branch for the step.

After "Transformer-Based Learned Optimization" (arXiv 2212.01055). Every layer acts on each token with the same
weights, and attention mixes tokens whatever their number and order: one set of weights serves every dimension, and
permuting the unknowns permutes what the network says about them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import relu

#: Rank-one updates of B per step, and encoders: each encoder predicts one.
LAYERS = 3
#: Weights are single precision, and made on the CPU, whatever torch's defaults are.
KIND: dict[str, Any] = {"dtype": torch.float32, "device": "cpu"}


@dataclass(frozen=True)
class NetworkSizes:
    """The sizes that make a network; saved with its weights.

    Attributes:
        channels: features of a token.
        facts: features of the whole problem, which every token sees.
        vectors: vectors that a rank-one update is mixed from.
        dials: numbers that the network sets for the whole problem.
        width: of a token inside.
        heads: of the attention.
        attention: False gives the control that treats every unknown by itself.
    """

    channels: int
    facts: int
    vectors: int
    dials: int
    width: int = 24
    heads: int = 2
    attention: bool = True

    def as_dict(self) -> dict[str, Any]:
        """The sizes, as JSON holds them."""
        return asdict(self)


class Says(NamedTuple):
    """What the network says about P problems of n unknowns.

    Attributes:
        mix: (P, 3, n, vectors) how each unknown changes the mixture of each rank-one update; 0 changes nothing.
        direction: (P, n) change d of the gradient that B is applied to; 0 changes nothing.
        length: (P, n) logarithm a of each unknown's factor on it; 0 changes nothing.
        dials: (P, dials) logarithms of factors for the whole problem; 0 changes nothing.
    """

    mix: Float[Tensor, "P layers n vectors"]
    direction: Float[Tensor, "P n"]
    length: Float[Tensor, "P n"]
    dials: Float[Tensor, "P dials"]


class Encoder(nn.Module):
    """A Transformer encoder layer, normalized before attention and before the two-layer perceptron.

    Raises:
        ValueError: the heads do not share the width evenly.
    """

    def __init__(self, width: int, heads: int, attention: bool) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(f"{heads} heads do not share a width of {width} evenly")
        self.heads = heads
        self.before_attention = nn.LayerNorm(width, **KIND) if attention else None
        self.query_key_value = nn.Linear(width, 3 * width, bias=False, **KIND) if attention else None
        self.mixed = nn.Linear(width, width, **KIND) if attention else None
        self.before_perceptron = nn.LayerNorm(width, **KIND)
        self.widen = nn.Linear(width, 2 * width, **KIND)
        self.narrow = nn.Linear(2 * width, width, **KIND)

    def forward(self, h: Float[Tensor, "P n width"]) -> Float[Tensor, "P n width"]:
        """The tokens after attention and perceptron."""
        if self.before_attention is not None and self.query_key_value is not None and self.mixed is not None:
            batch, n, width = h.shape
            split = self.query_key_value(self.before_attention(h)).reshape(batch, n, 3, self.heads, width // self.heads)
            q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)
            # written out, because torch's fused attention has no batching rule for vmap over weights
            weights = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1)
            h = h + self.mixed((weights @ v).transpose(1, 2).reshape(batch, n, width))
        out: Tensor = h + self.narrow(relu(self.widen(self.before_perceptron(h))))
        return out


class OptimusNetwork(nn.Module):
    """Features -> three encoders -> updates of B, direction and length of the step, dials.

    The layers that speak start at zero, so an untrained network says 0 everywhere: Optimus then does what its
    classical seeds do, which is the control that training has to beat.
    """

    def __init__(self, shape: NetworkSizes) -> None:
        super().__init__()
        self.shape = shape
        self.token = nn.Linear(shape.channels, shape.width, **KIND)
        self.fact = nn.Linear(shape.facts, shape.width, **KIND)
        self.encoders = nn.ModuleList(Encoder(shape.width, shape.heads, shape.attention) for _ in range(LAYERS))
        self.mix = nn.ModuleList(nn.Linear(shape.width, shape.vectors, **KIND) for _ in range(LAYERS))
        self.branch = nn.Linear(shape.width, 2, **KIND)
        self.read_facts = nn.Linear(shape.facts, shape.width, **KIND)
        self.dials = nn.Linear(2 * shape.width, shape.dials, **KIND)
        for silent in (*self.mix, self.branch, self.dials):
            assert isinstance(silent, nn.Linear)
            nn.init.zeros_(silent.weight)
            nn.init.zeros_(silent.bias)

    def forward(self, tokens: Float[Tensor, "P n channels"], facts: Float[Tensor, "P facts"]) -> Says:
        """What to do, from features of the unknowns and of the problems, float32."""
        h = self.token(tokens) + self.fact(facts)[:, None, :]
        mixes = []
        for encoder, mix in zip(self.encoders, self.mix, strict=True):
            h = encoder(h)
            mixes.append(mix(h))
        direction, length = self.branch(h).unbind(-1)
        whole = torch.cat([h.mean(1), torch.tanh(self.read_facts(facts))], dim=-1)
        return Says(torch.stack(mixes, 1), direction, length, self.dials(whole))
