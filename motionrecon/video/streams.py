"""Which of a file's streams is the film: the one that a player shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.errors import InputError
from motionrecon.video import kinds

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream


#: Packets that are read to tell films from single pictures, where a file has several streams.
_LOOKED_THROUGH = 5000


def films(container: InputContainer) -> list[VideoStream]:
    """The streams of pictures, without those that the file marks as pictures about it."""
    return [stream for stream in container.streams.video if not _is_beside(stream)]


def moving_streams(container: InputContainer) -> frozenset[int]:
    """Which of the `films` have more than one picture, by the first packets of the file, which are read away."""
    import av

    choice = films(container)
    counts = {stream.index: 0 for stream in choice}
    try:
        for packet, _ in zip(container.demux(*choice), range(_LOOKED_THROUGH), strict=False):
            if packet.size:
                counts[packet.stream_index] += 1
            if min(counts.values()) > 1:
                break
    except (av.FFmpegError, OSError):
        pass  # what was read until there must do
    return frozenset(index for index, count in counts.items() if count > 1)


def shown_stream(container: InputContainer, path: Path, head: bytes, moving: frozenset[int]) -> VideoStream:
    """The stream that a player shows; never a cover, a thumbnail or a preview where there is a film.

    A film goes before a single picture, what the file marks as default before what it does not, the larger before the
    smaller, and the first before the second.

    Args:
        container: the file, open.
        path, head: its name and its first bytes, for messages.
        moving: the streams that have more than one picture, where there is a choice.

    Raises:
        InputError: there is no film, or none that can be decoded, in words.
    """
    choice = films(container)
    if not choice:
        if container.streams.video:
            what = "holds sound with a cover picture only" if container.streams.audio else "holds a picture only"
        elif container.streams.audio:
            what = "holds sound only"
        else:
            raise InputError(f"{path} {kinds.description(head)}")
        raise InputError(f"{path} {what}; give a video file")
    shown = max(choice, key=lambda stream: (stream.index in moving, *_rank(stream)))
    context = shown.codec_context
    if context is None or context.name not in kinds.DECODERS:  # None: FFmpeg has no decoder, whatever the stub says
        codec = "in a way that is unknown here" if context is None else f"as {context.name}, which is not read here"
        raise InputError(f"{path} is a video whose pictures are coded {codec}; convert it to H.264 in an MP4 first")
    return shown


def _is_beside(stream: VideoStream) -> bool:
    """Whether a stream is a picture about the file: a cover, a thumbnail, chapter pictures."""
    from av.stream import Disposition

    beside = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    return bool(stream.disposition & beside)


def _rank(stream: VideoStream) -> tuple[bool, int, int]:
    """What makes one of several films the one to show, the most important first."""
    from av.stream import Disposition

    context = stream.codec_context
    pixels = 0 if context is None else context.width * context.height
    return bool(stream.disposition & Disposition.default), pixels, -stream.index
