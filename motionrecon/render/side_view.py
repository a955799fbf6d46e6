"""The ground that a motion happens on, seen by a camera at its side."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import gaussian_filter1d

from motionrecon.body.geoms import Mesh
from motionrecon.cameras.base import Camera
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.vectors import unit
from motionrecon.render import colours
from motionrecon.render.colours import Colour, mixed
from motionrecon.render.mesh import Patch, drawn
from motionrecon.render.pixels import SUBPIXEL

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

_VIEW = np.radians(30)  # of the camera, vertically
_PITCH = np.radians(11)  # downwards
_FILL = 0.86  # share of the picture that the motion may take
_MARGIN = 0.12  # metres around the landmarks that the body's flesh takes
_TILE, _REACH = 0.5, 7.0  # metres: a tile's side, and how far the floor is drawn
_FOLLOW = 1.3  # the camera moves along if standing still would take it this much farther away
_WALKS = 0.5  # metres from the first place to the last that are a walk
_TOWARDS = 0.3  # share of a heading towards or away from the camera that a side view shows as a direction
_SMOOTH = 0.6  # seconds over which the camera's path is smoothed
_SHADOW, _SHADOW_SPAN, _SHADOW_CELLS = 0.42, 3.0, 240


@dataclass(frozen=True)
class _Empty:
    """The stage without the person.

    Attributes:
        place: where the camera looks.
        floor: sky and floor.
        ground: what stands out of the floor.
    """

    place: tuple[float, ...]
    floor: UInt8[np.ndarray, "H W 3"]
    ground: Patch | None


class SideView:
    """A view at right angles to the video's, which shows the depth that a video cannot.

    The camera stands still where the whole motion fits at a fair size; otherwise it moves along with the person.

    Args:
        joints: world landmarks of the whole motion.
        heading: the horizontal direction in which the person walks or faces, of any length.
        source: the video's camera.
        size: (width, height) of the picture.
        fps: frames per second of the motion.
        ground: what stands out of the floor, in the world.
    """

    def __init__(
        self,
        joints: Float[np.ndarray, "T J 3"],
        heading: Float[np.ndarray, " 2"],
        source: Camera,
        size: tuple[int, int],
        fps: float,
        ground: Sequence[Mesh] = (),
    ) -> None:
        self.size = size
        self._rotation = _side_view(heading, source)
        focal = size[1] / 2 / np.tan(_VIEW / 2)
        self._K = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])
        low, high = joints.min(axis=(0, 1)), joints.max(axis=(0, 1))
        middle_z = max(0.5 * high[2], 0.4)
        still = np.tile([*(low[:2] + high[:2]) / 2, middle_z], (len(joints), 1))
        moving = _smooth(joints.mean(axis=1), _SMOOTH * fps)
        moving[:, 2] = middle_z
        far, near = self._distance(joints, still), self._distance(joints, moving)
        self._targets, self._away = (still, far) if far <= _FOLLOW * near else (moving, near)
        self._sky = self._background()
        self._triangles = np.concatenate([np.zeros((0, 3, 3)), *map(_small, ground)])
        self._empty: _Empty | None = None

    def camera(self, frame: int) -> Pinhole:
        """The camera of a frame."""
        eye = self._targets[frame] - self._away * self._rotation[2]
        return Pinhole(self._K, self.size, self._rotation, -self._rotation @ eye, calibrated=True)

    def turned(self, angle: float) -> SideView:
        """The same view from elsewhere: turned about the vertical by an angle, radians, and looking down as much."""
        other = copy(self)
        c, s = np.cos(angle), np.sin(angle)
        other._rotation = self._rotation @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        other._sky, other._empty = other._background(), None
        return other

    def draw(
        self,
        image: UInt8[np.ndarray, "H W 3"],
        frame: int,
        ends: Float[np.ndarray, "G 2 3"],
        radii: Float[np.ndarray, "G 2"],
    ) -> Patch | None:
        """Fill an RGB picture with the stage and the shadow of a person made of round pieces, but not the person.

        Args:
            image: the picture.
            frame: of the motion.
            ends: of the pieces, in the world.
            radii: at the ends, metres.

        Returns:
            what of the stage hides the person where it is nearer; None where nothing does.
        """
        camera = self.camera(frame)
        stage = self._without_person(frame, camera)
        image[:] = stage.floor
        self._draw_shadow(image, camera, ends, radii)
        if stage.ground is not None:
            stage.ground.onto(image)
        return stage.ground

    def _distance(self, joints: Float[np.ndarray, "T J 3"], targets: Float[np.ndarray, "T 3"]) -> float:
        """How far from ``targets`` the camera must stand to see all of ``joints``, metres."""
        points = np.concatenate([joints, joints * [1, 1, 0]], axis=1)  # and the floor under them
        x, y, z = np.moveaxis((points - targets[:, None]) @ self._rotation.T, -1, 0)
        half_width, half_height = _FILL * np.array(self.size) / 2 / self._K[0, 0]
        return float(np.max([(np.abs(x) + _MARGIN) / half_width - z, (np.abs(y) + _MARGIN) / half_height - z]))

    def _background(self) -> UInt8[np.ndarray, "H W 3"]:
        """The sky and, below the horizon, the floor's mean colour coming out of the haze."""
        rows = np.arange(self.size[1])
        down = (
            self._rotation[:, 2] @ np.linalg.inv(self._K) @ np.stack([0 * rows + self.size[0] / 2, rows, 1 + 0 * rows])
        )
        eye_height = self._targets[0, 2] - self._away * self._rotation[2, 2]
        with np.errstate(divide="ignore"):
            distance = np.where(down < 0, -eye_height / down, np.inf)
        haze = self._haze(distance)[:, None]
        colour = np.array(colours.TILES[0]) + haze * (np.array(colours.SKY) - np.array(colours.TILES[0]))
        return np.repeat(colour[:, None].round().astype(np.uint8), self.size[0], axis=1)

    def _haze(self, distance: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        """How much of what is so far away is hidden by haze."""
        return np.asarray(1 - np.exp(-((distance / (self._away + 0.45 * _REACH)) ** 2)))

    def _without_person(self, frame: int, camera: Pinhole) -> _Empty:
        """The stage of a frame; kept while the camera stands still."""
        place = tuple(self._targets[frame])
        if self._empty is None or self._empty.place != place:
            floor = self._sky.copy()
            self._draw_tiles(floor, camera, self._targets[frame])
            self._empty = _Empty(place, floor, self._ground(camera))
        return self._empty

    def _draw_tiles(self, image: UInt8[np.ndarray, "H W 3"], camera: Pinhole, target: Float[np.ndarray, " 3"]) -> None:
        """Every other tile; the ones between are the background's."""
        count = int(_REACH / _TILE)
        i, j = (c.ravel() for c in np.meshgrid(*2 * [np.arange(-count, count)], indexing="ij"))
        i, j = i + int(np.floor(target[0] / _TILE)), j + int(np.floor(target[1] / _TILE))
        dark = (i + j) % 2 == 0
        corner = np.stack([i, j, 0 * i], -1)[dark]
        tiles = _TILE * (corner[:, None] + np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]))
        in_camera = camera.to_camera(tiles)
        ahead = in_camera[..., 2].min(axis=1) > 0.3
        pixels = camera.project(tiles[ahead])
        distances = np.linalg.norm(in_camera[ahead].mean(axis=1), axis=-1)
        on_screen = ((pixels.max(axis=1) > 0) & (pixels.min(axis=1) < self.size)).all(axis=-1)
        for polygon, haze in zip(pixels[on_screen], self._haze(distances[on_screen]), strict=True):
            fixed = np.round(polygon * 2**SUBPIXEL).astype(np.int32)
            colour = mixed(colours.TILES[1], colours.SKY, float(haze))
            cv2.fillConvexPoly(image, fixed, colour, cv2.LINE_AA, SUBPIXEL)

    def _ground(self, camera: Pinhole) -> Patch | None:
        """What stands out of the floor."""
        triangles = self._triangles
        across = unit(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]))
        # From above, and a little from the viewer's left, so that two walls tell from each other.
        light = (0.53 + 0.3 * across[:, 2] - 0.1 * across @ camera.axes[0, 0])[:, None, None]
        haze = self._haze(np.linalg.norm(triangles - camera.eye[0], axis=-1))[..., None]
        dark, bright, sky = (np.array(colour) / 255 for colour in (colours.OUTLINE, colours.TILES[0], colours.SKY))
        lit = dark + light * (bright - dark)
        lit = (lit + haze * (sky - lit)).reshape(-1, 3)
        return drawn(camera, self.size, triangles.reshape(-1, 3), np.arange(len(lit)).reshape(-1, 3), lit)

    def _draw_shadow(
        self,
        image: UInt8[np.ndarray, "H W 3"],
        camera: Pinhole,
        ends: Float[np.ndarray, "G 2 3"],
        radii: Float[np.ndarray, "G 2"],
    ) -> None:
        """A soft shadow, as of a wide light above: the higher a limb, the fainter."""
        centre = ends[..., :2].mean(axis=(0, 1))
        scale = _SHADOW_CELLS / _SHADOW_SPAN
        mask = np.zeros((_SHADOW_CELLS, _SHADOW_CELLS), np.uint8)
        cells = (ends[..., :2] - centre) * scale + _SHADOW_CELLS / 2
        heights, widths = ends[..., 2].mean(axis=1), 2 * radii.mean(axis=1) * scale
        for i in np.argsort(-heights):
            a, b = np.round(cells[i] * 2**SUBPIXEL).astype(int)
            strength = round(255 * float(np.exp(-max(heights[i], 0) / 0.7)))
            width = max(1, round(float(widths[i])))
            cv2.line(mask, a.tolist(), b.tolist(), strength, width, cv2.LINE_AA, SUBPIXEL)
        soft = cv2.GaussianBlur(mask, (0, 0), 0.035 * scale)
        square = _SHADOW_SPAN / 2 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) + centre
        pixels = camera.project(np.column_stack([square, np.zeros(4)]))
        if not np.isfinite(pixels).all():
            return
        low = np.clip(np.floor(pixels.min(axis=0)), 0, self.size).astype(int)
        high = np.clip(np.ceil(pixels.max(axis=0)), 0, self.size).astype(int)
        if (high <= low).any():
            return
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * _SHADOW_CELLS
        warp = cv2.getPerspectiveTransform(corners, (pixels - low).astype(np.float32))
        darkness = cv2.warpPerspective(soft, warp, tuple((high - low).tolist()))
        light = (255 - _SHADOW * darkness.astype(np.float32)) / 255
        part = image[low[1] : high[1], low[0] : high[0]]
        part[:] = cv2.multiply(part, cv2.merge([light] * 3), dtype=cv2.CV_8U)


