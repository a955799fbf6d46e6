"""The page as one file, to be sent: no server, no network."""

from __future__ import annotations

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
_LONGER_SIDE, _QUALITY = 640, 62  # of the pictures: about 12 kB each
#: What is told where there is no film: whoever gets the file is not told where its sender keeps theirs.
_WITHOUT = "This page has no film"


def write_page(motion: str | Path | Motion, path: str | Path, other: str | Path | Motion | None = None) -> list[str]:
    """Write the viewer of a motion, with its films, as one HTML file that opens from disk in any browser.

    Films that are gone, or are not those that the motion was made from (`motionrecon.result.films.check_recorded`), are
    left out. A long motion keeps fewer pictures a second, so that the file stays small enough to be mailed.

    Args:
        motion: a result folder of motionrecon, or a `Motion`.
        path: the file to write (.html).
        other: another one to compare it with.

    Returns:
        what is to be known of it, a line each: which films were left out and why, and whose the person's surface is.

    Raises:
        InputError: a folder, a motion or its model cannot be used.
        OutputError: the file cannot be written.
    """
    from motionrecon.result.films import films_of
    from motionrecon.viewer.document import document_of
    from motionrecon.viewer.films import Films
    from motionrecon.viewer.page import page

    motions, names = read(motion, other)
    films = [Films.of(one, _LONGER_SIDE, sent=True) for one in motions]
    try:
        share = _MOST_PICTURES // sum(map(len, films))
        pictures = [
            [_pictures(of, camera, len(one), one.fps, share) for camera in range(len(of))]
            for of, one in zip(films, motions, strict=True)
        ]
    finally:
        for of in films:
            of.close()
    missing = [[_WITHOUT if why else "" for why in of.missing] for of in films]
    text = page(document_of(motions, names, missing), pictures)
    with atomic(Path(path)) as unfinished:
        Path(unfinished).write_text(text, encoding="utf-8", errors="replace")
    named = (film.video is not None for one in motions for film in films_of(one))
    whys = zip(named, (why for of in films for why in of.missing), strict=True)
    left_out = [f"a film is left out of the page: {why}" for is_named, why in whys if is_named and why]
    return left_out + sorted({one.body.licence for one in motions} - {""})


def _pictures(films: Films, camera: int, count: int, fps: float, most: int) -> Pictures:
    """At most so many pictures of a film, and at most 30 a second, and which one each frame of the motion shows."""
    from motionrecon.viewer.page import Pictures

    number = max(1, min(count, most, round(30 * count / fps)))
    shown = np.round(np.linspace(0, count - 1, number)).astype(int)
    nearest = np.searchsorted((shown[1:] + shown[:-1]) / 2, np.arange(count))
    kept: list[bytes] = []
    index = []
    for frame in shown if not films.missing[camera] else ():
        jpeg = films.picture(camera, int(frame))
        index.append(len(kept) if jpeg is not None else -1)
        if jpeg is not None:
            kept.append(_small(jpeg))
    return Pictures(kept, [index[i] for i in nearest] if index else [-1] * count)


def _small(jpeg: bytes) -> bytes:
    """A picture as WebP, a third as large."""
    import cv2

    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None  # our own
    return cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])[1].tobytes()
