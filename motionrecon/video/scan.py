"""One pass over a film's packets: when each is shown, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.video.decoding import Packets, decoded
from motionrecon.video.opening import OpenVideo
from motionrecon.video.stamps import Numbering, Stamps

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

#: Packets of which a first frame must come; a film that was cut out of another begins between two key frames.
_MOST_WITHOUT_FRAME = 3000
#: Packets beside a joint of two files that FFmpeg may take for damaged.
_LOOK_DAMAGED = 3
#: Frames per second that no camera reaches: stamps so near each other are all alike.
_FASTEST = 10_000.0


@dataclass
class Scan:
    """What one pass over a stream's packets finds.

    Attributes:
        times: (n,) each packet's time on the stream's own clock, seconds; NaN for those that show nothing.
        showing: how many packets show something.
        keys: the packets from which decoding can start.
        first, first_time: the first frame that can be decoded, and when it is shown.
        last_lasts: for how long the last picture says that it is shown, seconds.
        breaks: the times at which stamps started anew or jumped.
        broken: whether reading broke off, or packets are damaged.
    """

    times: Float[np.ndarray, " N"]
    showing: int
    keys: list[int]
    first: VideoFrame | None
    first_time: float
    last_lasts: float
    breaks: list[float]
    broken: bool

    @property
    def is_stamped(self) -> bool:
        """Whether most packets have a stamp of their own, and stamps of the same second are not all alike."""
        known = np.unique(self.times[np.isfinite(self.times)])
        if len(known) < max(1, self.showing / 2):
            return False
        return len(known) < 2 or (len(known) - 1) / (known[-1] - known[0]) < _FASTEST


def scan(source: OpenVideo, numbering: Numbering) -> Scan:
    """Go through all packets of an open film, and decode its first frame."""
    stamps = Stamps(source, numbering)
    times: list[float] = []
    keys: list[int] = []
    damaged: list[int] = []
    joints: list[int] = []
    showing = 0
    first, first_time = None, 0.0
    last, lasts = -np.inf, 0.0
    packets = Packets(source)
    for k, packet in enumerate(packets):
        time = stamps.mend(packet)
        if len(stamps.breaks) > len(joints):
            joints.append(k)
        if packet.is_corrupt:
            damaged.append(k)
        showing += not packet.is_discard
        times.append(np.nan if time is None or packet.is_discard else time)
        if time is not None and packet.is_keyframe and not packet.is_discard:
            keys.append(k)
        if time is not None and time >= last:
            last, lasts = time, (packet.duration or 0) * source.tick
        if first is None:
            first = next(iter(decoded(source, packet)), None)
            first_time = 0.0 if first is None else stamps.time_of(first)
            if first is None and k > _MOST_WITHOUT_FRAME:
                break
    if first is None:
        first = next(iter(decoded(source, None)), None)
        first_time = 0.0 if first is None else stamps.time_of(first)
    if damaged and damaged[-1] == len(times) - 1:  # the file ends within its last packet
        times[-1] = np.nan
    # Where two files were joined, packets on both sides look damaged, and are not.
    alone = [k for k in damaged if all(abs(k - joint) > _LOOK_DAMAGED for joint in joints)]
    broken = packets.broken or bool(alone)
    return Scan(np.array(times, dtype=float), showing, keys, first, first_time, lasts, stamps.breaks, broken)
