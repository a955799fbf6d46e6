"""What Optimus learns for sums of squares: how far to trust each unknown, and what B and the gradient lack.

A token is an unknown. Its features have no units and need no knowledge of the problem but J and r: how strongly and how
late the unknown acts, its gradient, its damped step, and what the last step missed. `OptimusNetwork` reads them through
three encoders; each of these gives a share of the damping and one rank-one term of B, the branch gives s.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from motionrecon.optimus.gauss_newton.advice import Advice
from motionrecon.optimus.gauss_newton.model import GaussNewtonModel
from motionrecon.optimus.network.transformer import NetworkSizes, OptimusNetwork

#: What an output of 1 of the network changes: logarithm of the damping, of s, and shares of the rank-one terms.
DAMPING, GRADIENT, TERMS = 1.0, 0.1, 0.05
#: Share of what a network says that is done, outside of training. On tuning windows of motions that it was not trained
#: on, half of it lowered the first values more than all of it.
TRUST = 0.5
#: Logarithm of the damping's factor at most.
LARGEST = 6.0
CHANNELS, FACTS = 8, 5


def default_sizes(width: int = 16, heads: int = 2, attention: bool = True) -> NetworkSizes:
    """The sizes of the network; each encoder's vectors are a share of the damping and two shares of a term."""
    return NetworkSizes(CHANNELS, FACTS, vectors=3, dials=1, width=width, heads=heads, attention=attention)


class SquaresNetwork(nn.Module):
    """A network that advises Gauss-Newton steps. Untrained, its advice is that of nobody.

    Attributes:
        trust: the share of what it says that `advice` gives on: `TRUST`, and all of it in training.
    """

    def __init__(self, sizes: NetworkSizes | None = None, trust: float = TRUST) -> None:
        super().__init__()
        self.trust = trust
        self.network = OptimusNetwork(sizes or default_sizes())

    def settings(self) -> dict[str, Any]:
        """What `from_settings` makes it again from, as JSON holds it."""
        return {"sizes": self.network.shape.as_dict()}

    @classmethod
    def from_settings(cls, sizes: dict[str, Any]) -> SquaresNetwork:
        """An untrained one."""
        return cls(NetworkSizes(**sizes))

    def forward(
        self, tokens: Float[Tensor, "n channels"], facts: Float[Tensor, " facts"], basis: Float[Tensor, "2 n"]
    ) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"], Float[Tensor, "3 n"]]:
        """For one problem of n unknowns.

        Args:
            tokens, facts, basis: of `inputs`: (n, CHANNELS), (FACTS,), (2, n).

        Returns:
            Logarithm of the factors on the damping (n,); (n,) of which 1 + it is the factor on the gradient; the
            vectors of the rank-one terms (3, n).
        """
        says = self.network(tokens[None], facts[None])
        mix = says.mix[0]
        damping = LARGEST * torch.tanh(DAMPING * (mix[:, :, 0].sum(0) + says.dials[0, 0]) / LARGEST)
        factor = torch.expm1(GRADIENT * torch.tanh(says.length[0])) + GRADIENT * torch.tanh(says.direction[0])
        terms = TERMS * torch.tanh(mix[:, :, 1:]) * basis.T
        return damping, factor, terms.sum(-1)

    @torch.no_grad()
    def advice(self, model: GaussNewtonModel, scale: float, mu: float) -> Advice:
        """`trust` times what the network says about a model; no advice where it says what is not finite."""
        damping, factor, terms = (a.double().numpy() for a in self(*inputs(model, scale, mu)))
        if not all(np.isfinite(a).all() for a in (damping, factor, terms)):
            damping, factor, terms = np.zeros_like(damping), np.zeros_like(factor), np.zeros((3, 0))
        return Advice(self.trust * damping, model.gradient * (1 + self.trust * factor), self.trust * terms)


def inputs(
    model: GaussNewtonModel, scale: float, mu: float
) -> tuple[Float[Tensor, "n channels"], Float[Tensor, " facts"], Float[Tensor, "2 n"]]:
    """What the network sees, float32.

    Args:
        model: the Gauss-Newton model.
        scale: by which the damping is measured.
        mu: damping, relative to ``scale``.

    Returns:
        Tokens (n, CHANNELS), facts (FACTS,), and the basis (2, n) of the rank-one terms: the gradient and what the last
        step missed, divided by the damped diagonal, in units in which u u' is of B's size along them.
    """
    g = model.gradient
    miss = np.zeros(len(g)) if model.miss is None else model.miss
    diagonal = model.normal.diagonal().astype(float)
    damped = diagonal + mu * scale
    damped = np.maximum(damped, 1e-12 * damped.max(initial=1e-300))
    basis = np.stack([v / damped / np.sqrt(max((v * v / damped).sum(), 1e-300)) for v in (g, miss)])
    size = float(np.linalg.norm(model.r))
    cosine = np.abs(g) / np.sqrt(np.maximum(diagonal, 1e-300)) / max(size, 1e-150)
    own = np.stack(
        [
            np.log(np.maximum(diagonal / scale, 1e-8)) / 5,
            model.late,
            _soft(g),
            np.clip(5 * cosine, 0, 5),
            _soft(g / damped),
            _soft(miss),
            _soft(miss / damped),
            np.log(damped / (mu * scale)) / 5,
        ],
        axis=1,
    )
    n = len(g)
    facts = np.array(
        [
            np.log(mu) / 5,
            float(model.secants > 0),
            np.tanh(model.secants / 10),
            np.log(max(size**2 / len(model.r), 1e-12)) / 5,
            float(np.log(max(n, 1))) / 6,
        ]
    )
    finite = (torch.from_numpy(np.nan_to_num(a, posinf=0.0, neginf=0.0)).float() for a in (own, facts, basis))
    tokens, seen, vectors = finite
    return tokens, seen, vectors


def _soft(v: np.ndarray) -> np.ndarray:
    """In units of its rms, with large entries drawn in."""
    return np.arcsinh(v / max(float(np.sqrt((v * v).mean())), 1e-300)) if len(v) else v
