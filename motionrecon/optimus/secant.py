"""BFGS: what one step s and the change y of the gradient over it say about the curvature, for P problems at once.

B stands for the inverse of the Hessian, so B y = s should hold. BFGS changes B least (in a suitable norm) to make it so
(Nocedal and Wright, "Numerical Optimization", eq. 6.17):

    B + rho beta s s' - rho (w s' + s w'),    w = B y,  rho = 1 / s'y,  beta = 1 + rho y'w.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float


def lift(
    B: Float[np.ndarray, "P n n"],
    s: Float[np.ndarray, "P n"],
    y: Float[np.ndarray, "P n"],
    usable: Bool[np.ndarray, " P"],
) -> Float[np.ndarray, " P"]:
    """The factor, at least 1, by which B is too short along ``y``: s'y / y'By (Oren and Luenberger, 1974).

    Directions that no secant has told of yet keep the size of the first B, which steep directions set. Where B is too
    *long* the update itself mends it, and shrinking all of B forgets what earlier secants taught; so only a lift.
    """
    seen = (y * (B @ y[..., None])[..., 0]).sum(-1)
    found = np.where(usable & (seen > 0), (s * y).sum(-1) / np.maximum(seen, 1e-300), 1.0)
    return np.clip(found, 1.0, 1e3)


def scale(
    s: Float[np.ndarray, "P n"], y: Float[np.ndarray, "P n"], usable: Bool[np.ndarray, " P"]
) -> Float[np.ndarray, " P"]:
    """s'y / y'y, the size that the first B should have (eq. 6.20); of no meaning where not ``usable``."""
    product = np.where(usable, (s * y).sum(-1), 1.0)
    return product / np.maximum(np.where(usable, (y * y).sum(-1), 1.0), 1e-300)


def bfgs(
    B: Float[np.ndarray, "P n n"],
    s: Float[np.ndarray, "P n"],
    y: Float[np.ndarray, "P n"],
    usable: Bool[np.ndarray, " P"],
) -> Float[np.ndarray, "P n n"]:
    """B after the secant, in the problems marked by ``usable``, where s'y is safely positive."""
    rho = 1 / np.where(usable, (s * y).sum(-1), 1.0)
    w = (B @ y[..., None])[..., 0]
    beta = np.maximum(1 + rho * (y * w).sum(-1), 0.0)
    # Half of the change and its transpose: symmetric to the last digit.
    half = (0.5 * rho * beta)[:, None] * s - rho[:, None] * w
    change = s[:, :, None] * half[:, None, :]
    return np.where(usable[:, None, None], B + (change + change.swapaxes(1, 2)), B)
