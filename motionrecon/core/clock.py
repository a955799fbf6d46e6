"""The even clock of a clip: frames, seconds, and the steps of a simulation that keep time with them.

A film shot at 240 frames a second and shown at 30 has two times. The person lived in the first, and so do forces,
balance and everything else in motionrecon; the second is the player's, in which the user says where to start. What is
said of a motion is told in the first, from the motion's first frame on; what is said of a film is "of the film".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from motionrecon.errors import InputError

#: Simulation steps per second at least; the steps of a frame are as many as that takes.
STEP_RATE = 120.0
#: Frames that a motion needs at least, each with a person. Fewer can be read and cut, from two on.
FEWEST_FRAMES = 4
#: Frames of one clip: an hour at 50 fps. More do not fit the memory of the stages that follow.
MOST_FRAMES = 200_000


@dataclass(frozen=True)
class Clock:
    """An even clock.

    Attributes:
        fps: frames per second of the time in which the person moved.
        film_fps: frames per second as a player shows the film, where that is another (slow motion); None for `fps`.
        first: the film's frame that is frame 0 of this clock.
    """

    fps: float
    film_fps: float | None = None
    first: int = 0

    @property
    def shown_fps(self) -> float:
        """Frames per second as a player shows the film."""
        return self.film_fps or self.fps

    @property
    def steps_per_frame(self) -> int:
        """Simulation steps from one frame to the next."""
        return max(1, math.ceil(STEP_RATE / self.fps - 1e-9))

    @property
    def timestep(self) -> float:
        """Seconds of a simulation step, of which a whole number makes a frame."""
        return 1.0 / (self.fps * self.steps_per_frame)

    def frames(self, seconds: float) -> int:
        """The number of frames nearest to a length of time."""
        return round(seconds * self.fps)

    def seconds(self, frames: float) -> float:
        """How long so many frames last."""
        return frames / self.fps

    def shown_at(self, frame: float) -> float:
        """Seconds from the beginning of the film, in the player's time, at which a frame is shown."""
        return (self.first + frame) / self.shown_fps

    def told(self, *moments: float | tuple[float, float], digits: int = 2) -> str:
        """When frames, or spans from one to another, are, in words: seconds of the motion, and of the film in brackets.

        The motion's time is 0 at its first frame, as in plots, viewer and exports; the film's, in which the user says
        where to start, is told where it is another.
        """
        told = _listed(moments, self.seconds, digits)
        film = _listed(moments, self.shown_at, digits)
        return told if told == film else f"{told} ({film} of the film)"

    def lived(self, shown: float) -> float:
        """How long so many seconds of the player's time were for the person."""
        return shown * (self.shown_fps / self.fps)

    def shown(self, lived: float) -> float:
        """How many seconds of the player's time show so many of the person's."""
        return lived * (self.fps / self.shown_fps)

    def filmed_at(self, fps: float | None) -> Clock:
        """This clock for a film whose frames were taken at `fps`, whatever the file says; None for what it says."""
        return self if fps is None or fps == self.fps else replace(self, fps=fps, film_fps=self.shown_fps)

    def cut(self, count: int, start: float | None, end: float | None, of: str) -> range:
        """The frames from `start` up to but not including `end`, of a film of `count` frames.

        Args:
            count: frames of the whole film.
            start, end: seconds in the player's time; None for the film's beginning and end.
            of: what the film is called in messages.

        Raises:
            InputError: the times lie outside the film, or leave fewer than two frames.
        """
        fps = self.shown_fps
        length = count / fps
        for name, value in (("start", start), ("end", end)):
            if value is not None and not (math.isfinite(value) and 0 <= value <= length + 1 / fps):
                raise InputError(
                    f"{name}={value:g} lies outside {of}, which lasts {length:.2f} s; "
                    f"give a time between 0 and {length:.2f}"
                )
        if start is not None and end is not None and end <= start:
            raise InputError(f"end={end:g} does not come after start={start:g}; give a later end")
        first = round((start or 0.0) * fps)
        last = count if end is None else min(count, round(end * fps))
        if last - first < 2:
            raise InputError(
                f"{of}: the chosen range holds {max(0, last - first)} of {count} frames, and a motion needs "
                f"{FEWEST_FRAMES}; widen start=... and end=... (the clip lasts {length:.2f} s)"
            )
        return range(first, last)


def _listed(moments: Sequence[float | tuple[float, float]], at: Callable[[float], float], digits: int) -> str:
    spans = [one if isinstance(one, tuple) else (one,) for one in moments]
    return f"{', '.join(' to '.join(f'{at(frame):.{digits}f}' for frame in span) for span in spans)} s"
