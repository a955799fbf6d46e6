"""The page as one file, to be sent: no server, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motionrecon.core.files import atomic
from motionrecon.viewer.app import read

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.films import Films
    from motionrecon.viewer.page import Pictures

_MOST_PICTURES = 360  # of all films together: 12 s of 30 a second
#: Bytes that a page may have, so that it can be mailed; and what its films may have in any case.
_MOST_BYTES, _FILMS_BYTES = 9_800_000, 2_000_000
#: Longer side, pixels, and WebP quality of the pictures, from the best on.
_GRADES = ((640, 62), (640, 45), (560, 38), (480, 32), (400, 28), (320, 22))
_SAMPLES = 6  # pictures of each film by which a grade is judged
#: What is told where there is no film: whoever gets the file is not told where its sender keeps theirs.
_WITHOUT = "This page has no film"


def write_page(
    motion: str | Path | Motion,
    path: str | Path,
    other: str | Path | Motion | None = None,
    *,
    force: bool = False,
) -> list[str]:
    """Write the viewer of a motion, with its films, as one HTML file that opens from disk in any browser.

    Films that are gone, or are not those that the motion was made from (`motionrecon.result.films.check_recorded`), are
    left out. A long motion keeps fewer pictures a second, and a restless film coarser ones, so that the file can be
    mailed: below 10 MB for 10 s.

    Args:
        motion: a result folder of motionrecon, or a `Motion`.
        path: the file to write (.html).
        other: another one to compare it with.
        force: replace the file if it is there, but never one that a motion was made from.

    Returns:
        what is to be known of it, a line each: which films were left out and why, and whose the person's surface is.

    Raises:
        InputError: a folder, a motion or its model cannot be used.
        OutputError: the file is there already (and not ``force``), or cannot be written.
    """
    from motionrecon.result.films import films_of
    from motionrecon.viewer.document import document_of
    from motionrecon.viewer.films import Films
    from motionrecon.viewer.page import page

    motions, names = read(motion, other)
    for one in motions:
        one.check_output([Path(path)], force)
    films = [Films.of(one, _GRADES[0][0], sent=True) for one in motions]
    try:
        missing = [[_WITHOUT if why else "" for why in of.missing] for of in films]
        document = document_of(motions, names, missing)
        share = _MOST_PICTURES // sum(map(len, films))
        reels = [
            [_reel(of, camera, len(one), one.fps, share) for camera in range(len(of))]
            for of, one in zip(films, motions, strict=True)
        ]
    finally:
        for of in films:
            of.close()
    room = max(_MOST_BYTES - len(page(document, [])), _FILMS_BYTES)
    grade = _grade([reel for of in reels for reel in of], room)
    text = page(document, [[reel.printed(grade) for reel in of] for of in reels])
    with atomic(Path(path)) as unfinished:
        Path(unfinished).write_text(text, encoding="utf-8", errors="replace")
    named = (film.video is not None for one in motions for film in films_of(one))
    whys = zip(named, (why for of in films for why in of.missing), strict=True)
    left_out = [f"a film is left out of the page: {why}" for is_named, why in whys if is_named and why]
    return left_out + sorted({one.body.licence for one in motions} - {""})


@dataclass(frozen=True)
class _Reel:
    """Pictures of a film (JPEG), and which of them each frame shows; -1 is none."""

    pictures: tuple[bytes, ...]
    index: tuple[int, ...]

    def printed(self, grade: tuple[int, int]) -> Pictures:
        """The pictures as the page has them."""
        from motionrecon.viewer.page import Pictures

        return Pictures([_webp(one, *grade) for one in self.pictures], self.index)

    def size(self, grade: tuple[int, int]) -> float:
        """About how many bytes of a page its pictures take, by some of them."""
        some = self.pictures[:: max(1, len(self.pictures) // _SAMPLES)]
        return sum(len(_webp(one, *grade)) for one in some) / max(len(some), 1) * len(self.pictures) * 4 / 3


def _grade(reels: Sequence[_Reel], room: float) -> tuple[int, int]:
    """The best grade in which all pictures have room; the last one if they have in none."""
    fits = (grade for grade in _GRADES if sum(reel.size(grade) for reel in reels) < room)
    return next(fits, _GRADES[-1])


def _reel(films: Films, camera: int, count: int, fps: float, most: int) -> _Reel:
    """At most so many pictures of a film, and at most 30 a second, and which one each frame of the motion shows."""
    number = max(1, min(count, most, round(30 * count / fps)))
    shown = np.round(np.linspace(0, count - 1, number)).astype(int)
    nearest = np.searchsorted((shown[1:] + shown[:-1]) / 2, np.arange(count))
    kept: list[bytes] = []
    index = []
    for frame in shown if not films.missing[camera] else ():
        jpeg = films.picture(camera, int(frame))
        index.append(len(kept) if jpeg is not None else -1)
        if jpeg is not None:
            kept.append(jpeg)
    return _Reel(tuple(kept), tuple(index[i] for i in nearest) if index else (-1,) * count)


def _webp(jpeg: bytes, longer_side: int, quality: int) -> bytes:
    """A picture as WebP, a third as large."""
    import cv2

    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None  # our own
    share = longer_side / max(picture.shape[:2])
    if share < 1:
        picture = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()
