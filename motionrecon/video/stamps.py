"""Time stamps that run on: what a player makes of stamps that are missing, start anew or jump.

A stream's packets are fed to a `Stamps` in the file's order, and each gets a stamp that goes on from the last. The same
packets get the same stamps every time, so that what was found when a file was looked through holds when it is decoded.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from motionrecon.video import kinds
from motionrecon.video.opening import OpenVideo

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

#: A stamp so many seconds ahead of all before it has jumped, in a broadcast's clock and in any other: in a broadcast it
#: is a cut, elsewhere a picture that is held.
_JUMP_IN_BROADCAST = 10.0
_JUMP = 600.0
#: A key frame follows every frame before it in the file; one that is so many frame intervals back starts anew.
_BACK = 1.5
#: Other frames come in any order within this many seconds or frame intervals.
_REORDERED = 1.0, 20
#: A stamp for showing that lies farther than this from that for decoding is a wrong one, seconds or frame intervals.
_ABSURD = 10.0, 40
#: Frames a second of a bare stream that does not say, as FFmpeg's tools and players take it.
_ASSUMED_RATE = 25.0


@dataclass(frozen=True)
class Numbering:
    """How a stream's frames get their times.

    Attributes:
        own: each frame has its packet's stamp; otherwise frames take the stamps of packets in the order shown.
        counted: the packets' own stamps are not used: the k-th has the time ``k / rate``.
        rate: frames per second where `counted`.
        said: whether the file says that rate.
    """

    own: bool = True
    counted: bool = False
    rate: float = 0.0
    said: bool = True

    @staticmethod
    def of(source: OpenVideo) -> Numbering:
        """How frames of this kind of file are numbered, as long as its stamps can be used."""
        if source.format in kinds.BARE:
            return Numbering.by_rate(source)
        return Numbering(own=source.format not in kinds.STAMPED_IN_FILE_ORDER)

    @staticmethod
    def by_rate(source: OpenVideo) -> Numbering:
        """Frames numbered at the rate that the header gives."""
        rates = [source.stream.guessed_rate, source.stream.average_rate, source.stream.codec_context.framerate]
        rate = next((float(rate) for rate in rates if rate and 1 <= rate <= 1000), None)
        # Every bare stream "has" 25 frames a second to FFmpeg, whether it says so or not.
        return Numbering(False, True, rate or _ASSUMED_RATE, rate is not None and rate != _ASSUMED_RATE)


class Stamps:
    """Mends packets' stamps, and times the frames that come of them.

    Attributes:
        breaks: the mended times, in seconds of the stream's own clock, at which stamps started anew or jumped.
    """

    def __init__(self, source: OpenVideo, numbering: Numbering) -> None:
        self.breaks: list[float] = []
        self._tick = source.tick
        self._numbering = numbering
        self._step = max(1, round(1 / (_rate(source) * self._tick)))  # ticks from frame to frame
        self._jump = (_JUMP_IN_BROADCAST if source.format in kinds.BROADCAST else _JUMP) / self._tick
        self._count = 0
        self._offset = 0
        self._latest: int | None = None  # the largest mended stamp so far
        self._recent: deque[int] = deque(maxlen=64)
        self._waiting: list[float] = []  # stamps of packets whose frames have not been shown, where not their own
        self._last = 0.0

    def mend(self, packet: Packet[VideoStream]) -> float | None:
        """Give a packet a stamp that runs on, in place; the time in seconds, None for a packet that has none."""
        if self._numbering.counted:
            time = self._count / self._numbering.rate
            self._count += 1
            heapq.heappush(self._waiting, time)
            return time
        stamp = self._believable(packet)
        if stamp is None:
            packet.pts = None
            return None
        mended = self._run_on(stamp, packet.is_keyframe)
        packet.pts = mended
        packet.dts = None if packet.dts is None else packet.dts + self._offset
        self._latest = mended if self._latest is None else max(self._latest, mended)
        self._recent.append(mended)
        time = mended * self._tick
        if not self._numbering.own:
            heapq.heappush(self._waiting, time)
        return time

    def time_of(self, frame: VideoFrame) -> float:
        """When the next frame in the order shown is shown, in seconds of the stream's clock."""
        if not self._numbering.own:
            time = heapq.heappop(self._waiting) if self._waiting else self._last + self._step * self._tick
        elif frame.pts is None:
            time = self._last + self._step * self._tick
        else:
            time = frame.pts * self._tick
        self._last = time
        return time

    def _believable(self, packet: Packet[VideoStream]) -> int | None:
        """A packet's stamp for showing; that for decoding where there is none or an absurd one."""
        shown, decoded = packet.pts, packet.dts
        if shown is None or decoded is None:
            return decoded if shown is None else shown
        absurd = max(_ABSURD[0] / self._tick, _ABSURD[1] * self._step)
        return shown if abs(shown - decoded) <= absurd else decoded

    def _run_on(self, stamp: int, is_key: bool) -> int:
        """A stamp moved so that it goes on from those before."""
        mended = stamp + self._offset
        if self._latest is None:
            return mended
        ahead = mended - self._latest
        behind = -ahead > max(_REORDERED[0] / self._tick, _REORDERED[1] * self._step)
        if ahead > self._jump or behind or (is_key and ahead < 0 and -ahead > _BACK * self._usual()):
            self._offset += self._latest + self._usual() - mended
            mended = stamp + self._offset
            self.breaks.append(mended * self._tick)
        return mended

    def _usual(self) -> int:
        """Ticks from one frame to the next, as most of the latest ones have it."""
        steps = np.diff(np.unique(np.array(self._recent)))
        return self._step if len(steps) == 0 else max(1, round(float(np.median(steps))))


def _rate(source: OpenVideo) -> float:
    """Frames per second as the header has it, within reason."""
    rates = [source.stream.average_rate, source.stream.guessed_rate]
    return next((float(rate) for rate in rates if rate and 0.1 <= rate <= 1000), _ASSUMED_RATE)
