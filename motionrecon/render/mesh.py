"""A shaded mesh in a picture, in software: no graphics card, no driver, the same pixels everywhere.

Each pixel shows the triangle that is nearest there (a depth buffer), so that limbs that pass through each other meet in
a clean line, and is shaded by normals that run smoothly across the triangles. That is done in a picture twice as large
around the person, so that edges are smooth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from motionrecon.body.pose import Pose
from motionrecon.body.surface import Surface, vertex_normals
from motionrecon.cameras.base import NEAREST, Camera
from motionrecon.core.vectors import unit
from motionrecon.render import colours
from motionrecon.render.light import LIGHT, shade

_FINER = 2  # pixels of the larger picture to one
_LEAST_AREA = 1e-6  # square pixels; triangles below it are seen from the edge
_AT_ONCE = 2**20  # pixels that are looked at together, so that memory stays small
_DEPTH_BITS, _NUMBER_BITS = 31, 32  # of how near a triangle is, and of which it is, in one whole number
_GLOW = 0.7  # share of the glow's colour in a foot that bears the whole weight


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


#: Of feet that bear load.
GLOW: colours.Colour = (236, 62, 44)


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

    def at(self, pose: Pose, load: Float[np.ndarray, " B"], tracked: bool = True) -> DrawnMesh:
        """The mesh where a pose of one frame puts it.

        Args:
            pose: of one frame.
            load: (B,) how much of the weight each of the first B bodies bears, 0 to 1; the others bear none.
            tracked: grey if the person was not.
        """
        glow = _GLOW * (self._follows[:, : len(load)] @ np.clip(load, 0, 1))[:, None]
        shown = self._colours if tracked else np.tile(np.array(colours.UNTRACKED, float), (len(self._colours), 1))
        vertices, faces = self._surface.at(pose)[0], self._surface.faces
        normals = vertex_normals(vertices, faces)
        return DrawnMesh(vertices, faces, normals, shown + glow * (np.array(GLOW) - shown))


def draw_mesh(
    image: UInt8[np.ndarray, "H W 3"], camera: Camera, mesh: DrawnMesh, opacity: float = 1.0, lens: bool = False
) -> None:
    """Draw a mesh into an RGB picture of any size that the camera's picture was scaled to, in place.

    Args:
        image: the picture.
        camera: of one frame.
        mesh: what is drawn; triangles that reach behind the camera are left out.
        opacity: of the whole, 0 to 1.
        lens: as the camera's lens distorts it, as over a film.
    """
    depth = camera.to_camera(mesh.vertices[None])[0, :, 2]
    project = camera.project_through_lens if lens else camera.project
    limit = np.array([image.shape[1], image.shape[0]])
    pixels = (project(mesh.vertices[None])[0] + 0.5) * limit / camera.image_size - 0.5
    faces = mesh.faces[depth[mesh.faces].min(axis=1) > NEAREST]
    faces = faces[_area(pixels[faces]) < -_LEAST_AREA]  # those that are seen from outside
    if not len(faces):
        return
    low = np.clip(np.floor(pixels[faces].min(axis=(0, 1))) - 1, 0, limit).astype(int)
    high = np.clip(np.ceil(pixels[faces].max(axis=(0, 1))) + 2, 0, limit).astype(int)
    if (high <= low).any():
        return
    width, height = (_FINER * (high - low)).tolist()
    inverse = _barycentric((pixels[faces] - low + 0.5) * _FINER - 0.5)
    nearest = _nearest(inverse, (pixels[faces] - low + 0.5) * _FINER - 0.5, 1 / depth[faces], (width, height))
    covered = np.flatnonzero(nearest >= 0)
    shown = nearest[covered]
    places = np.stack([covered % width, covered // width, np.ones(len(covered))], axis=-1)
    share = np.einsum("pij,pj->pi", inverse[shown], places)
    normals, colour = (
        np.einsum("pi,pic->pc", share, of[faces[shown]]) for of in (mesh.normals @ camera.axes[0].T, mesh.colours)
    )
    canvas = np.zeros((height * width, 4), np.float32)
    canvas[covered, :3] = _shaded(unit(normals), colour)
    canvas[covered, 3] = 1
    size = tuple((high - low).tolist())
    small = cv2.resize(canvas.reshape(height, width, 4), size, interpolation=cv2.INTER_AREA)
    part = image[low[1] : high[1], low[0] : high[0]]
    # Where nothing was drawn the canvas is black, so that its colours are already weighted by how much they cover.
    part[:] = part * (1 - opacity * small[..., 3:]) + opacity * small[..., :3]


def _area(corners: Float[np.ndarray, "F 3 2"]) -> Float[np.ndarray, " F"]:
    """Twice the areas of triangles in a picture: negative where they are seen from outside; NaN outside the lens."""
    (bx, by), (cx, cy) = ((corners[:, i] - corners[:, 0]).T for i in (1, 2))
    with np.errstate(invalid="ignore"):
        return np.asarray(bx * cy - by * cx)


def _barycentric(corners: Float[np.ndarray, "F 3 2"]) -> Float[np.ndarray, "F 3 3"]:
    """Of each triangle the matrix that turns (x, y, 1) into the shares of its corners there, which sum to 1."""
    return np.asarray(
        np.linalg.inv(np.concatenate([corners.transpose(0, 2, 1), np.ones((len(corners), 1, 3))], axis=1))
    )


def _nearest(
    inverse: Float[np.ndarray, "F 3 3"],
    corners: Float[np.ndarray, "F 3 2"],
    nearness: Float[np.ndarray, "F 3"],
    size: tuple[int, int],
) -> Int[np.ndarray, " P"]:
    """Which triangle is the nearest in each pixel of a picture, row by row; -1 where there is none.

    Args:
        inverse: of each triangle, as `_barycentric` gives it.
        corners: their corners, pixels.
        nearness: one over the corners' depths, which runs linearly across a picture.
        size: (width, height) of the picture.
    """
    low = np.clip(np.ceil(corners.min(axis=1)), 0, size).astype(int)
    wide, tall = (np.clip(np.floor(corners.max(axis=1)) + 1, 0, size).astype(int) - low).clip(0).T
    planes = np.einsum("fi,fij->fj", nearness, inverse) * ((2**_DEPTH_BITS - 1) / nearness.max())
    # How near, and in the lower bits who: one maximum finds both.
    found = np.full(size[0] * size[1], -1, np.int64)
    count = wide * tall
    ends = np.cumsum(count)
    for batch in np.split(np.arange(len(count)), np.flatnonzero(np.diff(ends // _AT_ONCE)) + 1):
        which = np.repeat(batch, count[batch])
        within = np.arange(len(which)) - np.repeat(
            ends[batch] - count[batch] - (ends[batch[0]] - count[batch[0]]), count[batch]
        )
        x, y = low[which, 0] + within % wide[which], low[which, 1] + within // wide[which]
        inside = np.ones(len(which), bool)
        for i in range(3):
            inside &= inverse[which, i, 0] * x + inverse[which, i, 1] * y + inverse[which, i, 2] >= 0
        which, x, y = which[inside], x[inside], y[inside]
        near = planes[which, 0] * x + planes[which, 1] * y + planes[which, 2]
        np.maximum.at(found, y * size[0] + x, (near.astype(np.int64) << _NUMBER_BITS) + which)
    return np.where(found < 0, -1, found & (2**_NUMBER_BITS - 1))


def _shaded(normal: Float[np.ndarray, "P 3"], colour: Float[np.ndarray, "P 3"]) -> Float[np.ndarray, "P 3"]:
    """The colours of points in light; their normals are in the camera's frame."""
    return np.asarray(np.clip(shade(normal @ LIGHT, np.abs(normal[:, 2]))[:, None] * colour, 0, 255))
