"""Random bowls with random ripples: tasks for training only, no table is made from them.

    f(z) = sum over i of h_i z_i^2 / 2 + A |z_i|^p (1 - cos(k z_i)),    p = 0 or 2,

lowest at 0. Long waves may be higher than the bowl: then this is a landscape of many equal hollows, and no search for a
trend pays. The classical functions have each one kind of ripples; here their size, their wavenumber k, how they grow
with the distance, and how long the bowl is are drawn anew for every batch.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from motionrecon.research.tasks.classical import Array
from motionrecon.research.tasks.functions import BenchmarkFunction

#: Half width of the domain.
HALF = 10.0
#: Limits of what is drawn, all log-uniform: waves over the domain; curvature of the ripples at the edge of the domain
#: over the bowl's; longest axis of the bowl's h over the shortest.
WAVES, ROUGHNESS, ELONGATION = (3.0, 30.0), (20.0, 1000.0), (1.0, 10.0)


def random_bowl(generator: torch.Generator) -> BenchmarkFunction:
    """A bowl of one kind; ``generator`` is one of the CPU."""

    def log_uniform(low: float, high: float) -> float:
        drawn: float = low * (high / low) ** float(torch.rand((), generator=generator))
        return drawn

    wavenumber = 2 * math.pi * log_uniform(*WAVES) / (2 * HALF)
    roughness, elongation = log_uniform(*ROUGHNESS), log_uniform(*ELONGATION)
    grows = bool(torch.rand((), generator=generator) < 0.5)
    return _bowl(wavenumber, roughness, elongation, grows)


def _bowl(wavenumber: float, roughness: float, elongation: float, grows: bool) -> BenchmarkFunction:
    size = roughness / wavenumber**2 / (HALF**2 if grows else 1.0)

    def base(z: Array, i: Array) -> tuple[Array, Array]:
        xp = np if isinstance(z, np.ndarray) else torch
        n = z.shape[-1]
        h = elongation ** ((i - 1) / max(n - 1, 1))
        wave, slope = 1 - xp.cos(wavenumber * z), wavenumber * xp.sin(wavenumber * z)
        if grows:
            ripple, tilt = size * z * z * wave, size * (2 * z * wave + z * z * slope)
        else:
            ripple, tilt = size * wave, size * slope
        return (0.5 * h * z * z + ripple).sum(-1), h * z + tilt

    name = f"bowl k={wavenumber:.2f} rough={roughness:.1f} long={elongation:.1f}{' grows' if grows else ''}"
    return BenchmarkFunction(name, base, lambda n: (-HALF, HALF), lambda n: np.zeros(n))
