"""Opening a video, and nothing else: one regular file, read by us, in a format that people film in.

FFmpeg never sees a path. It reads from a file that was opened and looked at here, so that no name can be taken for a
protocol, a pattern of pictures or an address, and whatever a file's content asks for, no second file is opened.
"""

from __future__ import annotations

import functools
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from motionrecon.core.cores import most_threads, usable_cores
from motionrecon.core.files import reason
from motionrecon.errors import InputError
from motionrecon.video import kinds
from motionrecon.video.claims import check_claims
from motionrecon.video.streams import films, moving_streams, shown_stream

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

#: Pixels of a picture at most: the largest films are 8K, 8192 x 4320. A header may claim any size, and each decoding
#: thread holds several pictures.
MAX_PIXELS = 8192 * 4608
#: Pixels above which only a few threads decode, so that memory stays bounded on machines with many cores.
_LARGE = 4096 * 2304
_THREADS_FOR_LARGE = 4
#: Bytes that are looked at before FFmpeg is, and that it reads at a time.
_HEAD = 4096
_READ = 1 << 18
#: "http://", "concat:", "rtsp:"; one letter is a drive of Windows.
_ADDRESS = re.compile(r"^(?:-|[a-zA-Z][a-zA-Z0-9+.,-]+:)")
_PATTERN = re.compile(r"%0?\d*d|[*?]")


@dataclass(frozen=True)
class OpenVideo:
    """An open video.

    Attributes:
        path: the file.
        container: FFmpeg's view of it.
        stream: the stream that a player shows.
    """

    path: Path
    container: InputContainer
    stream: VideoStream

    @property
    def format(self) -> str:
        """FFmpeg's first name of the container's format."""
        return self.container.format.name.split(",")[0]

    @property
    def tick(self) -> float:
        """Seconds of one unit of the stream's time stamps."""
        return float(self.stream.time_base or 1)


@contextmanager
def open_video(path: str | Path) -> Iterator[OpenVideo]:
    """Open a file that must hold a film, for as long as the block lasts.

    Raises:
        InputError: it is none, or is one that cannot be read, in words: no regular file, a playlist, sound only, an
            unknown codec, a picture too large, damaged.
    """
    path = Path(path)
    with _opened(path) as file:
        head = file.read(_HEAD)
        if kinds.is_playlist(head) or kinds.is_playlist_of_clips(head):
            raise InputError(f"{path} is a playlist, which names other files; give the video file itself")
        check_claims(file, os.fstat(file.fileno()).st_size, path)
        with ExitStack() as opened:
            container = opened.enter_context(_container(file, path, head))
            moving = frozenset[int]()
            if len(films(container)) > 1:
                moving = moving_streams(container)
                container = opened.enter_context(_container(file, path, head))
            stream = shown_stream(container, path, head, moving)
            _limit(stream, path)
            yield OpenVideo(path, container, stream)


@contextmanager
def _container(file: IO[bytes], path: Path, head: bytes) -> Iterator[InputContainer]:
    """FFmpeg's view of a file, from its beginning.

    Raises:
        InputError: FFmpeg cannot read it, or in a format that is not read here.
    """
    import av

    options = {
        "format_whitelist": ",".join(kinds.FORMATS),
        "codec_whitelist": ",".join(kinds.LOOKS_WITH),
        "protocol_whitelist": "",
        "max_pixels": str(MAX_PIXELS),
    }
    file.seek(0)
    try:
        container = av.open(
            _Nameless(file, path.suffix),
            "r",
            options=options,
            buffer_size=_READ,
            metadata_errors="replace",
            io_open=_no_other_file,
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path} {kinds.description(head)}") from error
    with container:
        yield container


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """A regular file that is not empty, unbuffered.

    Raises:
        InputError: it cannot be opened, or is something else.
    """
    try:
        kind = os.stat(path).st_mode  # looked at before it is opened: opening a pipe waits, opening a device may act
        if stat.S_ISDIR(kind):
            raise InputError(f"{path} is a folder; give a video file")
        if not stat.S_ISREG(kind):
            raise InputError(f"{path} is no regular file (a pipe, a device or a socket); give a video file")
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError as error:
        raise InputError(f"no such file: {_typed(path)}{_hint(path)}") from error
    except PermissionError as error:
        raise InputError(f"{path} cannot be read: permission denied") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {reason(error)}{_hint(path)}") from error
    except ValueError as error:  # Python's own words for it differ between versions
        raise InputError(f"no such file: {path} (its name holds a zero byte)") from error
    with open(descriptor, "rb", buffering=0) as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):  # swapped meanwhile
            raise InputError(f"{path} is no regular file; give a video file")
        if found.st_size == 0:
            raise InputError(f"{path} is empty (0 bytes); copy it from its source again")
        yield file


def _typed(path: Path) -> str:
    """A path as it was given: a `Path` makes one slash of the two of an address."""
    return re.sub(r"^([a-zA-Z][a-zA-Z0-9+.-]+:)/(?!/)", r"\1//", str(path))


def _hint(path: Path) -> str:
    """What else somebody may have meant by a file that is not there."""
    if _ADDRESS.match(str(path)):
        return " (addresses and FFmpeg's protocols are not opened; download the video and give the file)"
    if _PATTERN.search(path.name):
        return " (numbered pictures are not read; make a video of them first)"
    return ""


class _Nameless:
    """A file as PyAV reads it, without its name: only the suffix, by which FFmpeg tells raw streams apart.

    Its methods are written in C: in Python code Ctrl-C could strike, and be lost in FFmpeg.
    """

    def __init__(self, file: IO[bytes], suffix: str) -> None:
        self.name = "video" + (suffix if re.fullmatch(r"\.\w{1,8}", suffix, re.ASCII) else "")
        self.read = file.read
        self.seek = _quiet_seek(file)
        self.tell = file.tell


def _quiet_seek(file: IO[bytes]) -> Callable[..., int]:
    """A file's `seek` that answers -1, and raises nothing, where a damaged file sends it out of the world."""
    if os.name != "posix":
        return file.seek  # raises, and PyAV prints the second error of a kind
    import ctypes

    library = ctypes.CDLL(None)
    seek = getattr(library, "lseek64", None) or library.lseek
    seek.argtypes, seek.restype = (ctypes.c_int, ctypes.c_int64, ctypes.c_int), ctypes.c_int64
    return functools.partial(seek, file.fileno())


def _no_other_file(url: str, flags: int, options: dict[str, str]) -> IO[bytes]:
    """Called where a file's content asks for another file or address."""
    raise PermissionError(f"{url} is another file, and only the video is read")


def _limit(stream: VideoStream, path: Path) -> None:
    """Refuse pictures that are too large, and set how the rest are decoded."""
    from av.codec.context import ThreadType
    from av.stream import Discard

    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{path} says that its pictures have {width}x{height} pixels, and more than 8K (8192x4608) are not read; "
            "scale the video down"
        )
    for other in stream.container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    stream.thread_type = ThreadType.AUTO
    stream.thread_count = min(_THREADS_FOR_LARGE, usable_cores()) if width * height > _LARGE else most_threads()
