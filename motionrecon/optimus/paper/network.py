"""The network of the paper's form: what it says is all that moves the matrix B and the point.

A token for each unknown; three Transformer encoders, each of which gives a rank-one term u u' of B; a branch for
direction and length. Every layer acts on each token with the same weights, so one set of weights serves every
dimension, and permuted unknowns give permuted answers.

A linear layer's output could be the entry of u itself. Such an entry has no units and no sign: the network would have
to know how long a step was, and mirrored unknowns would not give mirrored answers. So the layer gives weights of
vectors that are at hand (the last step, the change of the gradient), token by token, and one entry without a vector.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from motionrecon.optimus.network.transformer import KIND, LAYERS, Encoder

#: Standard deviation of the untrained weights of the layers that speak.
SPEAKS = 0.02
#: Numbers said of the whole problem: how much of B is kept, its length's factor, and the growth of the longest step.
WHOLE = 3


@dataclass(frozen=True)
class PaperSizes:
    """The sizes that make a network; saved with its weights.

    Attributes:
        channels: features of a token.
        facts: features of the whole problem, which every token sees.
        terms: vectors that a rank-one term is mixed from.
        directions: vectors that the direction is mixed from; the first of them is the gradient.
        width: of a token inside.
        heads: of the attention.
        attention: False for the control that treats every unknown by itself.
        rank_one: False for the control whose B stays a multiple of I.
    """

    channels: int
    facts: int
    terms: int
    directions: int
    width: int = 32
    heads: int = 2
    attention: bool = True
    rank_one: bool = True

    def as_dict(self) -> dict[str, Any]:
        """The sizes, as JSON holds them."""
        return asdict(self)


class PaperSays(NamedTuple):
    """What the network says about P problems of n unknowns.

    Attributes:
        terms: (P, 3, n, terms + 1) weights of the vectors in each rank-one term, and an entry without a vector.
        direction: (P, n, directions + 1) the same for the direction d.
        length: (P, n) the logarithm a of each unknown's share of the length.
        whole: (P, 3) of the whole problem.
    """

    terms: Float[Tensor, "P layers n vectors"]
    direction: Float[Tensor, "P n vectors"]
    length: Float[Tensor, "P n"]
    whole: Float[Tensor, "P numbers"]


class PaperNetwork(nn.Module):
    """Features -> three encoders -> terms of B, direction and length."""

    def __init__(self, shape: PaperSizes) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.token = nn.Linear(shape.channels, width, **KIND)
        self.fact = nn.Linear(shape.facts, width, **KIND)
        self.encoders = nn.ModuleList(Encoder(width, shape.heads, shape.attention) for _ in range(LAYERS))
        self.terms = nn.ModuleList(nn.Linear(width, shape.terms + 1, **KIND) for _ in range(LAYERS))
        self.direction = nn.Linear(width, shape.directions + 1, **KIND)
        self.length = nn.Linear(width, 1, **KIND)
        self.read_facts = nn.Linear(shape.facts, width, **KIND)
        self.whole = nn.Linear(2 * width + shape.facts, WHOLE, **KIND)
        for layer in (*self.terms, self.direction, self.length, self.whole):
            assert isinstance(layer, nn.Linear)
            nn.init.normal_(layer.weight, std=SPEAKS)
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.direction.bias[0] = 1.0  # untrained, the direction is about the gradient

    def forward(self, tokens: Float[Tensor, "P n channels"], facts: Float[Tensor, "P facts"]) -> PaperSays:
        """What to do, from features of the unknowns and of the problems, float32."""
        h = self.token(tokens) + self.fact(facts)[:, None, :]
        terms = []
        for encoder, term in zip(self.encoders, self.terms, strict=True):
            h = encoder(h)
            terms.append(term(h))
        read = torch.cat([h.mean(1), torch.tanh(self.read_facts(facts)), facts], dim=-1)
        return PaperSays(torch.stack(terms, 1), self.direction(h), self.length(h)[..., 0], self.whole(read))
