"""Bodies whose shape is the lengths between their joints, and whose joints are hinges out of a table.

Such a body says how its model is written for some lengths and what is likely of them; all else follows here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Self

import numpy as np
from jaxtyping import Float

from motionrecon.body.base import Body, ShapePrior
from motionrecon.body.hinged import HingedBody
from motionrecon.body.points import ByShape
from motionrecon.body.proportions import Proportions
from motionrecon.ground.base import Ground


@dataclass(frozen=True)
class BodyByLengths(HingedBody):
    """A person whose shape is the logarithms of the lengths (`motionrecon.body.hinged.HingedBody`).

    Attributes:
        proportions: lengths between the joints, metres.
    """

    proportions: Proportions

    @abstractmethod
    def with_lengths(self, lengths: Proportions, ground: Ground, timestep: float) -> Self:
        """The same person with other lengths, on a ground, to be simulated in steps of so many seconds."""

    @property
    @abstractmethod
    def likeliest(self) -> Proportions:
        """The lengths of such a person before anything is seen of them."""

    @property
    @abstractmethod
    def by_length(self) -> ByShape:
        """How the model changes with the lengths, in metres: `by_length`."""

    @property
    def shape(self) -> Float[np.ndarray, " k"]:
        return np.asarray(np.log(self.proportions.as_array()))

    @property
    def shape_prior(self) -> ShapePrior:
        spread = Proportions.spread()
        return ShapePrior(np.log(self.likeliest.as_array()), spread, np.ones(len(spread)))

    @property
    def lengths(self) -> dict[str, float]:
        return asdict(self.proportions)

    @cached_property
    def moves(self) -> ByShape:
        return self.by_length.scaled(self.proportions.as_array())

    def reshaped(self, shape: Float[np.ndarray, " k"]) -> Self:
        return self.with_lengths(Proportions.from_array(np.exp(shape)), self.ground, self.timestep)

    def on(self, ground: Ground, timestep: float) -> Self:
        return self.with_lengths(self.proportions, ground, timestep)


def by_length(of: Callable[[Proportions], Body], around: Proportions) -> ByShape:
    """How the model of a kind of body changes with the lengths, in metres.

    The offsets are linear in the lengths, so a difference of two models is exact, whoever the person is.

    Args:
        of: somebody with these lengths.
        around: lengths that such a person can have.
    """
    return ByShape.differences(lambda lengths: of(Proportions.from_array(lengths)).model, around.as_array(), 0.05)
