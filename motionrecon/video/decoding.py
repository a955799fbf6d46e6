"""A film's packets and decoded frames, past whatever is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from motionrecon.video.opening import OpenVideo

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


class Packets:
    """The packets of the film's stream in the file's order; an unreadable rest ends them.

    Attributes:
        broken: whether reading broke off.
    """

    def __init__(self, source: OpenVideo) -> None:
        self.broken = False
        self._source = source

    def __iter__(self) -> Iterator[Packet[VideoStream]]:
        import av

        packets = self._source.container.demux(self._source.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, OSError):
                self.broken = True
                return
            if packet.size:  # an empty one repeats the picture before; to a decoder it would be the end
                yield packet


def decoded(source: OpenVideo, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
    """The frames, in the order shown, that come of a packet, or of the end (None); none where it is damaged."""
    import av

    try:
        return source.stream.codec_context.decode(packet)
    except (av.FFmpegError, OSError):
        return []