def _small(mesh: Mesh) -> Float[np.ndarray, "N 3 3"]:
    """A mesh's triangles, none larger than two tiles: one that reaches behind the camera is not drawn."""
    from trimesh.remesh import subdivide_to_size

    vertices, faces = subdivide_to_size(*mesh, max_edge=2 * _TILE)  # type: ignore[no-untyped-call]
    return np.asarray(vertices[faces])


def draw_arrow(
    image: UInt8[np.ndarray, "H W 3"],
    camera: Camera,
    start: Float[np.ndarray, " 3"],
    end: Float[np.ndarray, " 3"],
    colour: Colour,
    lens: bool = False,
) -> None:
    """An arrow between two world points, drawn over everything, in place.

    ``camera`` is one frame's, of a picture that ``image``, of any size, was scaled from; with ``lens``, as its lens
    distorts it.
    """
    project = camera.project_through_lens if lens else camera.project
    scale = np.array([image.shape[1], image.shape[0]]) / camera.image_size
    pixels = (project(np.stack([start, end])[None])[0] + 0.5) * scale - 0.5
    length = float(np.linalg.norm(pixels[1] - pixels[0]))
    if not np.isfinite(length) or length < 6:
        return
    a, b = np.round(pixels * 2**SUBPIXEL).astype(int).tolist()
    width = max(2, round(image.shape[0] / 240))
    for extra, shade in ((2, colours.OUTLINE), (0, colour)):
        tip = min(0.35, 5 * width / length)
        cv2.arrowedLine(image, a, b, shade, width + extra, cv2.LINE_AA, SUBPIXEL, tip)


