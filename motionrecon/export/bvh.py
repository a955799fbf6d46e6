"""BVH, the motion file that Blender, Maya, MotionBuilder and game engines import.

**Axes and units.** Y-up, +Z forward, +X to the person's left, metres, degrees: a world point (x, y, z) is (y, z, x) in
the file. Blender's importer, left at its defaults, turns that into its own Z-up with (y, -x, z): the person stands
upright at true size, and faces -Y (Blender's front) where it faced world +x.

**Rest pose.** A T pose: all rotations zero, arms straight out sideways, palms down, facing +Z, the hips at the origin.

**Time.** One BVH frame a motion frame, at the motion's frame rate. Blender keeps its scene's rate unless *Update Scene
FPS* is ticked in the import dialog, and then plays at the wrong speed; *Update Scene Duration* lengthens the scene's
timeline to the motion's (it never shortens it).

**Names** are Mixamo's without their prefix. Only the root is translated; every joint has rotation channels ZXY.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from motionrecon.core.files import atomic
from motionrecon.result.motion import Motion

#: World axes to the file's: ``p_bvh = AXES @ p_world``.
AXES = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])


@dataclass(frozen=True)
class Bone:
    """A bone of the file and where it is in the model; the model may be any whose zero pose is a T pose.

    Attributes:
        name: the bone's name in the file.
        parent: the name of its parent, None for the root.
        body: the MuJoCo body that it turns with.
        head: sites or geoms of that body whose mean is the bone's head; the body's origin if empty.
        end: the same for its far end, needed only for a bone without children; if empty, the bone goes on from its
            head as far as its parent went to reach it.
    """

    name: str
    parent: str | None
    body: str
    head: tuple[str, ...] = ()
    end: tuple[str, ...] = ()


def _limbs(side: str) -> tuple[Bone, ...]:
    s, S = side, side.capitalize()
    return (
        Bone(f"{S}Shoulder", "Spine", f"{s}_clavicle"),
        Bone(f"{S}Arm", f"{S}Shoulder", f"{s}_upper_arm"),
        Bone(f"{S}ForeArm", f"{S}Arm", f"{s}_forearm"),
        Bone(f"{S}Hand", f"{S}ForeArm", f"{s}_hand", end=(f"{s}_index", f"{s}_pinky")),
        Bone(f"{S}UpLeg", "Hips", f"{s}_thigh"),
        Bone(f"{S}Leg", f"{S}UpLeg", f"{s}_shank"),
        Bone(f"{S}Foot", f"{S}Leg", f"{s}_foot"),
        Bone(
            f"{S}ToeBase",
            f"{S}Foot",
            f"{s}_foot",
            head=(f"{s}_ball_inner", f"{s}_ball_outer"),
            end=(f"{s}_foot_index",),
        ),
    )


#: The skeleton in the file, parents before children. Another body model changes this table and nothing else.
BONES: tuple[Bone, ...] = (
    Bone("Hips", None, "pelvis"),
    Bone("Spine", "Hips", "torso"),
    Bone("Neck", "Spine", "head"),
    Bone("Head", "Neck", "head", head=("left_ear", "right_ear")),
    *_limbs("left"),
    *_limbs("right"),
)


def write(motion: Motion, path: str | Path) -> None:
    """Write ``motion`` to ``path`` as BVH.

    Raises:
        OutputError: the file cannot be written.
    """
    skeleton = _Skeleton(motion.model, BONES)
    root, angles = skeleton.channels(motion.qpos)
    with atomic(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as file:
        file.write("HIERARCHY\n")
        file.writelines(f"{line}\n" for line in skeleton.hierarchy())
        file.write(f"MOTION\nFrames: {len(motion)}\nFrame Time: {1 / motion.fps:.10f}\n")
        np.savetxt(file, np.hstack([root, angles.reshape(len(motion), -1)]), fmt="%.6f")


class _Skeleton:
    """The bones of the file in the rest pose, in the order in which BVH lists them (depth first)."""

    def __init__(self, model: mujoco.MjModel, bones: tuple[Bone, ...]) -> None:
        self._model, self._data = model, mujoco.MjData(model)
        self._data.qpos[:] = 0
        self._data.qpos[3] = 1
        mujoco.mj_kinematics(model, self._data)
        self.bones = list(_depth_first(bones, None))
        index = {bone.name: i for i, bone in enumerate(self.bones)}
        self._parents = [index[bone.parent] if bone.parent else -1 for bone in self.bones]
        self._bodies = [model.body(bone.body).id for bone in self.bones]
        self._heads = np.array([self._point(bone.head) if bone.head else self._origin(bone) for bone in self.bones])
        self._offsets = np.array([self._offset(i) for i in range(len(self.bones))])
        self._ends = np.array(
            [
                self._point(bone.end) - self._heads[i] if bone.end else self._offsets[i]
                for i, bone in enumerate(self.bones)
            ]
        )
        # Where the root's head is in its body, and how the bodies are turned in the rest pose.
        self._rest = self._data.xmat[self._bodies].reshape(-1, 3, 3).copy()
        self._root_in_body = self._rest[0].T @ (self._heads[0] - self._data.xpos[self._bodies[0]])

    def _offset(self, i: int) -> np.ndarray:
        """From the parent's head to this bone's, world axes; zero for the root.

        Programs disagree on whether the root's position channels add to its offset or replace it.
        """
        return self._heads[i] - self._heads[self._parents[i]] if self._parents[i] >= 0 else np.zeros(3)

    def _origin(self, bone: Bone) -> np.ndarray:
        return self._data.body(bone.body).xpos.copy()

    def _point(self, names: tuple[str, ...]) -> np.ndarray:
        """The mean world position, in the present pose, of the sites (or else geoms) of these names."""
        sites, data = {self._model.site(i).name for i in range(self._model.nsite)}, self._data
        return np.mean([data.site(name).xpos if name in sites else data.geom(name).xpos for name in names], axis=0)

    def channels(self, qpos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The root's positions (T, 3), metres, and the bones' ZXY angles (T, bones, 3), degrees, for qpos (T, nq)."""
        turned = np.empty((len(qpos), len(self.bones), 3, 3))
        root = np.empty((len(qpos), 3))
        data, first = self._data, self._bodies[0]
        for t, q in enumerate(qpos):
            data.qpos[:] = q
            mujoco.mj_kinematics(self._model, data)
            xmat = data.xmat[self._bodies].reshape(-1, 3, 3)
            turned[t] = xmat @ self._rest.transpose(0, 2, 1)
            root[t] = data.xpos[first] + xmat[0] @ self._root_in_body
        local = turned.copy()
        local[:, 1:] = turned[:, self._parents[1:]].transpose(0, 1, 3, 2) @ turned[:, 1:]
        in_file = AXES @ local @ AXES.T
        with warnings.catch_warnings():  # at gimbal lock SciPy picks one of the equal answers, and says so
            warnings.simplefilter("ignore", UserWarning)
            angles = Rotation.from_matrix(in_file.reshape(-1, 3, 3)).as_euler("ZXY")
        return root @ AXES.T, np.degrees(_continuous(angles.reshape(*local.shape[:2], 3)))

    def hierarchy(self) -> Iterator[str]:
        """The lines between HIERARCHY and MOTION."""
        yield from self._subtree(0, "")

    def _subtree(self, i: int, indent: str) -> Iterator[str]:
        kind, position = ("JOINT", "") if self._parents[i] >= 0 else ("ROOT", "Xposition Yposition Zposition ")
        children = [k for k, parent in enumerate(self._parents) if parent == i]
        yield f"{indent}{kind} {self.bones[i].name}"
        yield f"{indent}{{"
        yield f"{indent}\tOFFSET {_in_file(self._offsets[i])}"
        yield f"{indent}\tCHANNELS {3 + len(position.split())} {position}Zrotation Xrotation Yrotation"
        for child in children:
            yield from self._subtree(child, f"{indent}\t")
        if not children:
            yield f"{indent}\tEnd Site"
            yield f"{indent}\t{{"
            yield f"{indent}\t\tOFFSET {_in_file(self._ends[i])}"
            yield f"{indent}\t}}"
        yield f"{indent}}}"


def _depth_first(bones: tuple[Bone, ...], parent: str | None) -> Iterator[Bone]:
    for bone in bones:
        if bone.parent == parent:
            yield bone
            yield from _depth_first(bones, bone.name)


def _in_file(vector: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in AXES @ vector)


def _continuous(angles: np.ndarray) -> np.ndarray:
    """The same rotations by ZXY angles (T, bones, 3) radians that jump as little as they can from frame to frame.

    A rotation has two sets of angles, (z, x, y) and (z + pi, pi - x, y + pi), each up to full turns. Without this, a
    knee that bends past 90 degrees would flip the other two angles by 180, and the curves could not be edited.
    """
    out = angles.copy()
    for t in range(1, len(out)):
        last = out[t - 1]
        z, x, y = np.moveaxis(angles[t], -1, 0)
        choices = np.stack([angles[t], np.stack([z + np.pi, np.pi - x, y + np.pi], -1)])
        choices -= 2 * np.pi * np.round((choices - last) / (2 * np.pi))
        second = np.abs(choices[1] - last).sum(-1) < np.abs(choices[0] - last).sum(-1)
        out[t] = np.where(second[:, None], choices[1], choices[0])
    return out
