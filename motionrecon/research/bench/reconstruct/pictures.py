"""Pictures of a motion beside its truth: as the camera saw it, from the side and from above, at a few moments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from motionrecon.core.landmarks import BONES, INDEX
from motionrecon.render.colours import OUTLINE, Colour, of_side
from motionrecon.render.picturing import Studio
from motionrecon.render.words import draw_words
from motionrecon.research.bench.reconstruct.suite import PreparedClip
from motionrecon.video import frames

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

Image = UInt8[np.ndarray, "H W 3"]

_HEIGHT, _WIDTH = 300, 200  # of a picture from the side or from above, pixels
_MOMENTS = 3
_TRUE: Colour = (150, 154, 160)
_SEEN_FROM = ("side", "above")


def clip_picture(motion: Motion, prepared: PreparedClip, every: int = 1) -> Image:
    """A row of moments, each as the camera saw it, from the camera's side and from above; the truth is grey.

    From the side and from above the motion is moved as a whole to where the truth is, so that its shape, lean and path
    can be judged, however far from the camera it is.

    Args:
        motion: of the clip.
        prepared: its truth and its film.
        every: of the film's frames, one in so many is the motion's.
    """
    truth = prepared.truth.part(slice(None, None, every))
    count = min(len(motion), len(truth))
    moments = np.unique(np.round(np.linspace(0, count - 1, 2 * _MOMENTS + 1)).astype(int)[1::2])
    found = truth.camera.to_world(motion.camera.to_camera(motion.joints))[:count]
    found = found - np.nan_to_num(np.nanmean(_hips(found) - _hips(truth.joints[:count]), axis=0))
    return np.hstack(
        [
            np.hstack([image, *(_drawn(found[t], truth.joints[t], prepared, way) for way in _SEEN_FROM)])
            for t, image in _filmed(motion, prepared, moments, every)
        ]
    )


def _hips(joints: Float[np.ndarray, "T 33 3"]) -> Float[np.ndarray, "T 3"]:
    return np.asarray(0.5 * (joints[:, INDEX["left_hip"]] + joints[:, INDEX["right_hip"]]))


def _filmed(
    motion: Motion, prepared: PreparedClip, moments: Int[np.ndarray, " n"], every: int
) -> Iterator[tuple[int, Image]]:
    """The person over the film at some moments, with the time on it."""
    studio = Studio(motion, _HEIGHT)
    wanted = {int(t) * every: int(t) for t in moments}
    for t, film in _films(prepared.video, wanted):
        image = studio.over_film(t, film)
        if image.shape[1] > 1.5 * _HEIGHT:  # the person is what counts
            image = _about_person(image, motion, t)
        yield t, studio.labelled(t, image)


def _films(video: Path | None, wanted: dict[int, int]) -> Iterator[tuple[int, Image | None]]:
    """The film's pictures of some frames, with the motion's frames that they are."""
    if video is None:
        yield from ((t, None) for t in wanted.values())
        return
    last = max(wanted)
    with closing(frames(video)) as shown:
        for number, image in enumerate(shown):
            if number in wanted:
                yield wanted[number], image
            if number == last:
                return


def _about_person(image: Image, motion: Motion, t: int) -> Image:
    """As much of a wide picture as is half as wide again as high, with the person in it."""
    wide = int(1.5 * _HEIGHT)
    seen = motion.camera.at(slice(t, t + 1)).project(motion.joints[t : t + 1])[0, :, 0]
    middle = float(np.nanmean(seen)) / motion.camera.image_size[0] * image.shape[1]
    left = int(np.clip(middle - wide / 2, 0, image.shape[1] - wide))
    return np.ascontiguousarray(image[:, left : left + wide])


def _drawn(
    found: Float[np.ndarray, "33 3"], true: Float[np.ndarray, "33 3"], prepared: PreparedClip, way: str
) -> Image:
    """A person and the truth as stick figures: from the camera's right, or from above with the camera below."""
    image = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
    ahead = prepared.truth.camera.axes[0][2, :2]
    ahead = ahead / np.linalg.norm(ahead)
    right = np.array([ahead[1], -ahead[0]])
    middle = np.nanmean(true, axis=0)
    scale = _HEIGHT / (1.35 * prepared.truth.height)  # pixels a metre

    def at(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
        flat = points[:, :2] - middle[:2]
        if way == "side":
            return np.stack([flat @ ahead, 0.62 * prepared.truth.height - points[:, 2]], axis=1) * scale
        return np.stack([flat @ right, -flat @ ahead], axis=1) * scale

    if way == "side":
        level = round(float(at(np.zeros((1, 3)))[0, 1]) + _HEIGHT / 2)
        cv2.line(image, (0, level), (_WIDTH, level), OUTLINE, 1)
    for points, plain in ((true, True), (found, False)):
        places = at(points) + np.array([_WIDTH, _HEIGHT]) / 2
        neck = places[[INDEX["left_shoulder"], INDEX["right_shoulder"]]].mean(0)
        for a, b in (*BONES, ("neck", "nose")):
            ends = np.stack([neck if a == "neck" else places[INDEX[a]], places[INDEX[b]]])
            if np.isfinite(ends).all():
                start, end = (tuple(np.round(8 * place).astype(int).tolist()) for place in ends)
                colour = _TRUE if plain else _stick(a, b)
                cv2.line(image, start, end, colour, 5 if plain else 2, cv2.LINE_AA, 3)
    draw_words(image, way, (4, 4), 11, back=(120, 124, 130))
    return image


def _stick(a: str, b: str) -> Colour:
    """The colour of a bone between two landmarks; what is in the middle is dark on white."""
    first, second = of_side(a), of_side(b)
    return first if first == second else OUTLINE


def as_jpeg(image: Image, quality: int = 78) -> bytes:
    """An RGB picture as a file."""
    data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return data.tobytes()
