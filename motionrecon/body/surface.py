"""The surface of a person: one mesh that bends with the body, for everything that shows or exports a person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array

from motionrecon.body.pose import Pose, zero_pose
from motionrecon.body.skin import Skin

#: Bodies that a vertex may follow: as many as glTF and game engines take.
MOST_BODIES = 4


@dataclass(frozen=True)
class Surface:
    """Triangles whose vertices follow up to k bodies each, by linear blend skinning.

    Attributes:
        vertices: (V, 3) in the world while the model is in its zero pose: a T pose that faces +x, metres.
        faces: (F, 3) indices of vertices, counter-clockwise seen from outside.
        bodies: (V, k) indices of the bodies that a vertex follows.
        weights: (V, k) how much it follows each; a vertex's sum to 1.
        rest_origins: (nbody, 3) of the bodies' frames in the zero pose, metres.
        rest_rotations: (nbody, 3, 3) how they are turned there.
    """

    vertices: Float[np.ndarray, "V 3"]
    faces: Int[np.ndarray, "F 3"]
    bodies: Int[np.ndarray, "V k"]
    weights: Float[np.ndarray, "V k"]
    rest_origins: Float[np.ndarray, "nbody 3"]
    rest_rotations: Float[np.ndarray, "nbody 3 3"]

    def at(self, pose: Pose) -> Float[np.ndarray, "T V 3"]:
        """World positions of the vertices, metres: the weighted mean of where each body would carry them."""
        found = np.empty((len(pose.origins), *self.vertices.shape))
        for t in range(len(found)):
            turns, shifts = self._blended(pose, t)
            found[t] = np.einsum("vij,vj->vi", turns, self.vertices) + shifts
        return found

    def with_normals(self, pose: Pose) -> tuple[Float[np.ndarray, "V 3"], Float[np.ndarray, "V 3"]]:
        """Of a pose of one frame: where the vertices are, and their unit normals, turned as the bodies turn them."""
        turns, shifts = self._blended(pose, 0)
        vertices, normals = (np.einsum("vij,vj->vi", turns, of) for of in (self.vertices, self._normals))
        return vertices + shifts, normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)

    def _blended(self, pose: Pose, frame: int) -> tuple[Float[np.ndarray, "V 3 3"], Float[np.ndarray, "V 3"]]:
        """How each vertex is carried in a frame, turned and then moved: the weighted mean of its bodies' ways."""
        turned = pose.rotations[frame] @ self.rest_rotations.transpose(0, 2, 1)
        moved = pose.origins[frame] - (turned @ self.rest_origins[..., None])[..., 0]
        blended = self._follows @ np.concatenate([turned.reshape(-1, 9), moved], axis=1)
        return blended[:, :9].reshape(-1, 3, 3), blended[:, 9:]

    @cached_property
    def _normals(self) -> Float[np.ndarray, "V 3"]:
        return vertex_normals(self.vertices, self.faces)

    @cached_property
    def _follows(self) -> csr_array:
        """(V, nbody) how much each vertex follows each body."""
        count, most = self.bodies.shape
        ends = np.arange(0, count * most + 1, most)
        return csr_array((self.weights.ravel(), self.bodies.ravel(), ends), (count, len(self.rest_origins)))


def surface_of(model: mujoco.MjModel, skin: Skin) -> Surface:
    """The surface of a body: the first skin of its model (MuJoCo's ``<skin>``), or, if it has none, its round pieces.

    Args:
        model: the body.
        skin: its round pieces.
    """
    at_rest = zero_pose(model)
    origins, rotations = at_rest.origins[0], at_rest.rotations[0]
    if model.nskin:
        vertices, faces, bodies, weights = _from_skin(model)
    else:
        vertices, faces, bodies, weights = _from_pieces(model, skin, origins, rotations)
    return Surface(vertices, faces, bodies, weights, origins, rotations)


def vertex_normals(vertices: Float[np.ndarray, "V 3"], faces: Int[np.ndarray, "F 3"]) -> Float[np.ndarray, "V 3"]:
    """Unit normals, outwards: of each vertex the mean of its faces', by their areas; upwards where it has none."""
    a, b, c = vertices[faces].transpose(1, 0, 2)
    of_faces = np.cross(b - a, c - a)
    corners = faces.T.ravel()
    summed = [np.bincount(corners, np.tile(axis, 3), len(vertices)) for axis in of_faces.T]
    normals = np.stack(summed, axis=-1)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 1e-12, normals / np.maximum(length, 1e-12), [0.0, 0.0, 1.0])


_Parts = tuple[
    Float[np.ndarray, "V 3"], Int[np.ndarray, "F 3"], Int[np.ndarray, "V k"], Float[np.ndarray, "V k"]
]  # vertices, faces, bodies, weights


def _from_pieces(
    model: mujoco.MjModel, skin: Skin, origins: Float[np.ndarray, "nbody 3"], rotations: Float[np.ndarray, "nbody 3 3"]
) -> _Parts:
    from motionrecon.body.pieces import merged, pieces  # slow to import, and who only fits a body draws none

    found = pieces(model, skin)
    vertices, faces = merged(
        [(origins[piece.first] + piece.vertices @ rotations[piece.first].T, piece.faces) for piece in found]
    )
    second = [piece.first if piece.second is None else piece.second for piece in found]
    count = [len(piece.vertices) for piece in found]
    bodies = np.column_stack([np.repeat([piece.first for piece in found], count), np.repeat(second, count)])
    share = np.concatenate([piece.share for piece in found])
    return vertices, faces, bodies, np.column_stack([1.0 - share, share])


def _from_skin(model: mujoco.MjModel) -> _Parts:
    """Of the model's first skin; a vertex that follows more than `MOST_BODIES` bodies keeps those that it follows most.

    MuJoCo binds a skin to its bones in any pose; ours are bound in the zero pose, which is what is expected here.
    """
    first, count = int(model.skin_vertadr[0]), int(model.skin_vertnum[0])
    vertices = np.asarray(model.skin_vert[first : first + count], float)
    face, number = int(model.skin_faceadr[0]), int(model.skin_facenum[0])
    faces = np.asarray(model.skin_face[face : face + number], int)
    full = np.zeros((count, model.nbody))
    bone = int(model.skin_boneadr[0])
    for b in range(bone, bone + int(model.skin_bonenum[0])):
        at = int(model.skin_bonevertadr[b])
        rows = slice(at, at + int(model.skin_bonevertnum[b]))
        full[model.skin_bonevertid[rows], model.skin_bonebodyid[b]] += model.skin_bonevertweight[rows]
    bodies = np.argsort(-full, axis=1, kind="stable")[:, :MOST_BODIES]
    weights = np.take_along_axis(full, bodies, axis=1)
    return vertices, faces, bodies, weights / weights.sum(axis=1, keepdims=True)
