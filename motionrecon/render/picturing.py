"""Pictures of a motion to show to others: each view is a function of the frame, with newtons, time and legend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import Float

from motionrecon.body.pose import Pose, pose
from motionrecon.cameras.base import Camera
from motionrecon.mechanics.arrows import pushes, tip
from motionrecon.mechanics.feet import foot_forces, weight_of
from motionrecon.render import colours
from motionrecon.render.mesh import DrawnMesh, DrawnSurface, draw_mesh
from motionrecon.render.pixels import Picture
from motionrecon.render.side_view import SideView, draw_arrow, heading_of
from motionrecon.render.words import draw_words, width_of
from motionrecon.result.seats import standing_out

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

_OVER_FILM = 0.82  # opacity of the person over the film, so that what is under them can be judged
_ROUND_SECONDS = 8.0  # of a whole turn of the orbit, at the motion's own pace
_WORDS = 1 / 34  # of the picture's height
_LEGEND = "left", "right", "floor's push (BW: body weight)"


@dataclass(frozen=True)
class Standing:
    """A person in one frame.

    Attributes:
        at: how they are posed.
        mesh: their surface there.
        force, pressure: on each foot: what the floor pushes it with, newtons, and where, metres.
    """

    at: Pose
    mesh: DrawnMesh
    force: Float[np.ndarray, "F 3"]
    pressure: Float[np.ndarray, "F 3"]


class Studio:
    """Draws the frames of a motion in any of `VIEWS`.

    Args:
        motion: what is drawn.
        height: of the pictures, pixels; made even, as H.264 needs it.
        camera: which of the motion's cameras is looked through, and whose film is shown.
    """

    def __init__(self, motion: Motion, height: int = 720, camera: int = 0) -> None:
        self.motion = motion
        self.height = 2 * (height // 2)
        self.camera = camera
        self.filmed: Camera = motion.cameras[camera]
        width, tall = self.filmed.image_size
        self.film_width = 2 * max(1, round(width / tall * self.height / 2))
        self._surface, self._skin = DrawnSurface(motion.surface, motion.surface_bodies), motion.body.skin
        self._weight = weight_of(motion.model)
        self._stages: dict[int, SideView] = {}

    def standing(self, t: int) -> Standing:
        """The person in a frame."""
        motion = self.motion
        at = pose(motion.model, motion.qpos[t : t + 1])
        feet = foot_forces(motion, at, slice(t, t + 1))
        load = np.zeros(motion.model.nbody)
        for name, force in zip(feet.names, feet.force[0], strict=True):
            load[motion.model.body(name).id] = np.linalg.norm(force) / self._weight
        mesh = self._surface.at(motion.shown(at, slice(t, t + 1)), load, bool(motion.tracked[t]))
        return Standing(at, mesh, feet.force[0], feet.pressure[0])

    def over_film(self, t: int, film: Picture | None) -> Picture:
        """The person over the film, as the camera saw them."""
        image, now = self._film(film), self.standing(t)
        camera = self.filmed.at(slice(t, t + 1))
        draw_mesh(image, camera, now.mesh, _OVER_FILM if film is not None else 1.0, lens=True)
        self._forces(image, camera, now, lens=True)
        return image

    def beside_film(self, t: int, film: Picture | None) -> Picture:
        """The film, and beside it the person from the side."""
        return np.hstack([self._film(film), self.staged(t, 0.0, 2 * int(0.45 * self.height))])

    def staged(self, t: int, angle: float, width: int) -> Picture:
        """The person on a floor, from the camera's side and turned by an angle, radians."""
        if width not in self._stages:
            motion, ground = self.motion, standing_out(self.motion)
            size = width, self.height
            self._stages[width] = SideView(motion.joints, heading_of(motion), motion.camera, size, motion.fps, ground)
        stage = self._stages[width].turned(angle) if angle else self._stages[width]
        image, now = np.empty((self.height, width, 3), np.uint8), self.standing(t)
        hides = stage.draw(image, t, self._skin.at(now.at)[0], self._skin.radii)
        draw_mesh(image, stage.camera(t), now.mesh, behind=hides)
        self._forces(image, stage.camera(t), now)
        return image

    def labelled(self, t: int, image: Picture) -> Picture:
        """The picture with the time and what the frame lacks."""
        motion, size = self.motion, self.height * _WORDS
        image = np.ascontiguousarray(image)
        edge = 0.6 * size
        draw_words(image, f"{t / motion.fps:.2f} s", (edge, edge), size)
        lacks = motion.lacks(t)
        if lacks:
            draw_words(image, lacks, (image.shape[1] - edge, edge), size, back=colours.LACKS, anchor=(1, 0))
        return image

    def with_legend(self, image: Picture) -> Picture:
        """The picture, of any size, with what the colours mean at its foot; in letters as small as its width asks."""
        image, size = np.ascontiguousarray(image), self.height * _WORDS
        entries = list(zip(_LEGEND, (colours.LEFT, colours.RIGHT, colours.FORCE), strict=True))
        if not self.motion.contact_force.any():
            entries = entries[:-1]
        needed = 0.6 * size + sum(1.9 * size + width_of(words, 0.8 * size) for words, _ in entries)
        size *= min(1.0, image.shape[1] / needed)
        x, foot = 0.6 * size, image.shape[0] - 0.6 * size
        for words, colour in entries:
            draw_words(image, "  ", (x, foot), 0.8 * size, back=colour, anchor=(0, 1))
            draw_words(image, words, (x + 1.3 * size, foot), 0.8 * size, anchor=(0, 1))
            x += 1.9 * size + width_of(words, 0.8 * size)
        return image

    def legend_strip(self, width: int) -> Picture:
        """A white strip with what the colours mean, to go under a sheet."""
        return self.with_legend(np.full((round(2.6 * self.height * _WORDS), width, 3), 255, np.uint8))

    def _film(self, film: Picture | None) -> Picture:
        size = self.film_width, self.height
        if film is None:
            return np.full((*size[::-1], 3), colours.PLAIN, np.uint8)
        how = cv2.INTER_AREA if film.shape[0] > self.height else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(film, size, interpolation=how))

    def _forces(self, image: Picture, camera: Camera, now: Standing, lens: bool = False) -> None:
        """Arrows at the feet, with newtons and body weights beside the person, where they hide nothing of them."""
        found = pushes(now.force, now.pressure, self._weight)
        tips = [tip(force, start, self._weight) for force, start in found]
        for (_, start), end in zip(found, tips, strict=True):
            draw_arrow(image, camera, start, end, colours.FORCE, lens)
        if not tips:
            return
        scale = np.array([image.shape[1], image.shape[0]]) / camera.image_size
        project = camera.project_through_lens if lens else camera.project
        outline = project(now.mesh.vertices[None])[0] * scale
        at = project(np.array(tips)[None])[0] * scale
        if not np.isfinite(at).all():
            return
        size = self.height * _WORDS
        taken: list[tuple[bool, float]] = []
        for i, (force, _) in enumerate(found):
            newtons = float(np.linalg.norm(force))
            text, y = f"{10 * round(newtons / 10)} N · {newtons / self._weight:.2f} BW", float(at[i, 1])
            left = bool((at[i, 0] < np.delete(at[:, 0], i)).any())  # of two, each on its side
            beside = np.abs(outline[:, 1] - y) < size
            edges = [*outline[beside, 0], *at[:, 0]]
            x = min(edges) - 0.6 * size if left else max(edges) + 0.6 * size
            wide = width_of(text, 0.85 * size)
            x = max(x, wide) if left else min(x, image.shape[1] - wide)
            while any(left == other and abs(y - height) < 1.9 * size for other, height in taken):
                y -= 1.9 * size
            taken.append((left, y))
            draw_words(image, text, (x, y), 0.85 * size, back=colours.FORCE, anchor=(float(left), 0.5))


def _orbit(studio: Studio, t: int, film: Picture | None) -> Picture:
    angle = 2 * np.pi * t / (studio.motion.fps * _ROUND_SECONDS)
    return studio.staged(t, angle, studio.film_width)


def _moment(studio: Studio, t: int, film: Picture | None) -> Picture:
    return studio.staged(t, 0.0, 2 * int(0.35 * studio.height))


#: The view of one moment of a contact sheet: upright, and close to the person.
MOMENT = "moment"

#: Name -> a function of the studio, the frame and its film's picture.
VIEWS: dict[str, Callable[[Studio, int, Picture | None], Picture]] = {
    "overlay": lambda studio, t, film: studio.over_film(t, film),
    "beside": lambda studio, t, film: studio.beside_film(t, film),
    "side": lambda studio, t, film: studio.staged(t, 0.0, studio.film_width),
    "orbit": _orbit,
    MOMENT: _moment,
}
