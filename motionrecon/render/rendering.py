"""``motionrecon render``: a result as a film, an animation or a picture, drawn in software."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from motionrecon.core.files import atomic
from motionrecon.core.progress import Progress, Silent
from motionrecon.errors import InputError
from motionrecon.render.animation import write_animation
from motionrecon.render.film_pictures import in_step, leading
from motionrecon.render.movie import mp4
from motionrecon.render.picturing import MOMENT, VIEWS, Studio
from motionrecon.render.pixels import Picture
from motionrecon.render.sheet import sheet
from motionrecon.result.films import check_recorded, films_of

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: Suffixes of what can be written.
SUFFIXES = (".mp4", ".gif", ".webp", ".png")
SHEET = "sheet"

_HEIGHTS = {".mp4": 720, ".gif": 360, ".webp": 480, ".png": 720}
_MOST_FPS = {".gif": 20.0, ".webp": 30.0}  # so that they stay small
_MOMENTS, _MOMENT_HEIGHT = 12, 420  # of a contact sheet
_WITH_FILM = ("overlay", "beside")
_LEAST_HEIGHT, _MOST_HEIGHT = 120, 2160


def render(
    motion: Motion,
    path: str | Path,
    *,
    view: str = "overlay",
    height: int | None = None,
    start: float | None = None,
    end: float | None = None,
    at: float | None = None,
    camera_name: str | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> None:
    """Draw a motion as its body's mesh, with the floor's push in newtons and body weights, the time, and a legend.

    Args:
        motion: what is drawn.
        path: the file: .mp4 (H.264), .gif, .webp, or .png, which is one moment.
        view: overlay (over the film), side (the person alone, from a camera at right angles to the one that filmed),
            beside (the film, and that), orbit (all around the person), or sheet (twelve moments at which the person is
            seen, in one picture).
        height: of the picture, pixels; of each of a sheet's.
        start, end: the part of the motion that is drawn, seconds.
        at: the moment of a .png, seconds; the middle where not given.
        camera_name: the camera whose film is shown, where there are several; the first where not given.
        force: replace the file if it is there, but never one that the motion was made from.
        progress: told of every frame.

    Raises:
        InputError: a parameter cannot be used, or the film cannot be read or is another than the report knows.
        OutputError: the file is there already (and not ``force``), is one that the motion was made from, or cannot be
            written.
    """
    path = Path(path)
    motion.check_output([path], force)
    suffix = _checked(path, view, height, at)
    number = _camera(motion, camera_name)
    first, last = _range(motion, start, end)
    if view == SHEET:
        shown = first + np.flatnonzero(motion.tracked[first : last + 1])  # moments without anybody show nothing
        if not len(shown):
            shown = np.arange(first, last + 1)
        at_most = np.round(np.linspace(0, len(shown) - 1, min(_MOMENTS, len(shown)))).astype(int)
        moments = shown[at_most].tolist()
        studio, drawn = Studio(motion, height or _MOMENT_HEIGHT, number), MOMENT
    elif suffix == ".png":
        moment = (first + last) // 2 if at is None else _frame(motion, "at", at)
        moments, studio, drawn = [moment], Studio(motion, height or _HEIGHTS[suffix], number), view
    else:
        fps = motion.clock.shown_fps
        each = max(1, int(np.ceil(fps / _MOST_FPS.get(suffix, np.inf) - 1e-9)))
        moments = list(range(first, last + 1, each))
        studio, drawn = Studio(motion, height or _HEIGHTS[suffix], number), view
    images = _images(studio, drawn, moments)
    with (progress or Silent()).stage("render", len(moments)) as advance, closing(images):
        if suffix == ".png":
            found = sheet([_told(image, advance) for image in images])
            _write_png(path, np.vstack([found, studio.legend_strip(found.shape[1])]) if view == SHEET else found)
        elif suffix == ".mp4":
            _write_mp4(path, images, fps, advance)
        else:
            write_animation(path, (_told(image, advance) for image in images), fps / each)


def _images(studio: Studio, view: str, moments: list[int]) -> Generator[Picture, None, None]:
    """The pictures of some frames, in their order."""
    wanted = set(moments)
    with closing(_films(studio, view)) as films:
        for t, film in zip(range(moments[-1] + 1), films, strict=False):
            if t in wanted:
                image = studio.labelled(t, VIEWS[view](studio, t, film))
                yield image if view == MOMENT else studio.with_legend(image)


def _films(studio: Studio, view: str) -> Generator[Picture | None, None, None]:
    """The film's picture of each frame; None where the view has none."""
    motion, side = studio.motion, max(studio.film_width, studio.height)
    films = films_of(motion)
    film = films[studio.camera]
    if view not in _WITH_FILM or film.video is None:
        while True:
            yield None
    if not film.video.is_file():
        raise InputError(
            f"the source video is not at {film.video} any more; put it back there, or draw the body alone, "
            "with view=side or view=orbit"
        )
    check_recorded(film)
    source = motion.report.source
    ends = (None, None) if source is None else (source.start, source.end)
    shown = leading(motion, film.video, side, *ends) if studio.camera == 0 else in_step(film, film.video, side)
    with closing(shown):
        yield from shown


def _told(image: Picture, advance: Callable[[int], None]) -> Picture:
    advance(1)
    return image


def _write_mp4(path: Path, images: Generator[Picture, None, None], fps: float, advance: Callable[[int], None]) -> None:
    first = next(images)
    with mp4(path, (first.shape[1], first.shape[0]), fps) as write:
        write(_told(first, advance))
        for image in images:
            write(_told(image, advance))


def _write_png(path: Path, image: Picture) -> None:
    data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
    with atomic(path) as temporary:
        temporary.write_bytes(data.tobytes())


def _checked(path: Path, view: str, height: int | None, at: float | None) -> str:
    """The file's suffix, if all of it can be."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path}: what is drawn is one of {', '.join(SUFFIXES)}")
    views = [name for name in VIEWS if name != MOMENT]
    if view not in (*views, SHEET):
        raise InputError(f"view={view}: there are {', '.join(views)} and {SHEET}")
    if view == SHEET and suffix != ".png":
        raise InputError(f"{path}: a sheet is one picture; give a .png")
    if at is not None and (suffix != ".png" or view == SHEET):
        raise InputError(
            f"at={at:g}: {path.name} shows more than one moment; give a .png of a view but sheet, or leave at=... out"
        )
    if height is not None and not _LEAST_HEIGHT <= height <= _MOST_HEIGHT:
        raise InputError(f"height={height}: give {_LEAST_HEIGHT} to {_MOST_HEIGHT} pixels")
    return suffix


def _camera(motion: Motion, name: str | None) -> int:
    names = [film.name for film in films_of(motion)]
    if name is None:
        return 0
    if name not in names:
        there = ", ".join(names) if len(names) > 1 else "one, which needs no name"
        raise InputError(f"camera_name={name}: the cameras of this motion are {there}")
    return names.index(name)


def _range(motion: Motion, start: float | None, end: float | None) -> tuple[int, int]:
    """The first and the last frame of a part."""
    first = 0 if start is None else _frame(motion, "start", start)
    last = len(motion) - 1 if end is None else _frame(motion, "end", end)
    if last < first:
        raise InputError(f"end={end:g} s is before start={start or 0:g} s")
    return first, last


def _frame(motion: Motion, name: str, seconds: float) -> int:
    length = (len(motion) - 1) / motion.fps
    if not 0 <= seconds <= length + 0.5 / motion.fps:
        raise InputError(f"{name}={seconds:g}: this motion is from 0 to {length:.2f} s")
    return min(round(seconds * motion.fps), len(motion) - 1)
