"""How signs together foretell an error: each multiplies it, the more the larger the sign is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, isfinite, log1p
from typing import NamedTuple


class Weight(NamedTuple):
    """What a sign is worth.

    Attributes:
        scale: of its number, in the sign's own unit.
        power: by which the error grows with ``1 + number / scale``; never negative, so that a worse sign is worse.
        usual: its number on an ordinary clip; it stands where the sign tells nothing.
    """

    scale: float
    power: float
    usual: float


@dataclass(frozen=True)
class Law:
    """The error that is expected: ``base`` times ``(1 + number / scale) ** power`` of every sign.

    Attributes:
        base: where all signs are 0.
        weights: by the signs' names.
    """

    base: float
    weights: Mapping[str, Weight]

    def expected(self, numbers: Mapping[str, float]) -> float:
        """The error of a motion with such signs."""
        return self.base * exp(sum(self._grows(name, numbers[name]) for name in self.weights))

    def worse(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """By what factor each sign makes the error larger than its usual number does."""
        return {
            name: exp(self._grows(name, numbers[name]) - self._grows(name, weight.usual))
            for name, weight in self.weights.items()
        }

    def _grows(self, name: str, number: float) -> float:
        weight = self.weights[name]
        return weight.power * log1p((number if isfinite(number) else weight.usual) / weight.scale)
