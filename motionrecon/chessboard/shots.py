"""Sightings of a chessboard in pictures, in a folder of them, or in a video."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.chessboard.board import Board, Gray
from motionrecon.core.files import read_bytes, reason
from motionrecon.errors import InputError

#: What pictures are called.
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
#: Bytes of a picture.
_LIMIT = 128 << 20
#: Frames of a video that are looked at, and the time between them at least, seconds.
LOOKED_AT, APART = 150, 0.1


@dataclass(frozen=True)
class Shot:
    """The board in one picture.

    Attributes:
        where: the picture's name, or the video's and the time.
        corners: (N, 2) pixels, in the order of `Board.points`.
        sharpness: how steep the edges are on the board, in shares of its contrast per pixel.
    """

    where: str
    corners: Float[np.ndarray, "N 2"]
    sharpness: float


@dataclass(frozen=True)
class Shots:
    """All sightings of one source.

    Attributes:
        source: the file or folder.
        image_size: (width, height), pixels.
        shots: the sightings, in order.
        looked_at: pictures that were searched.
        video: whether they come from one, in which the board is seen again and again.
    """

    source: Path
    image_size: tuple[int, int]
    shots: tuple[Shot, ...]
    looked_at: int
    video: bool


def children(folder: Path) -> list[Path]:
    """What is in a folder, sorted, hidden files left out."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"cannot read the folder {folder}: {reason(error)}") from error


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its name."""
    return path.suffix.lower() in PICTURES


def look(source: Path, board: Board, advance: Callable[[int], None] = lambda n: None) -> Shots:
    """The board in everything that a source shows.

    Args:
        source: a picture, a folder of pictures, or a video.
        board: what to look for.
        advance: called as pictures are done.

    Raises:
        InputError: it cannot be read, or its pictures differ in size.
    """
    video = not source.is_dir() and not is_picture(source)
    size: tuple[int, int] | None = None
    shots, count = [], 0
    effort = 0 if video else 1 if source.is_dir() else 2
    for where, picture in _of_video(source) if video else _of_files(source):
        here = (picture.shape[1], picture.shape[0])
        if size is not None and here != size:
            raise InputError(
                f"{source}: {where} has {here[0]} x {here[1]} pixels, others have {size[0]} x {size[1]}; give pictures "
                "of one camera, all of one size"
            )
        size, count = here, count + 1
        corners = board.corners(picture, effort)
        if corners is not None:
            shots.append(Shot(where, corners, _sharpness(picture, corners)))
        advance(1)
    if size is None:
        raise InputError(f"{source} holds no pictures ({', '.join(PICTURES)}) and is no video; give one of these")
    return Shots(source, size, tuple(shots), count, video)


def _of_files(source: Path) -> Iterator[tuple[str, Gray]]:
    import cv2

    for path in [one for one in children(source) if is_picture(one)] if source.is_dir() else [source]:
        try:
            content = read_bytes(path, _LIMIT)
        except OSError as error:
            raise InputError(f"cannot read {path}: {reason(error)}") from error
        except ValueError as error:
            raise InputError(f"{path}: {error}; give a picture") from error
        try:
            picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE) if content else None
        except cv2.error:
            picture = None
        if picture is None:
            raise InputError(f"{path} is not a picture that can be read; give another, or leave it out")
        yield path.name, np.asarray(picture)


def _of_video(source: Path) -> Iterator[tuple[str, Gray]]:
    import cv2

    from motionrecon.video import frames, probe

    info = probe(source)
    rate = min(info.fps, 1 / APART, LOOKED_AT / info.duration)
    with closing(frames(source, fps=rate, info=info)) as images:
        for k, image in enumerate(images):
            yield f"{k / rate:.2f} s", np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def _sharpness(picture: Gray, corners: Float[np.ndarray, "N 2"]) -> float:
    """The steepest edges on the board: a picture that was taken in motion has none."""
    low = np.clip(np.floor(corners.min(0)).astype(int), 0, None)
    high = np.ceil(corners.max(0)).astype(int) + 1
    inside = picture[low[1] : high[1], low[0] : high[0]].astype(float)
    if min(inside.shape) < 3:
        return 0.0
    contrast = float(np.percentile(inside, 95) - np.percentile(inside, 5))
    steep = np.hypot(*np.gradient(inside))
    return float(np.percentile(steep, 98)) / max(contrast, 1.0)
