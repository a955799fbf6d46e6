"""A shaded mesh in a picture, in software: no graphics card, no driver, the same pixels everywhere.

OpenCV draws the triangles with a depth buffer, so that limbs that pass through each other meet in a clean line, and
with colours that run smoothly across them. That is done in a picture twice as large around the person, so that edges
are smooth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from motionrecon.body.pose import Pose
from motionrecon.body.surface import Surface
from motionrecon.cameras.base import NEAREST, Camera
from motionrecon.render import colours
from motionrecon.render.light import LIGHT, shade

_FINER = 2  # pixels of the larger picture to one
_LEAST_AREA = 1e-6  # square pixels; triangles below it are seen from the edge
_GLOW = 0.7  # share of the glow's colour in a foot that bears the whole weight
_THROUGH = 0.22  # how much of what is hidden shines through what hides it


@dataclass(frozen=True)
class DrawnMesh:
    """A mesh in the world.

    Attributes:
        vertices: (V, 3) metres.
        faces: (F, 3) counter-clockwise from outside.
        normals: (V, 3) unit.
        colours: (V, 3) RGB, 0 to 255.
    """

    vertices: Float[np.ndarray, "V 3"]
    faces: Int[np.ndarray, "F 3"]
    normals: Float[np.ndarray, "V 3"]
    colours: Float[np.ndarray, "V 3"]


class DrawnSurface:
    """A person's surface, in any pose: orange on the left, blue on the right, feet that bear load red.

    Args:
        surface: the person's.
        names: of the bodies that it follows.
    """

    def __init__(self, surface: Surface, names: Sequence[str]) -> None:
        self._surface = surface
        of_body = np.array([colours.of_side(name) for name in names], float)
        weights, bodies = self._surface.weights, self._surface.bodies
        self._colours = np.einsum("vk,vkc->vc", weights, of_body[bodies])
        self._follows = np.zeros((len(weights), len(of_body)))
        for which, share in zip(bodies.T, weights.T, strict=True):
            self._follows[np.arange(len(weights)), which] += share

    def at(self, pose: Pose, load: Float[np.ndarray, " B"] | None = None, tracked: bool = True) -> DrawnMesh:
        """The mesh where a pose of one frame puts it.

        Args:
            pose: of one frame.
            load: (B,) how much of the weight each of the first B bodies bears, 0 to 1; the others, and all where
                it is not given, bear none.
            tracked: grey if the person was not.
        """
        shown = self._colours if tracked else np.tile(np.array(colours.UNTRACKED, float), (len(self._colours), 1))
        if load is not None:
            glow = _GLOW * (self._follows[:, : len(load)] @ np.clip(load, 0, 1))[:, None]
            shown = shown + glow * (np.array(colours.GLOW) - shown)
        vertices, normals = self._surface.with_normals(pose)
        return DrawnMesh(vertices, self._surface.faces, normals, shown)


@dataclass(frozen=True)
class Patch:
    """What was drawn of some triangles, in the part of a picture that they take.

    Attributes:
        low, high: (x, y) of the part's upper left corner in the picture, pixels, and past its lower right one.
        colour: (h, w, 3) RGB, 0 to 1, twice as fine as the picture; black where nothing is.
        away: (h, w) how far before the camera it is, metres, infinite where nothing is; as fine.
    """

    low: Int[np.ndarray, " 2"]
    high: Int[np.ndarray, " 2"]
    colour: Float32[np.ndarray, "h w 3"]
    away: Float32[np.ndarray, "h w"]

    def onto(self, image: UInt8[np.ndarray, "H W 3"], opacity: float = 1.0, behind: Patch | None = None) -> None:
        """Put it into its picture, in place; what of it is behind another patch shines faintly through that."""
        colour, covered = self.colour, np.isfinite(self.away).astype(np.float32)
        hidden = None if behind is None else self._hidden(behind)
        if hidden is not None and hidden.any():
            shows = np.where(hidden, np.float32(_THROUGH), np.float32(1.0))
            colour, covered = colour * shows[..., None], covered * shows
        size = (self.high - self.low).tolist()
        colour, covered = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (colour, covered))
        part = image[self.low[1] : self.high[1], self.low[0] : self.high[0]]
        # Where nothing was drawn the canvas is black, so that its colours are already weighted by how much they cover.
        mixed = part * (1 - opacity * covered[..., None])
        mixed += 255 * opacity * colour
        part[:] = mixed

    def _hidden(self, other: Patch) -> Bool[np.ndarray, "h w"]:
        """Where another patch of the same picture is nearer."""
        found = np.zeros(self.away.shape, bool)
        low, high = np.maximum(self.low, other.low), np.minimum(self.high, other.high)
        if (low < high).all():
            here, there = self._part(low, high), other._part(low, high)
            found[here] = self.away[here] > other.away[there]
        return found

    def _part(self, low: Int[np.ndarray, " 2"], high: Int[np.ndarray, " 2"]) -> tuple[slice, slice]:
        """The rows and columns of what lies between two corners in the picture."""
        (left, top), (right, bottom) = (_FINER * (corner - self.low) for corner in (low, high))
        return slice(top, bottom), slice(left, right)


def draw_mesh(
    image: UInt8[np.ndarray, "H W 3"],
    camera: Camera,
    mesh: DrawnMesh,
    opacity: float = 1.0,
    lens: bool = False,
    behind: Patch | None = None,
) -> None:
    """Draw a mesh into an RGB picture of any size that the camera's picture was scaled to, in place.

    Args:
        image: the picture.
        camera: of one frame.
        mesh: what is drawn; triangles that reach behind the camera are left out.
        opacity: of the whole, 0 to 1.
        lens: as the camera's lens distorts it, as over a film.
        behind: what is in the picture already and hides what of the mesh is behind it.
    """
    height, width, _ = image.shape
    patch = drawn(camera, (width, height), mesh.vertices, mesh.faces, _lit(mesh, camera), lens)
    if patch is not None:
        patch.onto(image, opacity, behind)


def drawn(
    camera: Camera,
    size: tuple[int, int],
    vertices: Float[np.ndarray, "V 3"],
    faces: Int[np.ndarray, "F 3"],
    lit: Float[np.ndarray, "V 3"],
    lens: bool = False,
) -> Patch | None:
    """Triangles as a camera sees them from outside; None where it sees none.

    Args:
        camera: of one frame.
        size: (width, height) of the picture, pixels, that the camera's was scaled to.
        vertices: in the world.
        faces: counter-clockwise from outside; those that reach behind the camera are left out.
        lit: the vertices' colours in light, RGB, 0 to 1.
        lens: as the camera's lens distorts it.
    """
    depth = camera.to_camera(vertices[None])[0, :, 2]
    project = camera.project_through_lens if lens else camera.project
    limit = np.array(size)
    pixels = (project(vertices[None])[0] + 0.5) * limit / camera.image_size - 0.5
    ahead = depth > NEAREST
    faces = faces if ahead.all() else faces[ahead[faces].all(axis=1)]
    faces = faces[_area(pixels[faces]) < -_LEAST_AREA]  # those that are seen from outside
    if not len(faces):
        return None
    low = np.clip(np.floor(np.fmin.reduce(pixels[ahead])) - 1, 0, limit).astype(int)
    high = np.clip(np.ceil(np.fmax.reduce(pixels[ahead])) + 2, 0, limit).astype(int)
    if (high <= low).any():
        return None
    width, height = (_FINER * (high - low)).tolist()
    return Patch(low, high, *_rasterized(faces, (pixels - low + 0.5) * _FINER, depth, lit, (width, height)))


def _area(corners: Float[np.ndarray, "F 3 2"]) -> Float[np.ndarray, " F"]:
    """Twice the areas of triangles in a picture: negative where they are seen from outside; NaN outside the lens."""
    (bx, by), (cx, cy) = ((corners[:, i] - corners[:, 0]).T for i in (1, 2))
    with np.errstate(invalid="ignore"):
        return np.asarray(bx * cy - by * cx)


def _lit(mesh: DrawnMesh, camera: Camera) -> Float[np.ndarray, "V 3"]:
    """The colours of the vertices in light, 0 to 1."""
    normals = mesh.normals @ camera.axes[0].T
    return np.asarray(np.clip(shade(normals @ LIGHT, np.abs(normals[:, 2]))[:, None] * (mesh.colours / 255), 0, 1))


def _rasterized(
    faces: Int[np.ndarray, "F 3"],
    places: Float[np.ndarray, "V 2"],
    depth: Float[np.ndarray, " V"],
    lit: Float[np.ndarray, "V 3"],
    size: tuple[int, int],
) -> tuple[Float32[np.ndarray, "H W 3"], Float32[np.ndarray, "H W"]]:
    """A picture of triangles, RGB, 0 to 1, black where there are none; and how far away they are, metres.

    Args:
        faces: which vertices they have.
        places: of the vertices in the picture, pixels, from its upper left corner.
        depth: of the vertices before the camera, metres.
        lit: the vertices' colours, 0 to 1.
        size: (width, height) of the picture, pixels.
    """
    width, height = size
    # Where OpenCV's camera, which looks along -z with y up, sees each vertex at its place.
    x, y = ((places - [width / 2, height / 2]) * (2 / height)).T
    seen = np.column_stack([x * depth, -y * depth, -depth]).astype(np.float32)
    near, far = 0.5 * float(depth[faces].min()), 2.0 * float(depth[faces].max())
    colour, away = np.zeros((height, width, 3), np.float32), np.full((height, width), far, np.float32)
    how = cv2.TriangleRasterizeSettings()
    how.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    how.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    cv2.triangleRasterize(
        seen, faces.astype(np.int32), lit.astype(np.float32), colour, away, np.eye(4), np.pi / 2, near, far, how
    )
    away[away >= 0.75 * far] = np.inf
    return colour, away
