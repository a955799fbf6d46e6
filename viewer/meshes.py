"""Triangle meshes of a MuJoCo model's bodies."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
import trimesh

_SEGMENTS = 16  # around a capsule; enough to look round when shaded smoothly, few enough without a graphics card


@dataclass(frozen=True)
class BodyMesh:
    """The geoms of one body as one mesh, in the body's own frame.

    Attributes:
        body: index of the body in the model.
        name: its name.
        vertices: (V, 3) metres.
        faces: (F, 3) indices into `vertices`, counter-clockwise seen from outside.
    """

    body: int
    name: str
    vertices: np.ndarray
    faces: np.ndarray


def body_meshes(model: mujoco.MjModel) -> list[BodyMesh]:
    """One mesh for each moving body that has visible geoms. The world's own geoms (the floor) are left out."""
    meshes = []
    for body in range(1, model.nbody):
        first, count = model.body_geomadr[body], model.body_geomnum[body]
        parts = [_geom_mesh(model, geom) for geom in range(first, first + count) if model.geom_rgba[geom, 3] > 0]
        if parts:
            meshes.append(BodyMesh(body, model.body(body).name, *_join(parts)))
    return meshes


def arrow_mesh() -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of an arrow of length 1 from the origin along z."""
    shaft = trimesh.creation.cylinder(radius=0.022, height=0.85, sections=_SEGMENTS)
    head = trimesh.creation.cone(radius=0.06, height=0.18, sections=_SEGMENTS)
    return _join([shaft.apply_translation([0, 0, 0.425]), head.apply_translation([0, 0, 0.82])])


def _join(parts: list[trimesh.Trimesh]) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and faces (F, 3) of several meshes together."""
    offsets = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    faces = [part.faces + offset for part, offset in zip(parts, offsets, strict=True)]
    return np.concatenate([part.vertices for part in parts]), np.concatenate(faces)


def _geom_mesh(model: mujoco.MjModel, geom: int) -> trimesh.Trimesh:
    """One geom in its body's frame."""
    mesh = _shape(model, geom)
    pose = np.eye(4)
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, model.geom_quat[geom])
    pose[:3, :3] = rotation.reshape(3, 3)
    pose[:3, 3] = model.geom_pos[geom]
    return mesh.apply_transform(pose)


def _shape(model: mujoco.MjModel, geom: int) -> trimesh.Trimesh:
    """One geom in its own frame, where MuJoCo's capsules and cylinders lie along z."""
    kind = mujoco.mjtGeom(model.geom_type[geom])
    size = model.geom_size[geom]
    rings = [_SEGMENTS, _SEGMENTS]
    if kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        return trimesh.creation.capsule(height=2 * size[1], radius=size[0], count=rings)
    if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        return trimesh.creation.uv_sphere(radius=size[0], count=rings)
    if kind == mujoco.mjtGeom.mjGEOM_ELLIPSOID:
        return trimesh.creation.uv_sphere(radius=1.0, count=rings).apply_scale(size)
    if kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        return trimesh.creation.cylinder(radius=size[0], height=2 * size[1], sections=_SEGMENTS)
    if kind == mujoco.mjtGeom.mjGEOM_BOX:
        return trimesh.creation.box(extents=2 * size)
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        mesh = model.geom_dataid[geom]
        v0, f0 = model.mesh_vertadr[mesh], model.mesh_faceadr[mesh]
        vertices = model.mesh_vert[v0 : v0 + model.mesh_vertnum[mesh]]
        return trimesh.Trimesh(vertices, model.mesh_face[f0 : f0 + model.mesh_facenum[mesh]], process=False)
    raise ValueError(f"geom {model.geom(geom).name!r} is a {kind.name}, which the viewer cannot draw")
