"""The clock of the viewer: which frame of a motion is due now."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

MIN_SPEED, MAX_SPEED = 0.1, 2.0


class Timeline:
    """Play, pause, seek and step through `count` frames that are `1 / fps` seconds apart.

    The frame is computed from the wall clock each time it is asked for, never counted up, so a slow drawer skips
    frames and stays in time. All methods may be called from any thread.

    Args:
        count: number of frames, at least 1.
        fps: frames per second at speed 1.
        clock: seconds, monotonic; a test passes its own.
    """

    def __init__(self, count: int, fps: float, clock: Callable[[], float] = time.monotonic) -> None:
        if count < 1 or not fps > 0:
            raise ValueError(f"a timeline needs a frame and a positive rate, not {count} frames at {fps} fps")
        self.count = count
        self.fps = fps
        #: Set whenever somebody changes the timeline; whoever draws waits on it and clears it.
        self.changed = threading.Event()
        self._clock = clock
        self._lock = threading.Lock()
        self._playing = False
        self._loop = True
        self._speed = 1.0
        self._position = 0.0  # in frames, at the time `_since`
        self._since = clock()

    def _advance(self) -> None:
        """Bring `_position` up to now; the caller holds the lock."""
        now = self._clock()
        elapsed, self._since = now - self._since, now
        if not self._playing:
            return
        self._position += elapsed * self.fps * self._speed
        if self._loop:
            self._position %= self.count
        elif self._position >= self.count - 1:
            self._position = float(self.count - 1)
            self._playing = False

    @property
    def frame(self) -> int:
        """The frame that is due now; assign to seek. Values outside the motion are clamped to its ends."""
        with self._lock:
            self._advance()
            return int(self._position)

    @frame.setter
    def frame(self, frame: int) -> None:
        with self._lock:
            self._advance()
            self._position = float(min(max(int(frame), 0), self.count - 1))
        self.changed.set()

    @property
    def playing(self) -> bool:
        """Whether time runs; false again after the last frame unless `loop` is on."""
        with self._lock:
            self._advance()
            return self._playing

    def play(self) -> None:
        """Let time run, from the start if the last frame is shown."""
        with self._lock:
            self._advance()
            if not self._loop and self._position >= self.count - 1:
                self._position = 0.0
            self._playing = True
        self.changed.set()

    def pause(self) -> None:
        """Hold the current frame."""
        with self._lock:
            self._advance()
            self._playing = False
        self.changed.set()

    def step(self, frames: int) -> None:
        """Pause and go `frames` on (negative: back), around the ends if `loop` is on."""
        with self._lock:
            self._advance()
            self._playing = False
            target = int(self._position) + frames
            self._position = float(target % self.count if self._loop else min(max(target, 0), self.count - 1))
        self.changed.set()

    @property
    def speed(self) -> float:
        """Playback rate, 1 for real time; clamped to `MIN_SPEED`..`MAX_SPEED`; NaN changes nothing."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if math.isnan(speed):
            return
        with self._lock:
            self._advance()  # what has passed, passed at the old speed
            self._speed = min(max(float(speed), MIN_SPEED), MAX_SPEED)
        self.changed.set()

    @property
    def loop(self) -> bool:
        """Whether the first frame follows the last."""
        return self._loop

    @loop.setter
    def loop(self, loop: bool) -> None:
        with self._lock:
            self._advance()
            self._loop = bool(loop)
        self.changed.set()
