"""USD with UsdSkel, for Omniverse, Houdini, Maya, Blender and Apple's viewers: the skinned person with the motion.

Y-up, +Z forward, metres (``metersPerUnit`` 1); time codes are frames, counted from 0, and ``timeCodesPerSecond`` is
the rate. Written by OpenUSD itself (``pip install usd-core``).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from motionrecon.core.files import atomic
from motionrecon.errors import OutputError
from motionrecon.export.figure import COLOUR, ROUGHNESS, Figure, figure
from motionrecon.export.presets import Y_UP, preset_of
from motionrecon.export.take import Take
from motionrecon.export.take import take as take_of

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def write(
    motion: Motion,
    path: str | Path,
    *,
    preset: str = "blender",
    fps: float | None = None,
    origin: str = "start",
    facing: float | None = None,
    in_place: bool = False,
) -> None:
    """Write the skinned person with the motion to ``path``: .usd or .usdc (binary), .usda (text), .usdz (packed).

    Args:
        motion: the motion.
        path: the file.
        preset: the program whose names of bones and rest pose it has.
        fps: frames per second, interpolated; the motion's own where not given.
        origin: start or world, as of BVH.
        facing: degrees from the front, as of BVH.
        in_place: on the spot, without the travel over the floor.

    Raises:
        InputError: an option has a value that it cannot have.
        OutputError: OpenUSD is not installed, or the file cannot be written.
    """
    style = preset_of(preset)
    take = style.dress(take_of(motion, fps=fps, origin=origin, facing=facing, in_place=in_place))
    try:
        from pxr import UsdUtils
    except ImportError as error:
        raise OutputError(f"cannot write {path}: USD needs OpenUSD; run: pip install usd-core") from error
    with atomic(path) as temporary:
        if temporary.suffix.lower() != ".usdz":
            _save(take, figure(motion, take), temporary)
            return
        whole = temporary.with_suffix(".usdc")
        try:
            _save(take, figure(motion, take), whole)
            UsdUtils.CreateNewUsdzPackage(str(whole), str(temporary), "motion.usdc")
        finally:
            whole.unlink(missing_ok=True)


def _save(take: Take, person: Figure, path: Path) -> None:
    from pxr import Usd, UsdGeom, UsdSkel

    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetTimeCodesPerSecond(take.fps)
    stage.SetFramesPerSecond(take.fps)
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(len(take) - 1)
    root = UsdSkel.Root.Define(stage, "/Person")
    stage.SetDefaultPrim(root.GetPrim())
    joints = _joints(take)
    _mesh(stage, person, joints)
    _skeleton(stage, take, joints)
    root.CreateExtentAttr(_extent(take, person))
    stage.GetRootLayer().comment = person.licence
    stage.GetRootLayer().Save()


def _joints(take: Take) -> list[str]:
    """Each bone's path from the root; a name is made of letters, digits and underscores."""
    paths: list[str] = []
    for name, parent in zip(take.names, take.parents, strict=True):
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        paths.append(plain if parent < 0 else f"{paths[parent]}/{plain}")
    return paths


def _mesh(stage: Any, person: Figure, joints: list[str]) -> None:
    from pxr import Gf, Sdf, UsdGeom, UsdShade, UsdSkel, Vt

    mesh = UsdGeom.Mesh.Define(stage, "/Person/Mesh")
    mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy((person.vertices @ Y_UP.T).astype(np.float32)))
    mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy((person.normals @ Y_UP.T).astype(np.float32)))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(person.faces), 3, np.int32)))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(person.faces.astype(np.int32).ravel()))
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    ends = np.stack([person.vertices.min(0), person.vertices.max(0)]) @ Y_UP.T
    mesh.CreateExtentAttr(Vt.Vec3fArray.FromNumpy(np.sort(ends, axis=0).astype(np.float32)))
    mesh.CreateDisplayColorAttr([Gf.Vec3f(*COLOUR)])
    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    size = person.bones.shape[1]
    indices = binding.CreateJointIndicesPrimvar(False, size)
    indices.Set(Vt.IntArray.FromNumpy(person.bones.astype(np.int32).ravel()))
    binding.CreateJointWeightsPrimvar(False, size).Set(
        Vt.FloatArray.FromNumpy(person.weights.astype(np.float32).ravel())
    )
    binding.CreateSkeletonRel().SetTargets(["/Person/Skeleton"])
    binding.CreateGeomBindTransformAttr(Gf.Matrix4d(1.0))
    material = UsdShade.Material.Define(stage, "/Person/Material")
    shader = UsdShade.Shader.Define(stage, "/Person/Material/Surface")
    shader.CreateIdAttr("UsdPreviewSurface")
    shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(*COLOUR))
    shader.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(ROUGHNESS)
    material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(material)


def _skeleton(stage: Any, take: Take, joints: list[str]) -> None:
    """The bones in their rest pose, and an animation of a sample a frame."""
    from pxr import Gf, UsdSkel, Vt

    skeleton = UsdSkel.Skeleton.Define(stage, "/Person/Skeleton")
    skeleton.CreateJointsAttr(joints)
    skeleton.CreateJointNamesAttr(list(take.names))
    skeleton.CreateBindTransformsAttr([Gf.Matrix4d(1.0).SetTranslate(Gf.Vec3d(*(Y_UP @ h))) for h in take.heads])
    skeleton.CreateRestTransformsAttr([Gf.Matrix4d(1.0).SetTranslate(Gf.Vec3d(*(Y_UP @ o))) for o in take.offsets])
    animation = UsdSkel.Animation.Define(stage, "/Person/Skeleton/Motion")
    animation.CreateJointsAttr(joints)
    animation.CreateScalesAttr(Vt.Vec3hArray([Gf.Vec3h(1.0)] * len(joints)))
    places = np.repeat((take.offsets @ Y_UP.T)[None], len(take), axis=0)
    places[:, 0] = take.root @ Y_UP.T
    local = (Y_UP @ take.local @ Y_UP.T).reshape(-1, 3, 3)
    turns = Rotation.from_matrix(local).as_quat().reshape(len(take), len(joints), 4).astype(np.float32)
    translations, rotations = animation.CreateTranslationsAttr(), animation.CreateRotationsAttr()
    for t in range(len(take)):
        translations.Set(Vt.Vec3fArray.FromNumpy(places[t].astype(np.float32)), t)
        rotations.Set(Vt.QuatfArray.FromNumpy(turns[t]), t)
    binding = UsdSkel.BindingAPI.Apply(skeleton.GetPrim())
    binding.CreateAnimationSourceRel().SetTargets(["/Person/Skeleton/Motion"])


def _extent(take: Take, person: Figure) -> Any:
    """A box that the person never leaves, for programs that look whether it is in view."""
    from pxr import Vt

    reach = np.linalg.norm(person.vertices - take.heads[0], axis=1).max()
    ends = np.stack([take.root.min(0) - reach, take.root.max(0) + reach]) @ Y_UP.T
    return Vt.Vec3fArray.FromNumpy(np.sort(ends, axis=0).astype(np.float32))
