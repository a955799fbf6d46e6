"""Where a film's pictures are, for those who decode it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from motionrecon.video.stamps import Numbering
from motionrecon.video.upright import Stored


@dataclass(frozen=True)
class Index:
    """Where a stream's pictures are and how they lie there, for those who decode it.

    Attributes:
        stored: how its first picture is stored.
        numbering: how its frames get their times.
        origin: the first picture's time on the stream's own clock, seconds.
        times: (n,) when each picture is shown, seconds after the first.
        keys: (k,) the packets from which decoding can start, counted from the file's first.
        key_times: (k,) when their pictures are shown, seconds after the first.
        length: seconds until the last picture ends.
        far: seconds from a picture beyond which nothing was filmed.
        is_sought: whether FFmpeg finds a picture by its time: its stamps run on by themselves.
    """

    stored: Stored
    numbering: Numbering
    origin: float
    times: Float[np.ndarray, " N"]
    keys: Int[np.ndarray, " K"]
    key_times: Float[np.ndarray, " K"]
    length: float
    far: float
    is_sought: bool

    def packet_before(self, seconds: float) -> tuple[int, float]:
        """The last packet from which decoding can start and show all that is shown from then on, and its time."""
        before = np.flatnonzero(self.key_times <= seconds - 0.5)
        if not len(before) or not self.numbering.own:  # without stamps a lost picture would shift all that follow it
            return 0, 0.0
        return int(self.keys[before[-1]]), float(self.key_times[before[-1]])
