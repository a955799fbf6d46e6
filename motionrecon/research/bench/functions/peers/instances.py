"""Random instances of the test functions, and the score of what was found on them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float

from motionrecon.research.tasks.functions import FunctionBatch, sample, stream

#: Largest -log10(gap at the end / gap at the start) that counts.
CAP = 6.0
#: A run may end once its gap is this share of that at the start: far below what counts. It saves half of the time.
ENOUGH = 1e-8


def score(log_gap: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """-log10(gap at the end / gap at the start), from 0 to :data:`CAP`; ``log_gap`` is that logarithm."""
    clipped: np.ndarray = np.clip(-log_gap, 0.0, CAP)
    return clipped


@dataclass
class Instances:
    """Random instances of one function with their starts, the same for all methods.

    Attributes:
        batch: the instances.
        start: (P, n), in the units of x.
        seed: of the random points for restarts.
    """

    batch: FunctionBatch
    start: torch.Tensor
    seed: int
    _restarts: list[np.ndarray] = field(default_factory=list, repr=False)

    @classmethod
    def draw(cls, kind: str, name: str, n: int, P: int, seed: int) -> Instances:
        """``P`` instances of function ``name`` from the stream ``kind`` ("tune" or "test")."""
        seeds = stream(kind)
        batch = sample(name, n, P, seeds.seed(name, n, seed, "instances"))
        generator = torch.Generator().manual_seed(seeds.seed(name, n, seed, "starts"))
        return cls(batch, batch.start(generator), seeds.seed(name, n, seed, "restarts"))

    def restart(self, number: int) -> np.ndarray:
        """The ``number``-th point (P, n) to start anew from, in half widths of the domain."""
        scale = self.batch.scale[:, None]
        if not self._restarts:
            self._generator = torch.Generator().manual_seed(self.seed)
        while len(self._restarts) <= number:
            self._restarts.append((self.batch.start(self._generator) / scale).numpy())
        return self._restarts[number]

    def enough(self) -> Float[np.ndarray, " P"]:
        """Values below which nothing counts any more."""
        lowest = self.batch.minimum
        with torch.no_grad():
            enough = lowest + ENOUGH * (self.batch.value_and_gradient(self.start)[0] - lowest)
        values: np.ndarray = enough.numpy()
        return values

    def log_gaps(self, best: np.ndarray) -> np.ndarray:
        """log10 of the gap to the minimum over that at the start (..., P, budget), at least -16, of the values ``best``
        (..., P, budget) that were the lowest so far after 1, 2, ... evaluations."""
        gap = best - self.batch.minimum.numpy()[:, None]
        with np.errstate(divide="ignore"):
            logs: np.ndarray = np.log10(np.maximum(gap / gap[..., :1], 1e-16))
        return logs
