"""The even clock of a film, and where the film has no pictures, from the times of its frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

#: Frame intervals that stray from their median by more than this share are uneven. Containers with millisecond stamps
#: round by up to 12 % at 240 fps.
_UNEVEN = 0.3
#: A clip with a larger share of uneven intervals has a variable frame rate.
_VARIABLE = 0.01
#: Where at least this share is even, the rest are gaps or crowds in an even film.
_MOSTLY_EVEN = 0.7
#: A rate that the file names is taken where an even film's frames say the same to within this share; where some
#: intervals are uneven, the file's average is of them too, and must be much nearer.
_SAME_RATE, _SAME_RATE_IF_UNEVEN = 0.02, 0.003
#: Without a picture for this many usual intervals, and this many seconds, a film has a gap.
_GAP = 2.5, 0.1


@dataclass(frozen=True)
class Pace:
    """How a film runs.

    Attributes:
        fps: frames per second of the even clock.
        variable: whether the film's own clock is uneven.
        steps: seconds between successive pictures.
        usual: most of those, seconds.
    """

    fps: float
    variable: bool
    steps: Float[np.ndarray, " N"]
    usual: float

    @staticmethod
    def of(times: Float[np.ndarray, " M"], rates: Sequence[float]) -> Pace:
        """The pace of pictures at these times (seconds, increasing, at least two).

        Args:
            times: when each picture is shown.
            rates: frames per second that the file names, the most trusted first.
        """
        steps = np.diff(times)
        usual = float(np.median(steps))
        even = np.abs(steps / usual - 1) <= _UNEVEN
        variable = bool(np.mean(~even) > _VARIABLE)
        if even.mean() >= _MOSTLY_EVEN:
            fps = float(1 / steps[even].mean())
            near = _SAME_RATE if even.all() else _SAME_RATE_IF_UNEVEN
            fps = next((rate for rate in rates if abs(rate / fps - 1) < near), fps)
        else:
            # The densest stretch sets the clock, so that no moment loses frames (within reason: stamps may coincide).
            fps = float(min(1 / np.percentile(steps, 25), 4 * len(steps) / steps.sum()))
        return Pace(fps, variable, steps, usual)

    def is_gap(self, seconds: float) -> bool:
        """Whether a picture that is shown for so long is held, while nothing was filmed."""
        return seconds > max(_GAP[0] * self.usual, _GAP[1])

    @property
    def far(self) -> float:
        """Seconds from a real picture beyond which a frame of the even clock shows what was not filmed then."""
        return max(_GAP[1] / 2, 0.75 / self.fps)
