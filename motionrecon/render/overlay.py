"""``overlay.mp4``: the video with the skeleton over it, and beside it the same motion from the side on a floor."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.body.pose import pose
from motionrecon.core.files import atomic
from motionrecon.core.prefetch import prefetch
from motionrecon.core.progress import Progress, Silent
from motionrecon.render import colours
from motionrecon.render.drawn_person import DrawnPerson
from motionrecon.render.geoms import ground_meshes
from motionrecon.render.raster import draw_capsules
from motionrecon.render.side_view import SideView, draw_arrow
from motionrecon.render.skeleton import draw_skeleton
from motionrecon.result.feet import foot_forces
from motionrecon.result.motion import Motion
from motionrecon.video import frames

_MAX_HEIGHT, _MAX_WIDTH = 1080, 1920
_WIDE, _TALL = 0.8, 1.0  # width over height of the right half, beside a wide and a tall video
_BT709 = 1  # its number in the H.264 standard
_METRES_PER_WEIGHT = 0.6  # length of the arrow that shows a force of one body weight
_LEAST_WEIGHT = 0.02  # forces below this share of the weight are not drawn

Picture = UInt8[np.ndarray, "H W 3"]  # RGB


def write_overlay(
    motion: Motion,
    video: str | Path | None,
    path: str | Path,
    progress: Progress | None = None,
    start: float | None = None,
    end: float | None = None,
) -> None:
    """Write the overlay of ``motion`` as H.264, which browsers play, as fast as a player shows the film.

    Args:
        motion: what to draw.
        video: the video that it was made from; None draws the skeleton on a plain background.
        path: the file to write (.mp4).
        progress: told of every frame.
        start, end: the range of the video that the motion covers, seconds; None for all of it.

    Raises:
        InputError: the video cannot be read.
        OutputError: the file cannot be written.
    """
    import av
    from av.video.reformatter import ColorRange, Colorspace

    painter = Painter(motion)
    width, height = painter.size
    rate = Fraction(motion.clock.shown_fps).limit_denominator(10000)
    with (
        (progress or Silent()).stage("overlay", len(motion)) as advance,
        atomic(path) as temporary,
        av.open(f"file:{temporary}", "w", options={"movflags": "+faststart"}) as file,
    ):
        stream = file.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        # Players take large videos for BT.709 whatever they are; so make it true, and say so.
        colour = stream.codec_context
        colour.colorspace = colour.color_primaries = colour.color_trc = _BT709
        colour.color_range = ColorRange.MPEG
        # One thread decodes, one draws, and this one encodes.
        with closing(prefetch(_drawn(painter, _pictures(motion, video, painter, start, end)))) as drawn:
            for image in drawn:
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame = frame.reformat(
                    format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
                )
                file.mux(stream.encode(frame))
                advance(1)
        file.mux(stream.encode(None))


def render_still(motion: Motion, frame: int, picture: Picture | None = None) -> Picture:
    """One frame of the overlay, RGB, over ``picture`` (the video's frame, RGB) if there is one."""
    return Painter(motion).draw(frame, picture)


class Painter:
    """Draws the frames of an overlay.

    Attributes:
        size: (width, height) of the whole picture, even as H.264 needs them.
        left: (width, height) of the video's half.
    """

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        self.left, right = _layout(motion.camera.image_size)
        self.size = self.left[0] + right[0], right[1]
        self._canvas = np.empty((self.size[1], self.size[0], 3), np.uint8)
        self._shape = DrawnPerson(motion.body)
        ground = ground_meshes(motion.model)
        self._side = SideView(motion.joints, _facing(motion), motion.camera, right, motion.fps, ground)
        self._weight = float(motion.model.body_mass.sum() * np.linalg.norm(motion.model.opt.gravity))

    def draw(self, t: int, picture: Picture | None) -> Picture:
        """Frame ``t``, RGB, over ``picture`` (the video's frame, RGB, any size) or a plain ground.

        The same array every time, drawn anew: take a copy to keep it.
        """
        self._draw_video(self._canvas[:, : self.left[0]], t, picture)
        self._draw_side(self._canvas[:, self.left[0] :], t)
        return self._canvas

    def _draw_video(self, image: Picture, t: int, picture: Picture | None) -> None:
        motion = self._motion
        if picture is None:
            image[:] = colours.PLAIN
        else:
            shrinks = picture.shape[0] > 1.5 * self.left[1]
            image[:] = cv2.resize(picture, self.left, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        tracked = bool(motion.tracked[t])
        camera = motion.camera.at(slice(t, t + 1))
        draw_skeleton(image, camera, motion.joints[t], motion.joint_names, tracked)
        if not tracked:
            _badge(image, "not tracked")
        elif len(motion.ctrl) and not motion.simulated[t]:
            _badge(image, "not simulated")

    def _draw_side(self, image: Picture, t: int) -> None:
        motion, camera = self._motion, self._side.camera(t)
        posed = pose(motion.model, motion.qpos[t : t + 1])
        capsules = self._shape.at(posed)
        if not motion.tracked[t]:
            grey = np.broadcast_to(np.array(colours.UNTRACKED, float), capsules.colours.shape)
            capsules = replace(capsules, colours=grey)
        self._side.draw(image, t, capsules)
        draw_capsules(image, camera, capsules)
        feet = foot_forces(motion, posed, slice(t, t + 1))
        for force, start in zip(feet.force[0], feet.pressure[0], strict=True):
            if force[2] > _LEAST_WEIGHT * self._weight:
                draw_arrow(image, camera, start, start + _METRES_PER_WEIGHT / self._weight * force, colours.FORCE)


def _drawn(painter: Painter, pictures: Generator[Picture | None, None, None]) -> Generator[Picture, None, None]:
    """The overlay's frames, an array each."""
    with closing(pictures):
        for t, picture in enumerate(pictures):
            yield painter.draw(t, picture).copy()


def _pictures(
    motion: Motion, video: str | Path | None, painter: Painter, start: float | None, end: float | None
) -> Generator[Picture | None, None, None]:
    """A picture for each frame of the motion; the last one stays where the video ends early."""
    if video is None:
        yield from [None] * len(motion)
        return
    with closing(prefetch(frames(video, start, end, motion.clock.shown_fps, max_side=max(painter.left)))) as pictures:
        picture: Picture | None = None
        for _ in range(len(motion)):
            picture = next(pictures, picture)
            yield picture


def _facing(motion: Motion) -> Float[np.ndarray, " 2"]:
    """The horizontal direction that the person mostly faces: at right angles to the line through the hips."""
    left, right = (motion.joints[:, motion.joint_names.index(f"{side}_hip")] for side in ("left", "right"))
    across = (left - right).mean(axis=0)
    return np.array([across[1], -across[0]])


def _layout(image_size: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Sizes (width, height) of the video's half and of the side view, for a video of this size."""
    aspect = image_size[0] / image_size[1]
    beside = _TALL if aspect < 1 else _WIDE
    height = min(max(image_size[1], 480), _MAX_HEIGHT, _MAX_WIDTH / (aspect + beside))
    even = 2 * int(height / 2)
    return (max(2, 2 * int(aspect * height / 2)), even), (2 * int(beside * height / 2), even)


def _badge(image: Picture, text: str) -> None:
    """A label in the upper left corner, in place."""
    unit = image.shape[0] / 720
    font, size, width = cv2.FONT_HERSHEY_SIMPLEX, 0.8 * unit, max(1, round(1.6 * unit))
    (w, h), _ = cv2.getTextSize(text, font, size, width)
    edge = round(14 * unit)
    cv2.rectangle(image, (edge, edge), (3 * edge + w, 3 * edge + h), colours.OUTLINE, cv2.FILLED, cv2.LINE_AA)
    cv2.putText(image, text, (2 * edge, 2 * edge + h), font, size, (255, 255, 255), width, cv2.LINE_AA)
