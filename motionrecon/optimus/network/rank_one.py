"""Rank-one updates of B from a secant: what one step s and the change y of the gradient over it say about curvature.

B stands for the inverse of the Hessian, so B y = s should hold. BFGS changes B least (in a suitable norm) to make it so
(Nocedal and Wright, "Numerical Optimization", eq. 6.17):

    B + rho beta s s' - rho (w s' + s w'),    w = B y,  rho = 1 / s'y,  beta = 1 + rho y'w,

which is the sum of three rank-one terms, as w s' + s w' = (w + s)(w + s)'/2 - (w - s)(w - s)'/2.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

#: Signs of the three terms.
SIGNS = (1.0, -1.0, 1.0)


class Terms(NamedTuple):
    """The three rank-one terms of an update of B, for P problems of n unknowns, before the network changes them.

    Attributes:
        seeds: (P, 3, n) the vectors u of BFGS; B gets sum of sign u u'.
        basis: (P, n, 2) what the network mixes into each: s and w, in the units of the seeds.
        image: (P, n) w = B y.
        scale: (P,) s'y / y'y: the size that the first B should have (eq. 6.20).
    """

    seeds: Float[Tensor, "P 3 n"]
    basis: Float[Tensor, "P n 2"]
    image: Float[Tensor, "P n"]
    scale: Float[Tensor, " P"]

    def mixed(self, mix: Float[Tensor, "P 3 n 2"]) -> Float[Tensor, "P 3 n"]:
        """The vectors u (P, 3, n) with the network's share: ``mix`` (P, 3, n, 2) of the basis, token by token."""
        return self.seeds + (mix * self.basis[:, None]).sum(-1)


def lift(
    B: Float[Tensor, "P n n"], s: Float[Tensor, "P n"], y: Float[Tensor, "P n"], usable: Bool[Tensor, " P"]
) -> Float[Tensor, " P"]:
    """The factor, at least 1, by which B is too short along ``y``: s'y / y'By (Oren and Luenberger, 1974).

    Directions that no secant has told of yet keep the size of the first B, which steep directions set. Where B is too
    *long* the update itself mends it, and shrinking all of B forgets what earlier secants taught; so only a lift.
    """
    seen = (y * (B @ y[..., None])[..., 0]).sum(-1)
    return torch.where(usable & (seen > 0), (s * y).sum(-1) / seen.clamp_min(1e-300), 1.0).clamp(1.0, 1e3)


def bfgs_terms(
    B: Float[Tensor, "P n n"],
    s: Float[Tensor, "P n"],
    y: Float[Tensor, "P n"],
    usable: Bool[Tensor, " P"],
    unscaled: Bool[Tensor, " P"],
) -> tuple[Terms, Bool[Tensor, " P"]]:
    """BFGS's terms for steps ``s`` and changes ``y`` of the gradient.

    Args:
        B: before the update.
        usable: where s'y is safely positive; elsewhere there is no update.
        unscaled: where B has no scale yet: it is first replaced by ``scale`` times the identity.

    Returns:
        The terms, and where they may be used.
    """
    product = torch.where(usable, (s * y).sum(-1), 1.0)
    scale = product / torch.where(usable, y.square().sum(-1), 1.0).clamp_min(1e-300)
    w = torch.where((usable & unscaled)[:, None], scale[:, None] * y, (B @ y[..., None])[..., 0])
    rho = 1 / product
    beta = 1 + rho * (y * w).sum(-1)
    once, twice = rho.sqrt()[:, None], (rho * beta).clamp_min(0).sqrt()[:, None]
    half = 0.5**0.5
    seeds = torch.stack([twice * s, half * once * (w + s), half * once * (w - s)], 1)
    return Terms(seeds, torch.stack([once * s, once * w], -1), w, scale), usable


def apply(
    B: Float[Tensor, "P n n"], u: Float[Tensor, "P 3 n"], signs: tuple[float, ...], where: Bool[Tensor, " P"]
) -> Float[Tensor, "P n n"]:
    """B + sum of sign u u', in the problems marked by ``where``."""
    signed = u * torch.tensor(signs, dtype=u.dtype, device=u.device)[:, None]
    return torch.where(where[:, None, None], B + signed.transpose(1, 2) @ u, B)
