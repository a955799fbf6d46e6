"""Persistent evolution strategies: gradients of a long unroll from short pieces of it, without bias.

Vicol, Metz and Sohl-Dickstein, "Unbiased Gradient Estimation in Unrolled Computation Graphs with Persistent Evolution
Strategies" (2021). K antithetic pairs of particles run with the weights theta + xi and theta - xi; their unrolls are
cut into truncations, each with a fresh xi ~ N(0, sigma^2). What a particle loses in one truncation was caused by all
the perturbations since its unroll began, so the loss is credited to their sum:

    gradient = mean over pairs of (L+ - L-) * (sum of xi since the reset) / (2 sigma^2)

Evolution strategies that credit only the latest xi are biased towards what pays at once; ``persistent=False`` gives
them, for comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

#: Runs one truncation with the weights of each particle (2 K, D), the K positive ones first, then their antithetic
#: partners in the same order, and gives each particle's loss (2 K,).
Truncation = Callable[[Tensor], Tensor]


class Estimate(NamedTuple):
    """What one truncation says.

    Attributes:
        gradient: of the mean loss with respect to theta (D,).
        accumulated: sum of the perturbations of each pair (K, D) since its reset, for the next truncation.
        loss: mean over the particles (), nan if none is finite.
        valid: share of the pairs with two finite losses; the others are left out of the gradient.
    """

    gradient: Tensor
    accumulated: Tensor
    loss: Tensor
    valid: float


def estimate(
    theta: Tensor,
    accumulated: Tensor,
    truncation: Truncation,
    sigma: float,
    generator: torch.Generator,
    persistent: bool = True,
    perturbed: Tensor | None = None,
) -> Estimate:
    """The PES estimate of the gradient from one truncation of K pairs of particles.

    Args:
        theta: weights (D,).
        accumulated: (K, D) from the last truncation; zeros after a reset, so that the sum restarts at xi.
        truncation: advances all particles.
        sigma: standard deviation of the perturbations.
        generator: of the CPU; draws them.
        persistent: False for truncated evolution strategies.
        perturbed: (D,) of 0 and 1: the weights to perturb, the others have a gradient of 0; None for all.
    """
    drawn = torch.randn(accumulated.shape, generator=generator, dtype=torch.float32)
    xi = sigma * drawn.to(device=theta.device, dtype=theta.dtype)
    if perturbed is not None:
        xi = xi * perturbed
    with torch.no_grad():
        losses = truncation(torch.cat([theta + xi, theta - xi]))
    accumulated = accumulated + xi if persistent else xi
    plus, minus = losses.chunk(2)
    usable = plus.isfinite() & minus.isfinite()
    difference = torch.where(usable, plus - minus, 0.0).to(theta.dtype)
    count = usable.sum()
    gradient = difference @ accumulated / (2 * sigma**2 * count.clamp_min(1))
    finite = losses.isfinite()
    loss = torch.where(finite, losses, 0.0).sum() / finite.sum()
    return Estimate(gradient, accumulated, loss, float(count) / len(plus))
