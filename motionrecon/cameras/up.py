"""What is known of which way is up: directions, how sure they are, and what said so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Direction:
    """A direction, and how sure it is.

    Attributes:
        up: unit vector.
        covariance: of the direction, radians squared; of rank two, as it is a unit vector's.
    """

    up: Float[np.ndarray, " 3"]
    covariance: Float[np.ndarray, "3 3"]

    @staticmethod
    def about(up: Float[np.ndarray, " 3"], error: float) -> Direction:
        """One that is as unsure to every side.

        Args:
            up: unit vector.
            error: standard deviation, radians.
        """
        return Direction(up, error**2 * (np.eye(3) - np.outer(up, up)))

    def turned(self, turn: Float[np.ndarray, "3 3"]) -> Self:
        """The same in other axes."""
        return replace(self, up=turn @ self.up, covariance=turn @ self.covariance @ turn.T)


#: Up in the axes of a camera, as cameras are held: level, to so many radians.
LEVEL_ERROR = 0.3
HELD_LEVEL = Direction.about(np.array([0.0, -1.0, 0.0]), LEVEL_ERROR)


@dataclass(frozen=True)
class Verticals(Direction):
    """Up as lines say it, in the camera's axes.

    Attributes:
        count: lines that agree.
    """

    count: int


@dataclass(frozen=True)
class Gravity:
    """What says which way is up.

    Attributes:
        standing: how the person stands.
        looks: how the person looks to the cameras; None where nobody has learned that of the detector.
        lines: straight lines of the pictures; None where they say nothing, or something else.
        level: where cameras that are held level have it; None where that counts for nothing.
        up: all together; of who is unsteady, or would be upright only before a camera tilted as nobody holds one, lines
            alone where these tell only, or more likely, near where a level camera has it; of who lies for most of the
            clip and where no lines tell, as if cameras were held level. That counts, too, of who has their knees bent
            nearly all the time, and may sit or squat.
    """

    standing: Direction
    looks: Direction | None
    lines: Verticals | None
    level: Direction | None
    up: Direction

    def in_world(self, turn: Float[np.ndarray, "3 3"]) -> Gravity:
        """The same in a world that is turned."""
        lines = None if self.lines is None else self.lines.turned(turn)
        looks = None if self.looks is None else self.looks.turned(turn)
        level = None if self.level is None else self.level.turned(turn)
        return Gravity(self.standing.turned(turn), looks, lines, level, self.up.turned(turn))
