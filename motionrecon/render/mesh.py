"""A shaded mesh in a picture, in software: no graphics card, no driver, the same pixels everywhere.

Triangles are filled from the farthest to the nearest (the painter's algorithm), in a picture twice as large around the
person, so that edges are smooth. It is as fast as drawing each triangle once, which OpenCV does in a few microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8
from scipy.sparse import csr_array

from motionrecon.body import Anatomy
from motionrecon.body.pose import Pose
from motionrecon.cameras.base import NEAREST, Camera
from motionrecon.render import colours

#: Towards the light, in the camera's frame (x right, y down, z forward): over the viewer's left shoulder.
_LIGHT = np.array([-0.42, -0.68, -0.60]) / np.linalg.norm([-0.42, -0.68, -0.60])
_AMBIENT, _DIFFUSE, _RIM = 0.50, 0.56, 0.16
_FINER = 2  # pixels of the larger picture to one
_SUBPIXEL = 4  # bits of fraction that OpenCV's drawing is given
_GLOW = 0.7  # share of the glow's colour in a foot that bears the whole weight


@dataclass(frozen=True)
class DrawnMesh:
    """A mesh in the world.

    Attributes:
        vertices: (V, 3) metres.
        faces: (F, 3) counter-clockwise from outside.
        normals: (F, 3) unit: of the surface as it is seen, round across its triangles.
        colours: (F, 3) RGB, 0 to 255.
    """

    vertices: Float[np.ndarray, "V 3"]
    faces: Int[np.ndarray, "F 3"]
    normals: Float[np.ndarray, "F 3"]
    colours: Float[np.ndarray, "F 3"]


#: Of feet that bear load.
GLOW: colours.Colour = (236, 62, 44)


class DrawnSurface:
    """A person's surface, in any pose: orange on the left, blue on the right, feet that bear load red."""

    def __init__(self, body: Anatomy) -> None:
        self._surface = body.surface
        names = [body.model.body(i).name for i in range(body.model.nbody)]
        of_body = np.array([colours.of_side(name) for name in names], float)
        faces = self._surface.faces
        weights, bodies = self._surface.weights, self._surface.bodies
        self._colours = np.einsum("vk,vkc->vc", weights, of_body[bodies])[faces].mean(axis=1)
        follows = np.zeros((len(weights), len(names)))
        for which, share in zip(bodies.T, weights.T, strict=True):
            follows[np.arange(len(weights)), which] += share
        self._follows = follows[faces].mean(axis=1)
        rows, columns = faces.ravel(), np.repeat(np.arange(len(faces)), 3)
        self._touches = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(weights), len(faces)))

    def at(self, pose: Pose, load: Float[np.ndarray, " B"], tracked: bool = True) -> DrawnMesh:
        """The mesh where a pose of one frame puts it.

        Args:
            pose: of one frame.
            load: (B,) how much of the weight each body bears, 0 to 1.
            tracked: grey if the person was not.
        """
        glow = _GLOW * (self._follows @ np.clip(load, 0, 1))[:, None]
        shown = self._colours if tracked else np.tile(np.array(colours.UNTRACKED, float), (len(self._colours), 1))
        vertices, faces = self._surface.at(pose)[0], self._surface.faces
        a, b, c = (vertices[faces[:, i]] for i in range(3))
        round_ = _unit(self._touches @ np.cross(b - a, c - a))[faces].mean(axis=1)
        return DrawnMesh(vertices, faces, _unit(round_), shown + glow * (np.array(GLOW) - shown))


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
    depth = camera.to_camera(mesh.vertices[None])[0]
    project = camera.project_through_lens if lens else camera.project
    scale = np.array([image.shape[1], image.shape[0]]) / camera.image_size
    ahead = depth[mesh.faces, 2].min(axis=1) > NEAREST
    pixels = (project(mesh.vertices[None])[0] + 0.5) * scale - 0.5
    a, b, c = (pixels[mesh.faces[:, i]] for i in range(3))
    with np.errstate(invalid="ignore"):
        seen = ahead & ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0] < 0)
        seen &= np.isfinite(pixels[mesh.faces]).all(axis=(1, 2))
    if not seen.any():
        return
    corners = pixels[mesh.faces[seen]]
    limit = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(corners.min(axis=(0, 1))) - 1, 0, limit).astype(int)
    high = np.clip(np.ceil(corners.max(axis=(0, 1))) + 2, 0, limit).astype(int)
    if (high <= low).any():
        return
    canvas = np.zeros((*(_FINER * (high - low))[::-1], 4), np.uint8)
    middle = (corners - low + 0.5) * _FINER - 0.5
    fixed = np.round(middle * 2**_SUBPIXEL).astype(np.int32)
    shaded = _shaded(mesh.normals[seen] @ camera.axes[0].T, mesh.colours[seen])
    solid = np.column_stack([shaded, np.full(len(shaded), 255)]).tolist()
    for i in np.argsort(-depth[mesh.faces[seen], 2].sum(axis=1)).tolist():
        cv2.fillConvexPoly(canvas, fixed[i], solid[i], cv2.LINE_8, _SUBPIXEL)
    small = cv2.resize(canvas, tuple((high - low).tolist()), interpolation=cv2.INTER_AREA).astype(np.float32)
    part = image[low[1] : high[1], low[0] : high[0]]
    # Where nothing was drawn the canvas is black, so that its colours are already weighted by how much they cover.
    part[:] = part * (1 - opacity * small[..., 3:] / 255) + opacity * small[..., :3]


def _unit(vectors: Float[np.ndarray, "N 3"]) -> Float[np.ndarray, "N 3"]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _shaded(normal: Float[np.ndarray, "F 3"], colour: Float[np.ndarray, "F 3"]) -> Float[np.ndarray, "F 3"]:
    """The colours of triangles in light; their normals are in the camera's frame."""
    lit = normal @ _LIGHT
    # Half-Lambert: the far side keeps its roundness instead of turning flat.
    shade = (0.5 * lit + 0.5) ** 2 * _DIFFUSE + _AMBIENT + _RIM * (np.abs(normal[:, 2]) - 1)
    return np.asarray(np.clip(shade[:, None] * colour, 0, 255))