def heading_of(motion: Motion) -> Float[np.ndarray, " 2"]:
    """The horizontal direction in which the person walks, or, of one who stays in place, mostly faces."""
    walked = np.diff(motion.joints[[0, -1], :, :2].mean(axis=1), axis=0)[0]
    if np.linalg.norm(walked) > _WALKS:
        return np.asarray(walked)
    left, right = (motion.joints[:, motion.joint_names.index(f"{side}_hip")] for side in ("left", "right"))
    across = (left - right).mean(axis=0)
    return np.array([across[1], -across[0]])


def _side_view(heading: Float[np.ndarray, " 2"], source: Camera) -> Float[np.ndarray, "3 3"]:
    """World to camera for a look at right angles to ``source``'s.

    From the side from which who goes left in the film goes left here too; of one who goes neither towards the film's
    camera nor away from it, from the side that shows more of the front.
    """
    _, down, ahead = source.axes[0, :, :2]
    if np.linalg.norm(ahead) < 0.2:  # the video looks straight down: its up is as good a direction
        ahead = -down
    ahead = ahead / np.linalg.norm(ahead)
    look = np.array([-ahead[1], ahead[0]])  # to the film's left
    goes_left, goes_away = heading @ look, heading @ ahead
    # Looking to the film's left, what is away from the film's camera is on the right.
    away = goes_away if abs(goes_away) > _TOWARDS * np.linalg.norm(heading) else 1.0
    if goes_left * away > 0:
        look = -look
    forward = np.array([*np.cos(_PITCH) * look, -np.sin(_PITCH)])
    right = np.array([look[1], -look[0], 0.0])
    return np.stack([right, np.cross(forward, right), forward])


def _smooth(path: Float[np.ndarray, "T 3"], frames: float) -> Float[np.ndarray, "T 3"]:
    """A path smoothed over this many frames."""
    return np.asarray(gaussian_filter1d(path, frames, axis=0, mode="nearest"))
