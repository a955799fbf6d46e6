"""``overlay.mp4``: each video with the skeleton over it, and beside them the same motion from the side on a floor."""

from __future__ import annotations

import unicodedata
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float

from motionrecon.body.pose import Pose, pose
from motionrecon.core.files import is_same
from motionrecon.core.prefetch import prefetch
from motionrecon.core.progress import Progress, Silent
from motionrecon.errors import OutputError
from motionrecon.mechanics.arrows import pushes, tip
from motionrecon.mechanics.feet import FootForces, foot_forces, weight_of
from motionrecon.render import colours
from motionrecon.render.film_pictures import in_step, leading
from motionrecon.render.layout import layout_of
from motionrecon.render.mesh import DrawnSurface, draw_mesh
from motionrecon.render.movie import mp4
from motionrecon.render.pixels import Picture
from motionrecon.render.side_view import SideView, draw_arrow, heading_of
from motionrecon.render.skeleton import draw_skeleton
from motionrecon.result.films import films_of
from motionrecon.result.motion import Motion
from motionrecon.result.seats import standing_out

_LEAST_UNIT = 0.55  # of the words in a small view, which must be read
_AHEAD = 4  # frames that are drawn before they are written
_TOGETHER = 64  # frames whose poses are found at once: one by one, fingers cost more than all that is drawn


def write_overlay(
    motion: Motion,
    video: str | Path | Sequence[str | Path | None] | None,
    path: str | Path,
    progress: Progress | None = None,
    start: float | None = None,
    end: float | None = None,
    *,
    force: bool = False,
) -> None:
    """Write the overlay of ``motion`` as H.264, which browsers play, as fast as a player shows the film.

    Args:
        motion: what to draw.
        video: the video that it was made from, or those of its cameras in their order; None draws the skeleton on a
            plain background.
        path: the file to write (.mp4).
        progress: told of every frame.
        start, end: the range of the first video that the motion covers, seconds; None for all of it.
        force: replace the file if it is there, but never a video or what else the motion was made from.

    Raises:
        InputError: the video cannot be read.
        OutputError: the file is there already (and not ``force``), or cannot be written.
    """
    videos = [video] if video is None or isinstance(video, str | Path) else list(video)
    if any(one is not None and is_same(Path(path), Path(one)) for one in videos):
        raise OutputError(f"{path} is a video to be drawn over; choose another name")
    motion.check_output([Path(path)], force)
    painter = Painter(motion)
    shown = _pictures(motion, [*videos, *[None] * (len(motion.cameras) - len(videos))], painter, start, end)
    with (
        (progress or Silent()).stage("overlay", len(motion)) as advance,
        mp4(path, painter.layout.size, motion.clock.shown_fps) as write,
        # One thread decodes, one draws, and this one encodes.
        closing(prefetch(_drawn(painter, shown), _AHEAD)) as drawn,
    ):
        for image in drawn:
            write(image)
            advance(1)


def render_still(motion: Motion, frame: int, *pictures: Picture | None) -> Picture:
    """One frame of the overlay, RGB, over ``pictures`` (each video's frame, RGB) where there are some."""
    return Painter(motion).draw(frame, *pictures)


@dataclass(frozen=True)
class _Posed:
    """The person in some frames in a row.

    Attributes:
        frames: which.
        skin: (n, G, 2, 3) ends of the round pieces, metres.
        shown: what the surface follows.
        feet: what pushes them.
    """

    frames: range
    skin: Float[np.ndarray, "n G 2 3"]
    shown: Pose
    feet: FootForces

    @staticmethod
    def of(motion: Motion, frames: range) -> _Posed:
        those = slice(frames.start, frames.stop)
        at = pose(motion.model, motion.qpos[those])
        return _Posed(frames, motion.body.skin.at(at), motion.shown(at, those), foot_forces(motion, at, those))


