"""Where windows and the knots of their controls lie on a clip's clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from motionrecon.core.clock import Clock

#: Knots of the controls per second.
KNOT_RATE = 12.0
#: Frames compared with the video per second at most: more say nothing new.
COMPARED_RATE = 30.0


@dataclass(frozen=True)
class WindowLayout:
    """Windows of equal length on a clock; the first part of each is kept, and where it ends the next begins.

    Attributes:
        clock: the clip's.
        length: frames of a window.
        keep: frames of it that are kept.
        knot_steps: simulation steps from knot to knot. The part that is kept holds a whole number of knots, so that
            the next window's knots fall on this one's.
    """

    clock: Clock
    length: int
    keep: int
    knot_steps: float

    @staticmethod
    def of(clock: Clock, window: float, overlap: float) -> WindowLayout:
        """Windows of `window` seconds of which the next repeats `overlap`."""
        keep = max(2, clock.frames(window - overlap))
        knots = max(1, round(clock.seconds(keep) * KNOT_RATE))
        return WindowLayout(clock, max(4, clock.frames(window)), keep, keep * clock.steps_per_frame / knots)

    @property
    def knot_time(self) -> float:
        """Seconds from knot to knot."""
        return self.knot_steps / (self.clock.fps * self.clock.steps_per_frame)

    def ends(self, first: int, tracked_to: int) -> tuple[int, int]:
        """The last frame of the window that begins at frame `first`, and the last that is kept of it.

        What remains up to `tracked_to`, if it is too short for a window of its own, is kept too.
        """
        last = min(first + self.length, tracked_to)
        keep = first + self.keep
        if last == tracked_to and tracked_to - keep < self.keep:
            keep = last
        return last, min(keep, last)

    def compared(self, first: int, last: int) -> tuple[Int[np.ndarray, " F"], float]:
        """The frames of a window that are compared with the video, and the root weight of each.

        The weight makes a window's value independent of the frame rate.
        """
        stride = max(1, round(self.clock.fps / COMPARED_RATE))
        return np.arange(last, first, -stride)[::-1], float(np.sqrt(stride * COMPARED_RATE / self.clock.fps))

    def knots(self, first: int, count: int) -> Float[np.ndarray, " K"]:
        """Times (s) of the `count` knots of the window that begins at frame `first`."""
        return self.clock.seconds(first) + np.arange(count) * self.knot_time

    def at(self, rows: Float[np.ndarray, "T n"], times: Float[np.ndarray, " K"]) -> Float[np.ndarray, "K n"]:
        """Rows, one for each frame, interpolated at times (s)."""
        frames = times * self.clock.fps
        i = np.minimum(frames.astype(int), len(rows) - 2)
        f = (frames - i)[:, None]
        return np.asarray((1 - f) * rows[i] + f * rows[i + 1])
