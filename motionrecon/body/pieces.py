"""Triangle meshes of a body of round geoms: one for each side of each limb, without seams where its skin joins two."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import ConvexHull

from motionrecon.body.geoms import SEGMENTS, Mesh, geom_mesh
from motionrecon.body.pose import zero_pose
from motionrecon.body.skin import Skin
from motionrecon.core.sides import side_of, without_side

_CAP_RINGS = 5  # from the middle of a round end to its rim


@dataclass(frozen=True)
class Piece:
    """A mesh that rides on one body, or on two that it joins.

    Attributes:
        name: of the geoms that it stands for; those of one side begin with ``left_`` or ``right_``.
        vertices: (V, 3) metres, in the first body's frame, at rest.
        faces: (F, 3) indices into `vertices`, counter-clockwise seen from outside.
        first: index of the body that it rides on.
        second: index of the other one; None if there is none.
        share: (V,) how far each vertex follows the second body: 0 or 1.
    """

    name: str
    vertices: Float[np.ndarray, "V 3"]
    faces: Int[np.ndarray, "F 3"]
    first: int
    second: int | None
    share: Float[np.ndarray, " V"]


def pieces(model: mujoco.MjModel, skin: Skin) -> list[Piece]:
    """What is drawn of round geoms: a piece for each side of each body, and of each two bodies that the skin joins.

    What the skin joins is drawn with its hull: one surface, without seams and with nothing inside that would show where
    it is seen through. Geoms that are not round (boxes, meshes) are drawn as they are; the ground is left out.
    """
    rest = zero_pose(model)
    origins, turns = rest.origins[0], rest.rotations[0]

    parts: dict[tuple[str, int, int], list[tuple[Mesh, Float[np.ndarray, " V"]]]] = {}
    joined = set()
    for i, name in enumerate(skin.names):
        a, b = (int(k) for k in skin.bodies[i])
        near, far = skin.ends[i]
        far = turns[a].T @ (turns[b] @ far + origins[b] - origins[a])
        vertices, faces = tapered(np.stack([near, far]), skin.radii[i])
        share = np.repeat([0.0, float(a != b)], len(vertices) // 2)
        parts.setdefault((side_of(name), a, b), []).append(((vertices, faces), share))
        if name in skin.names[:i]:  # a further piece for a geom: it joins that to another
            joined.add((side_of(name), a, b))
    for geom in _angular(model):
        mesh, a = geom_mesh(model, geom), int(model.geom_bodyid[geom])
        part = (np.asarray(mesh.vertices), np.asarray(mesh.faces)), np.zeros(len(mesh.vertices))
        parts.setdefault((side_of(model.body(a).name), a, a), []).append(part)

    found = []
    for (side, a, b), meshes in parts.items():
        vertices, faces = merged([mesh for mesh, _ in meshes])
        share, bare = np.concatenate([share for _, share in meshes]), model.body(a).name
        if (side, a, b) in joined:
            (vertices, faces), kept = _hull(vertices)
            share = share[kept]
        found.append(
            Piece(
                name=f"{side}_{without_side(bare)}" if side else bare,
                vertices=vertices,
                faces=faces,
                first=a,
                second=b if a != b else None,
                share=share,
            )
        )
    return found


def tapered(ends: Float[np.ndarray, "2 3"], radii: Float[np.ndarray, " 2"]) -> Mesh:
    """A capsule whose ends have radii of their own; the first half of its vertices belongs to the first end."""
    axis = ends[1] - ends[0]
    length = float(np.linalg.norm(axis))
    turn = _to_axis(axis / length) if length > 1e-9 else np.eye(3)
    around = 2 * np.pi * np.arange(SEGMENTS) / SEGMENTS
    ring = np.column_stack([np.cos(around), np.sin(around)])
    # Rings from the tip of the first end to its rim, then from the second one's rim to its tip.
    up = np.radians(np.linspace(-90, 0, _CAP_RINGS + 1))
    rings = [(ends[0], radii[0], angle) for angle in up] + [(ends[1], radii[1], -angle) for angle in up[::-1]]
    vertices = np.concatenate(
        [
            centre + radius * (np.column_stack([np.cos(angle) * ring, np.full(SEGMENTS, np.sin(angle))]) @ turn.T)
            for centre, radius, angle in rings
        ]
    )
    i, k = (c.ravel() for c in np.meshgrid(np.arange(len(rings) - 1), np.arange(SEGMENTS), indexing="ij"))
    here, beside = i * SEGMENTS + k, i * SEGMENTS + (k + 1) % SEGMENTS
    lower = np.stack([here, beside, beside + SEGMENTS], axis=1)
    upper = np.stack([here, beside + SEGMENTS, here + SEGMENTS], axis=1)
    return vertices, np.concatenate([lower, upper])


def merged(parts: list[Mesh]) -> Mesh:
    """Several meshes together."""
    offsets = np.cumsum([0] + [len(vertices) for vertices, _ in parts[:-1]])
    faces = [faces + offset for (_, faces), offset in zip(parts, offsets, strict=True)]
    return np.concatenate([vertices for vertices, _ in parts]), np.concatenate(faces)


def hull(points: Float[np.ndarray, "P 3"]) -> Mesh:
    """The convex hull of points."""
    return _hull(points)[0]


def _hull(points: Float[np.ndarray, "P 3"]) -> tuple[Mesh, Int[np.ndarray, " V"]]:
    """The convex hull of points, and which of them it has for vertices."""
    hull = ConvexHull(points)
    kept = hull.vertices
    index = np.zeros(len(points), int)
    index[kept] = np.arange(len(kept))
    faces = hull.simplices.copy()
    a, b, c = points[faces].transpose(1, 0, 2)
    inwards = (np.cross(b - a, c - a) * hull.equations[:, :3]).sum(axis=1) < 0
    faces[inwards] = faces[inwards][:, ::-1]
    return (points[kept], index[faces]), kept


def _to_axis(axis: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    """A rotation that carries z to a unit vector."""
    beside = np.eye(3)[np.argmin(np.abs(axis))]
    x = np.cross(beside, axis)
    x /= np.linalg.norm(x)
    return np.column_stack([x, np.cross(axis, x), axis])


def _angular(model: mujoco.MjModel) -> list[int]:
    """The visible geoms of moving bodies that are neither capsules nor spheres, which a skin leaves out."""
    kinds = (int(mujoco.mjtGeom.mjGEOM_CAPSULE), int(mujoco.mjtGeom.mjGEOM_SPHERE))
    visible = (model.geom_bodyid > 0) & (model.geom_rgba[:, 3] > 0) & ~np.isin(model.geom_type, kinds)
    return [int(geom) for geom in np.flatnonzero(visible)]