class Painter:
    """Draws the frames of an overlay.

    Attributes:
        layout: where the views stand in the whole picture.
    """

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        self._films = films_of(motion)
        self.layout = layout_of([camera.image_size for camera in motion.cameras])
        self._canvas = self.canvas()
        self._surface = DrawnSurface(motion.surface, motion.surface_bodies)
        self._posed: _Posed | None = None
        ground = standing_out(motion)
        self._side = SideView(
            motion.joints, heading_of(motion), motion.camera, self.layout.side.size, motion.fps, ground
        )
        self._weight = weight_of(motion.model)

    def canvas(self) -> Picture:
        """Something to draw on."""
        canvas = np.empty((*self.layout.size[::-1], 3), np.uint8)
        canvas[:] = colours.OUTLINE
        return canvas

    def draw(self, t: int, *pictures: Picture | None, canvas: Picture | None = None) -> Picture:
        """Frame ``t``, RGB, over ``pictures`` (each video's frame, RGB, any size) or a plain ground.

        It is drawn on a `canvas`, all of it anew; where none is given on the same one every time: take a copy to keep
        it.
        """
        canvas = self._canvas if canvas is None else canvas
        for i, box in enumerate(self.layout.views):
            self._draw_video(box.of(canvas), t, i, pictures[i] if i < len(pictures) else None)
        self._draw_side(self.layout.side.of(canvas), t)
        return canvas

    def _draw_video(self, image: Picture, t: int, number: int, picture: Picture | None) -> None:
        motion, film = self._motion, self._films[number]
        height, width, _ = image.shape
        if picture is None:
            image[:] = colours.PLAIN
        else:
            how = cv2.INTER_AREA if picture.shape[0] > 1.5 * height else cv2.INTER_LINEAR
            image[:] = cv2.resize(picture, (width, height), interpolation=how)
        camera = film.camera.at(slice(t, t + 1))
        draw_skeleton(image, camera, motion.joints[t], motion.joint_names, bool(motion.tracked[t]))
        lacks = self._lacks(t, number, picture)
        if lacks:
            _badge(image, lacks, self._unit(image))
        if film.name:
            _badge(image, _plain(film.name) or f"camera {number + 1}", self._unit(image), bottom=True)

    def _unit(self, image: Picture) -> float:
        """Pixels to a unit of words: a share of the view, but in a small one of several as large as can be read."""
        height, width = int(image.shape[0]), int(image.shape[1])
        return height / 720 if len(self._films) == 1 else max(min(height, width) / 720, _LEAST_UNIT)

    def _lacks(self, t: int, number: int, picture: Picture | None) -> str:
        """What is to be said of a frame of one view, the worst first; nothing of most."""
        motion = self._motion
        if not motion.tracked[t]:
            return motion.lacks(t)
        if picture is None and self._films[number].video is not None:
            return "no picture"
        if not motion.tracked_in(number)[t]:
            return "not seen"
        return motion.lacks_simulation(t)

    def _draw_side(self, image: Picture, t: int) -> None:
        motion, camera = self._motion, self._side.camera(t)
        posed = self._posed
        if posed is None or t not in posed.frames:
            posed = self._posed = _Posed.of(motion, range(t, min(t + _TOGETHER, len(motion))))
        k = t - posed.frames.start
        hides = self._side.draw(image, t, posed.skin[k], motion.body.skin.radii)
        mesh = self._surface.at(posed.shown.part(slice(k, k + 1)), tracked=bool(motion.tracked[t]))
        draw_mesh(image, camera, mesh, behind=hides)
        for force, start in pushes(posed.feet.force[k], posed.feet.pressure[k], self._weight):
            draw_arrow(image, camera, start, tip(force, start, self._weight), colours.FORCE)


def _drawn(
    painter: Painter, pictures: Generator[tuple[Picture | None, ...], None, None]
) -> Generator[Picture, None, None]:
    """The overlay's frames; each array is drawn on again when `_AHEAD` later ones and one besides have been."""
    # One is looked at and one is drawn on while the others wait. New arrays each time would cost page faults.
    canvases = cycle([painter.canvas() for _ in range(_AHEAD + 2)])
    with closing(pictures):
        for t, (each, canvas) in enumerate(zip(pictures, canvases, strict=False)):
            yield painter.draw(t, *each, canvas=canvas)


def _pictures(
    motion: Motion, videos: Sequence[str | Path | None], painter: Painter, start: float | None, end: float | None
) -> Generator[tuple[Picture | None, ...], None, None]:
    """For each frame of the motion a picture of each video."""
    sizes = [max(box.size) for box in painter.layout.views]
    with ExitStack() as opened:
        lanes = [
            opened.enter_context(closing(lane))
            for lane in (
                leading(motion, videos[0], sizes[0], start, end),
                *map(in_step, films_of(motion)[1:], videos[1:], sizes[1:]),
            )
        ]
        for _ in range(len(motion)):
            yield tuple(next(lane) for lane in lanes)


def _plain(name: str) -> str:
    """A name in the letters that OpenCV draws; empty where those say nothing of it."""
    letters = unicodedata.normalize("NFKD", name)
    kept = "".join(letter for letter in letters if " " <= letter <= "~")
    return kept if 2 * len(kept) > len(name) else ""


def _badge(image: Picture, text: str, unit: float, bottom: bool = False) -> None:
    """A label in the upper left corner, or the lower left one, in place."""
    font, size, width = cv2.FONT_HERSHEY_SIMPLEX, 0.8 * unit, max(1, round(1.6 * unit))
    edge = round(14 * unit)
    (w, h), _ = cv2.getTextSize(text, font, size, width)
    if w > image.shape[1] - 4 * edge:
        size *= max(0.3, (image.shape[1] - 4 * edge) / w)
        (w, h), _ = cv2.getTextSize(text, font, size, width)
    top = image.shape[0] - 3 * edge - h if bottom else edge
    cv2.rectangle(image, (edge, top), (3 * edge + w, top + 2 * edge + h), colours.OUTLINE, cv2.FILLED, cv2.LINE_AA)
    cv2.putText(image, text, (2 * edge, top + edge + h), font, size, (255, 255, 255), width, cv2.LINE_AA)
