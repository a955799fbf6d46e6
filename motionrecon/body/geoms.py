"""Triangles of a model's geoms, the ground's among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import mujoco
import numpy as np
from jaxtyping import Float, Int

if TYPE_CHECKING:
    import trimesh

#: Sides of what is round; enough to look round when shaded smoothly, few enough without a graphics card.
SEGMENTS = 16

Mesh = tuple[Float[np.ndarray, "V 3"], Int[np.ndarray, "F 3"]]


def ground_meshes(model: mujoco.MjModel) -> list[Mesh]:
    """What of the ground stands out of the floor: the world's own visible geoms that are no planes, in the world."""
    plane = int(mujoco.mjtGeom.mjGEOM_PLANE)
    visible = (model.geom_bodyid == 0) & (model.geom_rgba[:, 3] > 0) & (model.geom_type != plane)
    meshes = [geom_mesh(model, int(geom)) for geom in np.flatnonzero(visible)]
    return [(np.asarray(mesh.vertices), np.asarray(mesh.faces)) for mesh in meshes]


def geom_mesh(model: mujoco.MjModel, geom: int) -> trimesh.Trimesh:
    """One geom in its body's frame."""
    mesh = _shape(model, geom)
    pose = np.eye(4)
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, model.geom_quat[geom])
    pose[:3, :3] = rotation.reshape(3, 3)
    pose[:3, 3] = model.geom_pos[geom]
    mesh.apply_transform(pose)
    return mesh


def _shape(model: mujoco.MjModel, geom: int) -> trimesh.Trimesh:
    """One geom that is not round in its own frame, where MuJoCo's cylinders lie along z."""
    import trimesh  # slow, and most grounds are floors

    kind = mujoco.mjtGeom(model.geom_type[geom])
    size = model.geom_size[geom]
    if kind == mujoco.mjtGeom.mjGEOM_ELLIPSOID:
        ball = trimesh.creation.uv_sphere(radius=1.0, count=[SEGMENTS, SEGMENTS])
        ball.apply_transform(np.diag([*size, 1.0]))
        return ball
    if kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        return cast("trimesh.Trimesh", trimesh.creation.cylinder(radius=size[0], height=2 * size[1], sections=SEGMENTS))
    if kind == mujoco.mjtGeom.mjGEOM_BOX:
        return cast("trimesh.Trimesh", trimesh.creation.box(extents=2 * size))
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        mesh = model.geom_dataid[geom]
        v0, f0 = model.mesh_vertadr[mesh], model.mesh_faceadr[mesh]
        vertices = model.mesh_vert[v0 : v0 + model.mesh_vertnum[mesh]]
        return trimesh.Trimesh(vertices, model.mesh_face[f0 : f0 + model.mesh_facenum[mesh]], process=False)
    raise ValueError(f"geom {model.geom(geom).name!r} is a {kind.name}, which cannot be drawn")
